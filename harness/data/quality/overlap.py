"""Rows that occur in more than one split. Test is never touched: the copies leave train and validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.data.mapping import Index
from harness.errors import BenchError
from harness.types import SplitName

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.data.mapping import Places

SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Checked:
    """The cleaned splits and what was found. `shared_groups_removed` counts rows that are not among the other two numbers."""

    parts: dict[SplitName, Places]
    duplicates: dict[str, int]
    removed_from_train: int
    removed_from_validation: int
    shared_groups_removed: int
    warnings: list[str]


def remove_overlaps(index: Index, parts: Mapping[SplitName, Places]) -> Checked:
    """Removes from train what occurs in validation or test, and from validation what occurs in test: the same inputs, the same group.

    `duplicates` is counted before anything is removed: "train" is the number of rows that repeat an earlier one of train,
    "train/test" the number of train's rows whose inputs occur in test.

    Raises:
        BenchError: train or test is empty, or nothing of train is left.
    """
    import numpy as np

    if not (len(parts["train"]) and len(parts["test"])):
        raise BenchError("train and test need at least one row each, not " + str({split: len(rows) for split, rows in parts.items()}))
    keys = {split: index.column("inputs", rows) for split, rows in parts.items()}
    duplicates: dict[str, int] = {split: len(keys[split]) - len(np.unique(keys[split])) for split in SPLITS}
    pairs: tuple[tuple[SplitName, SplitName], ...] = (("train", "test"), ("train", "validation"), ("validation", "test"))
    copies = {(one, other): np.isin(keys[one], keys[other]) for one, other in pairs}
    for (one, other), found in copies.items():
        duplicates[f"{one}/{other}"] = int(found.sum())

    validation = parts["validation"][~copies["validation", "test"]]
    train = parts["train"][~(copies["train", "test"] | copies["train", "validation"])]
    removed = len(parts["train"]) - len(train), len(parts["validation"]) - len(validation)

    kept_validation = validation[~_shares_a_group(index, validation, parts["test"])]
    held_out = np.concatenate([parts["test"], kept_validation])
    kept_train = train[~_shares_a_group(index, train, held_out)]
    by_group = len(train) - len(kept_train), len(validation) - len(kept_validation)

    if not len(kept_train):
        raise BenchError(
            f"nothing is left of train: of its {len(parts['train'])} rows, {removed[0]} have inputs and {by_group[0]} a group "
            "that also occur in validation or test. Is the same file given twice?"
        )
    return Checked(
        parts={"train": kept_train, "validation": kept_validation, "test": parts["test"]},
        duplicates=duplicates,
        removed_from_train=removed[0],
        removed_from_validation=removed[1],
        shared_groups_removed=sum(by_group),
        warnings=[
            *_lines(removed, "inputs that also occur"),
            *_lines(by_group, "a group that also occurs"),
        ],
    )


def _shares_a_group(index: Index, rows: Places, others: Places) -> NDArray[Any]:
    import numpy as np

    groups = index.column("groups", rows)
    return (groups >= 0) & np.isin(groups, index.column("groups", others))


def _lines(removed: tuple[int, int], what: str) -> list[str]:
    train, validation = removed
    lines = []
    if train:
        lines.append(f"{_rows(train)} removed from train: {what} in validation or test")
    if validation:
        lines.append(f"{_rows(validation)} removed from validation: {what} in test")
    return lines


def _rows(n: int) -> str:
    return f"{n} row{'s' if n != 1 else ''}"
