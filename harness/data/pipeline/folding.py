"""Rows that are one example with several references: they agree in a column that the task names."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.data.mapping import Index
from harness.errors import BenchError
from harness.types import Example

if TYPE_CHECKING:
    from harness.data.mapping import Places


def check_folds(index: Index, rows: Places, column: str, place: Callable[[int], str]) -> None:
    """Rows of one example ask the same.

    Raises:
        BenchError: two rows agree in the column and differ in an input.
    """
    import numpy as np

    folds, inputs = index.column("folds", rows), index.column("exact", rows)
    by_fold = np.argsort(folds, kind="stable")
    folds, inputs = folds[by_fold], inputs[by_fold]
    differing = np.flatnonzero((folds[1:] == folds[:-1]) & (inputs[1:] != inputs[:-1]))
    if len(differing):
        one, other = (place(int(rows[by_fold[differing[0] + i]])) for i in (0, 1))
        number = f" (and {len(differing) - 1} more pairs)" if len(differing) > 1 else ""
        raise BenchError(
            f"{one} and {other} agree in '{column}', by which references are folded, but differ in an input{number}. "
            "Name as 'fold_references_by' a column that stands for what is asked, or leave it out"
        )


def fold(index: Index, rows: Places) -> tuple[Places, dict[int, list[int]]]:
    """The first row of each example, in the rows' order; and for each that has some, the rows whose references it takes."""
    import numpy as np

    _, first, which = np.unique(index.column("folds", rows), return_index=True, return_inverse=True)
    leader = rows[first][which]
    followers: dict[int, list[int]] = defaultdict(list)
    for row, leading in zip(rows[leader != rows].tolist(), leader[leader != rows].tolist(), strict=True):
        followers[leading].append(row)
    return rows[np.sort(first)], dict(followers)


def with_followers(rows: Places, followers: Mapping[int, Sequence[int]]) -> Places:
    """The rows, each with the rows behind it that it takes references from."""
    import numpy as np

    return np.asarray([row for leading in rows.tolist() for row in (leading, *followers.get(leading, ()))], np.int64)


def merged(rows: Places, examples: Iterable[Example], followers: Mapping[int, Sequence[int]]) -> Iterator[Example]:
    """One example a row with the references of all, without repeats, from the examples of `with_followers`."""
    given = iter(examples)
    for row in rows.tolist():
        example = next(given)
        others = [next(given) for _ in followers.get(row, ())]
        if others:
            targets = [target for one in (example, *others) for target in one.targets]
            example = dataclasses.replace(example, targets=tuple(dict.fromkeys(targets)))
        yield example
