"""Outputs that were made elsewhere: a file of `{"id", "output"}` rows in any format that rows have, or a text with one output a line.

{"id": "row-17", "output": "Denver Broncos"}
{"id": "row-18", "output": null}                                       there is none: it scores as wrong
{"id": "row-19", "output": "refund", "probabilities": {"refund": 0.9, "card": 0.1}}     what `bench predict` writes is understood
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.formats import BadRow, closest, open_table, shown
from harness.errors import BenchError, did_you_mean
from harness.types import Example

_MOST_NAMED = 5
_TEXT = (".txt", ".out", "")


@dataclass(frozen=True)
class Output:
    """What somebody answered to one example. `probabilities` are by label, empty where none were given."""

    text: str
    probabilities: Mapping[str, float]


def read_outputs(path: Path, examples: Sequence[Example], *, others: Collection[str] = ()) -> dict[str, Output]:
    """The outputs by the id of their example; an example without one is not in it.

    Args:
        examples: the test rows; outputs without ids are in their order.
        others: ids of rows that are not tested; their outputs are passed over.

    Raises:
        BenchError: the file cannot be read; ids that are unknown or stand twice; without ids, another number of outputs than of rows.
    """
    rows = _lines(path) if path.suffix.lower() in _TEXT else _records(path)
    if not rows:
        raise BenchError(f"{path.name}: there are no outputs")
    if all(row.id is None for row in rows):
        if len(rows) != len(examples):
            raise BenchError(
                f"{path.name}: has {len(rows):,} outputs without ids, and there are {len(examples):,} test rows. Give one for each, in the "
                'order of the data, or name the row of each with an "id"'
            )
        return {e.id: Output(row.text, row.probabilities) for e, row in zip(examples, rows, strict=True) if row.text is not None}
    rows = [row for row in rows if row.id is None or row.id not in others]
    _check_ids(path, rows, [e.id for e in examples])
    return {row.id: Output(row.text, row.probabilities) for row in rows if row.id is not None and row.text is not None}


@dataclass(frozen=True)
class _Row:
    place: str
    id: str | None
    text: str | None
    probabilities: Mapping[str, float]


def _lines(path: Path) -> list[_Row]:
    if not path.is_file():
        raise BenchError(f"{path}: no such file")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BenchError(f"{path.name}: cannot be read as UTF-8 text ({error})") from None
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []  # other characters that end lines are a model's own
    return [_Row(f"{path.name}:{number}", None, line, {}) for number, line in enumerate(lines, start=1)]


def _records(path: Path) -> list[_Row]:
    table = open_table(path)
    rows: list[_Row] = []
    problems: list[str] = []
    for item in table.rows():
        if isinstance(item, BadRow):
            problems.append(str(item))
            continue
        place = table.place(item.line)
        try:
            rows.append(_row(place, item.values))
        except BenchError as error:
            problems += error.problems
    if problems:
        raise BenchError([*problems[:_MOST_NAMED], *([f"… and {len(problems) - _MOST_NAMED} more"] if len(problems) > _MOST_NAMED else [])])
    return rows


def _row(place: str, values: Mapping[str, Any]) -> _Row:
    if "output" not in values:
        raise BenchError(f'{place}: has no "output".{did_you_mean("output", values)}')
    output, name = values["output"], values.get("id")
    if output is not None and not isinstance(output, str | int | float | bool):
        raise BenchError(f"{place}: the output is {shown(output)}, and must be a text")
    return _Row(
        place,
        None if name is None or name == "" else str(name),
        None if output is None else str(output),
        _probabilities(place, values.get("probabilities")),
    )


def _probabilities(place: str, given: object) -> Mapping[str, float]:
    if given is None or given == "":
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(p, int | float) and 0 <= p <= 1 and math.isfinite(p) for p in given.values()):
        raise BenchError(f"{place}: the probabilities are {shown(given)}, and must be a number from 0 to 1 for each label")
    return {str(label): float(p) for label, p in given.items()}


def _check_ids(path: Path, rows: Sequence[_Row], ids: Sequence[str]) -> None:
    known, seen = set(ids), dict[str, str]()
    problems: list[str] = []
    for row in rows:
        if row.id is None:
            problems.append(f'{row.place}: has no "id", and other rows have one')
        elif row.id in seen:
            problems.append(f"{row.place}: the id {shown(row.id)} stands in {seen[row.id]}, too")
        elif row.id not in known:
            problems.append(f"{row.place}: no test row has the id {shown(row.id)}.{closest(row.id, ids)}")
        if row.id is not None:
            seen.setdefault(row.id, row.place)
    if problems:
        more = [f"… and {len(problems) - _MOST_NAMED:,} more in {path.name}"] if len(problems) > _MOST_NAMED else []
        raise BenchError([*problems[:_MOST_NAMED], *more])
