"""Test rows cut into slices: by a column of the data, by their length, or by their class."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from harness.errors import BenchError, did_you_mean
from harness.types import Example

LENGTH, CLASS = "length", "class"
MOST_VALUES = 40  # beyond it a column is a text, or a number
_FEW_NUMBERS = 12  # numbers with no more values than this are categories
_MOST_COLUMNS = 4  # of the data, beside length and class
_MOST_SLICES = 12
_NONE = "(none)"


def slices_of(
    examples: Sequence[Example], by: str, most: int | None = MOST_VALUES, asked_by: str = "", *, thirds: bool = True
) -> dict[str, list[int]]:
    """The positions of the rows of each slice, in a fixed order; every row is in one of them.

    Args:
        by: `length` (words of the inputs, in thirds), `class` (the first target), an input, or a column that the data has beside them.
            Numbers of many values are cut into thirds.

        most: how many slices there may be; None: as many as there are values.
        asked_by: what the error begins with; without it, what is typed to compare.
        thirds: whether numbers of many values are cut; else each is a slice.

    Raises:
        BenchError: no such column, one that no row has a value in, or one with too many values.
    """
    where = asked_by or f"--by {by}"
    value_of = _reader(examples, by, where)
    values = [value_of(example) for example in examples]
    if all(value is None for value in values):
        raise BenchError(f"{where}: no row has a value in it")
    numbers = [_number(value) for value in values]
    known = [number for number in numbers if number is not None]
    numeric = len(known) == sum(value not in (None, "") for value in values)
    few = 3 if by == LENGTH and not _is_column(examples, by) else _FEW_NUMBERS  # lengths are no categories
    if thirds and numeric and len(set(known)) > few:
        return _thirds(numbers, sorted(known))
    names = [_text(value) for value in values]
    counts = Counter(names)
    if most is not None and len(counts) > most:
        raise BenchError(f"{where}: has {len(counts):,} different values in {len(examples):,} rows. Name a column with few of them.")
    number_of = dict(zip(names, numbers, strict=True)) if numeric else {}
    order = sorted(counts, key=lambda name: (_last(number_of.get(name)), -counts[name], name))
    return {name: [i for i, other in enumerate(names) if other == name] for name in order}


def ways_to_cut(examples: Sequence[Example], *, classes: bool) -> dict[str, dict[str, list[int]]]:
    """The slices of each way to cut the rows into 2 to 12: by their length, their class, the first columns of the data.

    Args:
        classes: whether the rows have a class.
    """
    columns = dict.fromkeys(name for example in examples for name, value in example.meta.items() if not isinstance(value, dict | list))
    found = {}
    for by in dict.fromkeys([LENGTH, *([CLASS] if classes else []), *list(columns)[:_MOST_COLUMNS]]):
        try:
            slices = slices_of(examples, by)
        except BenchError:  # a column of texts, or of nothing
            continue
        if 2 <= len(slices) <= _MOST_SLICES:
            found[by] = slices
    return found


def _is_column(examples: Sequence[Example], by: str) -> bool:
    return any(by in e.meta or by in e.inputs for e in examples)


def _last(number: float | None) -> float:
    """Numbers in their order, and behind them what is none."""
    return math.inf if number is None else number


def _reader(examples: Sequence[Example], by: str, where: str) -> Callable[[Example], Any]:
    """What gives the value of a row; a column of the data goes before our own words for length and class."""
    columns = dict.fromkeys(name for e in examples for name in (*e.meta, *e.inputs))
    if by in columns:
        return lambda e: e.meta.get(by, e.inputs.get(by))
    if by == LENGTH:
        return lambda e: sum(len(text.split()) for text in e.inputs.values())
    if by == CLASS:
        return lambda e: e.targets[0] if e.targets else None
    raise BenchError(f"{where}: there is no such column.{did_you_mean(by, [*columns, LENGTH, CLASS])}")


def _thirds(numbers: Sequence[float | None], known: Sequence[float]) -> dict[str, list[int]]:
    """Rows whose number lies in each third of those that are `known`, in order; equal numbers stay together."""
    cuts = [-math.inf, known[len(known) // 3], known[2 * len(known) // 3], math.inf]
    found: dict[str, list[int]] = {}
    for low, high in pairwise(cuts):
        rows = [(number, i) for i, number in enumerate(numbers) if number is not None and low <= number < high]
        if rows:
            found[f"{min(rows)[0]:.15g} to {max(rows)[0]:.15g}"] = [i for _, i in rows]
    rest = [i for i, number in enumerate(numbers) if number is None]
    return found | ({_NONE: rest} if rest else {})


def _number(value: object) -> float | None:
    """The number that a value is, or is written as."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _text(value: object) -> str:
    if value is None or value == "":
        return _NONE
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
