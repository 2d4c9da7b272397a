"""Rows that occur in more than one split. Test is never touched: the copies leave train and validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.data.digests import same_inputs_key
from harness.errors import BenchError
from harness.types import Example, SplitName

SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Checked:
    """The cleaned splits and what was found. `shared_groups_removed` counts rows that are not among the other two numbers."""

    parts: dict[SplitName, list[Example]]
    duplicates: dict[str, int]
    removed_from_train: int
    removed_from_validation: int
    shared_groups_removed: int
    warnings: list[str]


def remove_overlaps(parts: Mapping[SplitName, Sequence[Example]]) -> Checked:
    """Removes from train what occurs in validation or test, and from validation what occurs in test: the same inputs, the same group.

    `duplicates` is counted before anything is removed: "train" is the number of rows that repeat an earlier one of train,
    "train/test" the number of train's rows whose inputs occur in test.

    Raises:
        BenchError: train or test is empty, or nothing of train is left.
    """
    if not (parts["train"] and parts["test"]):
        raise BenchError("train and test need at least one row each, not " + str({split: len(rows) for split, rows in parts.items()}))
    rows = {split: [(same_inputs_key(example), example) for example in parts[split]] for split in parts}
    keys = {split: {key for key, _ in rows[split]} for split in parts}
    duplicates: dict[str, int] = {split: len(rows[split]) - len(keys[split]) for split in SPLITS}
    pairs: tuple[tuple[SplitName, SplitName], ...] = (("train", "test"), ("train", "validation"), ("validation", "test"))
    for one, other in pairs:
        duplicates[f"{one}/{other}"] = sum(key in keys[other] for key, _ in rows[one])

    validation = [example for key, example in rows["validation"] if key not in keys["test"]]
    train = [example for key, example in rows["train"] if key not in keys["test"] and key not in keys["validation"]]
    removed = len(rows["train"]) - len(train), len(rows["validation"]) - len(validation)

    in_test = {example.group for example in parts["test"]} - {None}
    kept_validation = [example for example in validation if example.group not in in_test]
    held_out = (in_test | {example.group for example in kept_validation}) - {None}
    kept_train = [example for example in train if example.group not in held_out]
    by_group = len(train) - len(kept_train), len(validation) - len(kept_validation)

    if not kept_train:
        raise BenchError(
            f"nothing is left of train: of its {len(rows['train'])} rows, {removed[0]} have inputs and {by_group[0]} a group "
            "that also occur in validation or test. Is the same file given twice?"
        )
    return Checked(
        parts={"train": kept_train, "validation": kept_validation, "test": list(parts["test"])},
        duplicates=duplicates,
        removed_from_train=removed[0],
        removed_from_validation=removed[1],
        shared_groups_removed=sum(by_group),
        warnings=[
            *_lines(removed, "inputs that also occur"),
            *_lines(by_group, "a group that also occurs"),
        ],
    )


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
