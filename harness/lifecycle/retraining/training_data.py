"""The data of a retraining: the task's own splits, and the new rows divided among them by a rule that moves no row later.

1. A row whose inputs the task has already is left out; so is one whose group, or almost whose text, is in the task's validation or test.
2. A row whose group, or almost whose text, is in the task's training data joins training.
3. A row that is almost an earlier new row goes where that one went.
4. All others are divided by a hash of the group, or of the inputs without one: a share joins the test set, a tenth of the rest validation.
5. Training and validation examples that are almost a test example, and training examples that are almost a validation example, leave.
6. Test examples that the champion was trained on leave: no candidate can be compared with it there. They are not trained on, and come back
   to the test set with another champion.

So a row that has once been a test example is never trained on, in this step or in a later one. "Almost" is what `bench data check` calls
a near duplicate.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from harness.data.checks import CheckedRows, list_near_copies
from harness.data.identity import normalized_inputs
from harness.lifecycle.retraining.new_data import NewRow
from harness.types import Example, SplitName, Splits, Task

VALIDATION_SHARE = 0.1  # of the rows that are not for testing, as in a split of 80/10/10
LeftOutReason: TypeAlias = Literal[
    "known_inputs",  # the task, or an earlier row, has the same inputs
    "held_out_group",  # the group is in the task's validation or test
    "near_held_out",  # almost an example of the task's validation or test
    "unknown_label",  # a label that the task does not have
    "tested_before",  # in the test set of an earlier step, and no longer
    "near_test",  # rule 5: removed from training or validation, the task's own examples included
    "seen_by_champion",  # rule 6: removed from the test set, the task's own examples included
]


@dataclass(frozen=True)
class TrainingData:
    """The examples of a retraining.

    Attributes:
        added: by split, how many new rows joined it.
        left_out: why rows were left out, and how many.
        unknown_labels: the first labels that the task does not have.
        tested: the keys of the inputs of new rows that are, or once were, in the test set.
    """

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    test: tuple[Example, ...]
    added: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    unknown_labels: tuple[str, ...] = ()
    tested: frozenset[str] = frozenset()


def assemble(
    task: Task,
    splits: Splits,
    rows: Sequence[NewRow],
    *,
    test_share: float,
    tested: frozenset[str] = frozenset(),
    find_seen: Callable[[Sequence[Example]], Collection[str]] = lambda _: (),
) -> TrainingData:
    """Divide the new rows, and join them with the task's own examples.

    Args:
        splits: the task's own, with corrections in training.
        rows: in the order in which they came: an earlier row decides where its near duplicates go.
        test_share: the share that joins the test set.
        tested: the keys of the inputs that were in the test set of an earlier step.
        find_seen: the ids of those of these examples that the champion was trained on.
    """
    left_out: Counter[str] = Counter()
    choices = splits.test[0].choices if task.chooses and splits.test else ()
    usable, unknown_labels = _select_usable(splits, rows, choices, left_out)
    sides = _choose_sides(task, splits, usable, left_out, test_share)
    taken = {example.id for split in (splits.train, splits.validation, splits.test) for example in split}
    added: dict[SplitName, list[Example]] = {"train": [], "validation": [], "test": []}
    for row, side in zip(usable, sides, strict=True):
        if side is not None and side != "test" and row.inputs_key in tested:
            left_out["tested_before"] += 1
        elif side is not None:
            added[side].append(replace(row.example, id=_make_id(row, taken), choices=choices))
    test = (*splits.test, *added["test"])
    validation = _without_near_copies(task, (*splits.validation, *added["validation"]), test, left_out)
    train = _without_near_copies(task, (*splits.train, *added["train"]), (*validation, *test), left_out)
    seen = frozenset(find_seen(test))
    left_out["seen_by_champion"] += len(seen)
    test = tuple(example for example in test if example.id not in seen)
    kept = {example.id for example in (*train, *validation, *test)}
    joined: dict[str, int] = {split: sum(example.id in kept for example in examples) for split, examples in added.items()}
    now_tested = {row.inputs_key for row, side in zip(usable, sides, strict=True) if side == "test"}
    return TrainingData(train, validation, test, joined, dict(left_out), unknown_labels, tested | now_tested)


def _select_usable(
    splits: Splits, rows: Sequence[NewRow], choices: Collection[str], left_out: Counter[str]
) -> tuple[list[NewRow], tuple[str, ...]]:
    """The rows with new inputs and a known label; and the first labels that are not known."""
    known = {normalized_inputs(example) for split in (splits.train, splits.validation, splits.test) for example in split}
    usable: list[NewRow] = []
    unknown: dict[str, None] = {}
    for row in rows:
        inputs = normalized_inputs(row.example)
        if choices and row.example.targets[0] not in choices:
            unknown.setdefault(row.example.targets[0])
            left_out["unknown_label"] += 1
        elif inputs in known:
            left_out["known_inputs"] += 1
        else:
            known.add(inputs)
            usable.append(row)
    return usable, tuple(unknown)[:3]


def _choose_sides(task: Task, splits: Splits, rows: Sequence[NewRow], left_out: Counter[str], test_share: float) -> list[SplitName | None]:
    """Where each row goes; None for those that are left out."""
    if not rows:
        return []
    examples = [row.example for row in rows]
    held_out = (*splits.validation, *splits.test)
    held_out_groups = {example.group for example in held_out if example.group is not None}
    training_groups = {example.group for example in splits.train if example.group is not None}
    near_held_out = _find_near(task, held_out, examples)
    near_training = _find_near(task, splits.train, examples)
    earlier = list_near_copies(CheckedRows(task, {"train": examples, "validation": (), "test": ()})).within
    validation_share = VALIDATION_SHARE if splits.validation else 0.0
    sides: list[SplitName | None] = []
    for number, example in enumerate(examples):
        side: SplitName | None
        if example.group in held_out_groups:
            left_out["held_out_group"] += 1
            side = None
        elif number in near_held_out:
            left_out["near_held_out"] += 1
            side = None
        elif example.group in training_groups or number in near_training:
            side = "train"
        elif number in earlier and sides[earlier[number].row] is not None:
            side = sides[earlier[number].row]
        else:
            side = _draw_side(task.name, example, test_share, validation_share)
        sides.append(side)
    return sides


def _draw_side(task: str, example: Example, test_share: float, validation_share: float) -> SplitName:
    """By a hash that does not depend on what else there is. Rows of one group go to one side."""
    content = f"group\0{example.group}" if example.group is not None else f"inputs\0{normalized_inputs(example)}"
    digest = hashlib.sha256(f"{task}\0{content}".encode("utf-8", "surrogatepass")).digest()
    number = int.from_bytes(digest[:8], "big") / 2**64
    if number < test_share:
        return "test"
    return "validation" if number < test_share + (1 - test_share) * validation_share else "train"


def _without_near_copies(
    task: Task, examples: Sequence[Example], held_out: Sequence[Example], left_out: Counter[str]
) -> tuple[Example, ...]:
    near = _find_near(task, held_out, examples)
    left_out["near_test"] += len(near)
    return tuple(example for number, example in enumerate(examples) if number not in near)


def _find_near(task: Task, others: Sequence[Example], examples: Sequence[Example]) -> set[int]:
    """The positions of the examples that are near duplicates of one of the others."""
    if not others or not examples:
        return set()
    leaks = list_near_copies(CheckedRows(task, {"train": others, "validation": (), "test": examples})).leaks
    return {number - len(others) for number in leaks}


def _make_id(row: NewRow, taken: set[str]) -> str:
    """The id of a row, which other files and the task may use, too."""
    name = row.example.id if row.example.id not in taken else f"{row.example.id}-{row.key}"
    taken.add(name)
    return name
