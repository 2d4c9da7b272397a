"""Folding: rows with the same value in a column that the task names are one example with several references."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.data.identity import RowIndex
from harness.errors import BenchError
from harness.types import Example

if TYPE_CHECKING:
    from harness.data.identity import RowNumbers


def check_folds(index: RowIndex, rows: RowNumbers, column: str, get_location: Callable[[int], str]) -> None:
    """Check that rows to be folded have the same inputs.

    Raises:
        BenchError: two rows have the same value in the column but different inputs.
    """
    import numpy as np

    folds, inputs = index.column("fold_hashes", rows), index.column("exact_input_hashes", rows)
    by_fold = np.argsort(folds, kind="stable")
    folds, inputs = folds[by_fold], inputs[by_fold]
    differing = np.flatnonzero((folds[1:] == folds[:-1]) & (inputs[1:] != inputs[:-1]))
    if len(differing):
        first, second = (get_location(int(rows[by_fold[differing[0] + i]])) for i in (0, 1))
        others = f" ({len(differing) - 1} more such pairs)" if len(differing) > 1 else ""
        raise BenchError(
            f"{first} and {second} have the same '{column}', by which references are folded, but different inputs{others}. "
            "Set 'fold_references_by' to a column that identifies the inputs, or leave it out"
        )


def fold(index: RowIndex, rows: RowNumbers) -> tuple[RowNumbers, dict[int, list[int]]]:
    """Fold rows into examples.

    Returns:
        The first row of each example, in order, and for rows with followers the rows whose references they take.
    """
    import numpy as np

    _, first, which = np.unique(index.column("fold_hashes", rows), return_index=True, return_inverse=True)
    leaders = rows[first][which]
    followers: dict[int, list[int]] = defaultdict(list)
    for row, leader in zip(rows[leaders != rows].tolist(), leaders[leaders != rows].tolist(), strict=True):
        followers[leader].append(row)
    return rows[np.sort(first)], dict(followers)


def add_followers(rows: RowNumbers, followers: Mapping[int, Sequence[int]]) -> RowNumbers:
    """The rows, each directly followed by the rows whose references it takes."""
    import numpy as np

    return np.asarray([row for leader in rows.tolist() for row in (leader, *followers.get(leader, ()))], np.int64)


def merge_references(rows: RowNumbers, examples: Iterable[Example], followers: Mapping[int, Sequence[int]]) -> Iterator[Example]:
    """One example per row, with the distinct references of its followers.

    Args:
        examples: those of `add_followers(rows, followers)`, in that order.
    """
    remaining = iter(examples)
    for row in map(int, rows):  # a list of a million numbers would take 36 MB
        example = next(remaining)
        duplicates = [next(remaining) for _ in followers.get(row, ())]
        if duplicates:
            targets = [target for one in (example, *duplicates) for target in one.targets]
            example = dataclasses.replace(example, targets=tuple(dict.fromkeys(targets)))
        yield example
