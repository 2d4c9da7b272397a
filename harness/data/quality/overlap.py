"""Rows that occur in more than one split. Test is never changed: the copies are removed from training and validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.data.identity import RowIndex
from harness.errors import BenchError
from harness.text import plural
from harness.types import SplitName

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.data.identity import RowNumbers

SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class CleanedSplits:
    """Splits without overlap, and what was removed.

    Attributes:
        duplicates: counted before anything was removed. "train" is the number of training rows that repeat an earlier one, "train/test" the
            number of training rows whose inputs occur in test.
        removed_from_train, removed_from_validation: rows whose inputs occur in a later split.
        shared_groups_removed: further rows whose group occurs in a later split.
        warnings: lines for the data report.
    """

    parts: dict[SplitName, RowNumbers]
    duplicates: dict[str, int]
    removed_from_train: int
    removed_from_validation: int
    shared_groups_removed: int
    warnings: list[str]


def remove_overlaps(index: RowIndex, parts: Mapping[SplitName, RowNumbers]) -> CleanedSplits:
    """Remove from training what occurs in validation or test, and from validation what occurs in test: the same inputs or the same group.

    Raises:
        BenchError: training or test is empty, or nothing of training is left.
    """
    import numpy as np

    if not (len(parts["train"]) and len(parts["test"])):
        sizes = ", ".join(f"{len(rows)} {split}" for split, rows in parts.items())
        raise BenchError(f"train and test need at least one row each; there are {sizes}")
    inputs = {split: index.column("input_hashes", rows) for split, rows in parts.items()}
    duplicates: dict[str, int] = {split: len(inputs[split]) - len(np.unique(inputs[split])) for split in SPLITS}
    pairs: tuple[tuple[SplitName, SplitName], ...] = (("train", "test"), ("train", "validation"), ("validation", "test"))
    copies = {(one, other): np.isin(inputs[one], inputs[other]) for one, other in pairs}
    for (one, other), is_copy in copies.items():
        duplicates[f"{one}/{other}"] = int(is_copy.sum())

    validation = parts["validation"][~copies["validation", "test"]]
    train = parts["train"][~(copies["train", "test"] | copies["train", "validation"])]
    removed_copies = len(parts["train"]) - len(train), len(parts["validation"]) - len(validation)

    kept_validation = validation[~_share_group(index, validation, parts["test"])]
    held_out = np.concatenate([parts["test"], kept_validation])
    kept_train = train[~_share_group(index, train, held_out)]
    removed_by_group = len(train) - len(kept_train), len(validation) - len(kept_validation)

    if not len(kept_train):
        raise BenchError(
            f"no training rows are left: of {len(parts['train'])}, {removed_copies[0]} have inputs and {removed_by_group[0]} have a group "
            "that also occur in validation or test. Check that the same file is not given twice"
        )
    return CleanedSplits(
        parts={"train": kept_train, "validation": kept_validation, "test": parts["test"]},
        duplicates=duplicates,
        removed_from_train=removed_copies[0],
        removed_from_validation=removed_copies[1],
        shared_groups_removed=sum(removed_by_group),
        warnings=[*_removal_lines(removed_copies, "the same inputs occur"), *_removal_lines(removed_by_group, "the same group occurs")],
    )


def _share_group(index: RowIndex, rows: RowNumbers, others: RowNumbers) -> NDArray[Any]:
    """For each row, whether one of the others has its group."""
    import numpy as np

    groups = index.column("groups", rows)
    return (groups >= 0) & np.isin(groups, index.column("groups", others))


def _removal_lines(removed: tuple[int, int], reason: str) -> list[str]:
    from_train, from_validation = removed
    lines = []
    if from_train:
        lines.append(f"{plural(from_train, 'training example')} removed: {reason} in validation or test")
    if from_validation:
        lines.append(f"{plural(from_validation, 'validation example')} removed: {reason} in test")
    return lines
