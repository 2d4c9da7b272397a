"""Slices of the test examples: by a column of the data, by their length, or by their class."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from harness.errors import BenchError, did_you_mean, setting
from harness.types import Example, Rule

LENGTH, CLASS = "length", "class"
MOST_VALUES = 40  # a column with more is text or a number
_FEW_NUMBERS = 12  # numbers with no more distinct values are categories
_MOST_COLUMNS = 4  # columns of the data, beside length and class
_MOST_SLICES = 12
_NONE = "(none)"


def slice_examples(
    examples: Sequence[Example], by: str, most: int | None = MOST_VALUES, where: str = "", *, thirds: bool = True
) -> dict[str, list[int]]:
    """The positions of the examples in each slice, in a fixed order; every example is in one slice.

    Args:
        by: `length` (words of the inputs, in thirds), `class` (the first target), an input, or another column of the data. Numbers with
            many values are cut into thirds. A column of the data named `length` or `class` takes precedence.
        most: how many slices there may be; None for as many as there are values.
        where: how errors begin; by default the setting `by`.
        thirds: whether numbers are cut; else each value is a slice.

    Raises:
        BenchError: an unknown column, one without any value, or one with too many values.
    """
    where = where or setting("by", by)
    value_of = _reader(examples, by, where)
    values = [value_of(example) for example in examples]
    if all(value is None for value in values):
        raise BenchError(f"{where}: the column has no value in any example. Name another column.")
    numbers = [_number(value) for value in values]
    known = [number for number in numbers if number is not None]
    numeric = len(known) == sum(value not in (None, "") for value in values)
    few = 3 if by == LENGTH and not _is_column(examples, by) else _FEW_NUMBERS  # lengths are not categories
    if thirds and numeric and len(set(known)) > few:
        return _thirds(numbers, sorted(known))
    names = [_text(value) for value in values]
    counts = Counter(names)
    if most is not None and len(counts) > most:
        raise BenchError(f"{where}: the column has {len(counts):,} different values in {len(examples):,} examples. Name one with fewer.")
    number_of = dict(zip(names, numbers, strict=True)) if numeric else {}
    order = sorted(counts, key=lambda name: (_missing_last(number_of.get(name)), -counts[name], name))
    return {name: [i for i, other in enumerate(names) if other == name] for name in order}


def select_examples(rule: Rule, examples: Sequence[Example]) -> list[int]:
    """The positions of the test examples that a rule is about."""
    if rule.slice is None:
        return list(range(len(examples)))
    return slice_examples(examples, rule.slice_column, most=None, thirds=False).get(rule.slice_value or "", [])


def candidate_slices(examples: Sequence[Example], *, classes: bool) -> dict[str, dict[str, list[int]]]:
    """The slices by length, by class and by the first columns of the data, each where it gives 2 to 12 slices.

    Args:
        classes: whether the examples have a class.
    """
    columns = dict.fromkeys(name for example in examples for name, value in example.meta.items() if not isinstance(value, dict | list))
    candidates = {}
    for by in dict.fromkeys([LENGTH, *([CLASS] if classes else []), *list(columns)[:_MOST_COLUMNS]]):
        try:
            slices = slice_examples(examples, by)
        except BenchError:  # a column of texts, or without values
            continue
        if 2 <= len(slices) <= _MOST_SLICES:
            candidates[by] = slices
    return candidates


def _is_column(examples: Sequence[Example], by: str) -> bool:
    return any(by in e.meta or by in e.inputs for e in examples)


def _missing_last(number: float | None) -> float:
    return math.inf if number is None else number


def _reader(examples: Sequence[Example], by: str, where: str) -> Callable[[Example], Any]:
    """The function that reads an example's value."""
    columns = dict.fromkeys(name for e in examples for name in (*e.meta, *e.inputs))
    if by in columns:
        return lambda e: e.meta.get(by, e.inputs.get(by))
    if by == LENGTH:
        return lambda e: sum(len(text.split()) for text in e.inputs.values())
    if by == CLASS:
        return lambda e: e.targets[0] if e.targets else None
    stored = f"A run has the columns that its task names, and those of {setting('keep', 'COLUMN')}."
    raise BenchError(f"{where}: the data has no such column.{did_you_mean(by, [*columns, LENGTH, CLASS])} {stored}")


def _thirds(numbers: Sequence[float | None], known: Sequence[float]) -> dict[str, list[int]]:
    """The examples whose number lies in each third of those that are `known`, in order; equal numbers stay together."""
    cuts = [-math.inf, known[len(known) // 3], known[2 * len(known) // 3], math.inf]
    thirds: dict[str, list[int]] = {}
    for low, high in pairwise(cuts):
        within = [(number, i) for i, number in enumerate(numbers) if number is not None and low <= number < high]
        if within:
            thirds[f"{min(within)[0]:.15g} to {max(within)[0]:.15g}"] = [i for _, i in within]
    rest = [i for i, number in enumerate(numbers) if number is None]
    return thirds | ({_NONE: rest} if rest else {})


def _number(value: object) -> float | None:
    """The value as a number, also where it is written as text."""
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
