"""External outputs: a file of rows with `id` and `output` in any readable format, or a text file with one output per line.

{"id": "row-17", "output": "Denver Broncos"}
{"id": "row-18", "output": null}                                 no output: scored as wrong
{"id": "row-19", "output": "refund", "probabilities": {"refund": 0.9, "card": 0.1}}      as `bench predict` writes it
{"custom_id": "row-20", "request": {"messages": […]}, "response": {"choices": […]}}      a log of requests to a model with its responses
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.conversations import is_logged_answer, read_logged_answer
from harness.data.formats import open_table
from harness.data.records import BadRow, BadRowError, EmptyCellError, name_hint, quote
from harness.errors import BenchError, did_you_mean
from harness.text import plural
from harness.types import Example

_MAX_PROBLEMS = 5
_TEXT_EXTENSIONS = (".txt", ".out", "")


@dataclass(frozen=True)
class Output:
    """An external output for one example.

    Attributes:
        probabilities: by label; empty if the file has none.
    """

    text: str
    probabilities: Mapping[str, float]


def read_outputs(
    path: Path, examples: Sequence[Example], *, ignored_ids: Collection[str] = (), is_whole: bool = True, needs_ids: str = ""
) -> dict[str, Output]:
    """The outputs by example id. Examples without an output are left out.

    Args:
        examples: the test examples; outputs without ids belong to them in this order.
        ignored_ids: ids of examples outside of the test set, whose outputs are ignored.
        needs_ids: why outputs without ids are refused; empty: they are not.
        is_whole: whether no row of the test set was left out, so that the order of outputs without ids is that of the data.

    Raises:
        BenchError: the file cannot be read, an id is unknown, missing or occurs twice, there are more or fewer outputs without ids than
            examples, or they have no ids although rows of the test set were left out.
    """
    rows = _read_lines(path) if path.suffix.lower() in _TEXT_EXTENSIONS else _read_table(path)
    if not rows:
        raise BenchError(f"{path.name}: the file has no outputs")
    if needs_ids and all(row.id is None for row in rows):
        raise BenchError(f'{path.name}: the outputs have no ids, and {needs_ids}. Add an "id" to each output')
    if all(row.id is None for row in rows):
        if not is_whole:
            raise BenchError(
                f"{path.name}: the outputs have no ids, and this run leaves out rows of the test set (limit, harvested examples, or folded "
                'references), so their order does not tell which belongs to which. Add an "id" to each output'
            )
        if len(rows) != len(examples):
            raise BenchError(
                f"{path.name}: {plural(len(rows), 'output')} without ids for {plural(len(examples), 'test example')}. Provide one output "
                'per example in the order of the data, or add an "id" to each output'
            )
        return {e.id: Output(row.text, row.probabilities) for e, row in zip(examples, rows, strict=True) if row.text is not None}
    rows = [row for row in rows if row.id is None or row.id not in ignored_ids]
    _check_ids(path, rows, [e.id for e in examples])
    return {row.id: Output(row.text, row.probabilities) for row in rows if row.id is not None and row.text is not None}


@dataclass(frozen=True)
class _OutputRow:
    """One output as the file has it; `id` and `text` may be missing."""

    location: str
    id: str | None
    text: str | None
    probabilities: Mapping[str, float]


def _read_lines(path: Path) -> list[_OutputRow]:
    if not os.path.isfile(path):
        raise BenchError(f"{path}: no such file")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(f"{path.name}: cannot be read as UTF-8 text ({error})") from None
    # split at line feeds only: other line separators may be part of an output
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []
    return [_OutputRow(f"{path.name}:{number}", None, line, {}) for number, line in enumerate(lines, start=1)]


def _read_table(path: Path) -> list[_OutputRow]:
    table = open_table(path)
    rows: list[_OutputRow] = []
    problems: list[str] = []
    for item in table.rows():
        if isinstance(item, BadRow):
            problems.append(str(item))
            continue
        try:
            rows.append(_parse_row(table.location(item.line), item.values))
        except BenchError as error:
            problems += error.problems
    if problems:
        raise BenchError(_shorten(problems, path))
    return rows


def _parse_row(location: str, values: Mapping[str, Any]) -> _OutputRow:
    if "output" not in values and is_logged_answer(values):
        return _parse_logged(location, values)
    if "output" not in values:
        raise BenchError(f'{location}: no "output".{did_you_mean("output", values)}')
    output, row_id = values["output"], values.get("id")
    if output is not None and not isinstance(output, str | int | float | bool):
        raise BenchError(f"{location}: output is {quote(output)}, but it must be a text")
    return _OutputRow(
        location,
        None if row_id is None or row_id == "" else str(row_id),
        None if output is None else str(output),
        _parse_probabilities(location, values.get("probabilities")),
    )


def _parse_logged(location: str, values: Mapping[str, Any]) -> _OutputRow:
    """The answer of a logged response; a request that failed has none."""
    name = next((key for key in ("id", "custom_id") if isinstance(values.get(key), str | int) and values[key] != ""), None)
    try:
        text = read_logged_answer(values).content
    except EmptyCellError:
        text = None
    except BadRowError as error:
        raise BenchError(f"{location}: {error}") from None
    return _OutputRow(location, None if name is None else str(values[name]), text, {})


def _parse_probabilities(location: str, value: object) -> Mapping[str, float]:
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(p, int | float) and 0 <= p <= 1 and math.isfinite(p) for p in value.values()):
        raise BenchError(f"{location}: probabilities is {quote(value)}, but it must have a number from 0 to 1 for each label")
    return {str(label): float(p) for label, p in value.items()}


def _check_ids(path: Path, rows: Sequence[_OutputRow], ids: Sequence[str]) -> None:
    known, seen = set(ids), dict[str, str]()
    problems: list[str] = []
    for row in rows:
        if row.id is None:
            problems.append(f'{row.location}: no "id", although other rows have one')
        elif row.id in seen:
            problems.append(f"{row.location}: the id {quote(row.id)} is already used in {seen[row.id]}")
        elif row.id not in known:
            problems.append(f"{row.location}: no test example has the id {quote(row.id)}.{name_hint(row.id, ids)}")
        if row.id is not None:
            seen.setdefault(row.id, row.location)
    if problems:
        raise BenchError(_shorten(problems, path))


def _shorten(problems: Sequence[str], path: Path) -> list[str]:
    """The first problems, and a line with the number of the others."""
    others = len(problems) - _MAX_PROBLEMS
    return [*problems[:_MAX_PROBLEMS], *([f"… and {others:,} more in {path.name}"] if others > 0 else [])]
