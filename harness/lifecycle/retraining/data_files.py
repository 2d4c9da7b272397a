"""The examples of a retraining as files, which a run reads like any other data; and the task that reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.data import digest_test_set
from harness.lifecycle.retraining.training_data import TrainingData
from harness.store import make_private_folder, write_text
from harness.types import DataSpec, Example, Task

# Begins the name of a column that stands beside the user's own, where the one of the task is taken.
_SIGN = "@"


def write_data_files(folder: Path, task: Task, data: TrainingData) -> None:
    """Write train.jsonl, validation.jsonl and test.jsonl, each completely or not at all. Only the user can read them.

    Raises:
        OSError: they cannot be written.
    """
    make_private_folder(folder)
    columns = _name_columns(task, data)
    for name in ("train", "validation", "test"):
        examples: Sequence[Example] = getattr(data, name)
        text = "".join(json.dumps(_to_row(example, columns), ensure_ascii=False, default=str) + "\n" for example in examples)
        write_text(folder / f"{name}.jsonl", text, private=True)


def declare_task(task: Task, data: TrainingData, folder: Path) -> Task:
    """The task with the files of a retraining as its data. Its test set is locked, so that no run trains on it.

    Args:
        folder: where `write_data_files` wrote, or will write.
    """
    present = dict.fromkeys(name for example in data.test for name in example.meta)
    kept = tuple(present) if task.data.source is not None else tuple(name for name in task.data.keep if name in present)
    fields = {role: column for role, column in _name_columns(task, data).items() if role in task.data.fields or column != role}
    path = {name: str(folder / f"{name}.jsonl") for name in ("train", "validation", "test") if getattr(data, name)}
    spec = DataSpec(path=path, fields=fields, keep=kept, about=task.data.about, locked_test=digest_test_set(data.test))
    changes: dict[str, Any] = {"data": spec}
    if task.chooses:
        changes["labels"] = data.test[0].choices
    return task.model_copy(update=changes)


def _name_columns(task: Task, data: TrainingData) -> dict[str, str | None]:
    """The column of each role: the task's own, so that the new model reads the same files of users as the one before.

    A role without an entry in the task has the column of its name; two inputs that are always equal share one. The group has none where
    no example has a group.
    """
    examples = (*data.train, *data.validation, *data.test)
    inputs = list(dict.fromkeys(name for example in examples for name in example.inputs))
    named = {role: column for role, column in task.data.fields.items() if column is not None}
    columns: dict[str, str | None] = {name: named[name] for name in inputs if name in named}
    for name in sorted(set(inputs) - named.keys(), key=lambda name: name != "prompt"):
        equal = (other for other in columns if all(each.inputs.get(name) == each.inputs.get(other) for each in examples))
        columns[name] = columns.get(next(equal, ""), name)
    has_groups = any(example.group is not None for example in examples)
    for role in ("target", "group", "id"):
        column = named.get(role, role)
        is_free = task.data.fields.get(role, role) is not None and column not in columns.values()
        columns[role] = (column if is_free else f"{_SIGN}{role}") if has_groups or role != "group" else None
    return columns


def _to_row(example: Example, columns: Mapping[str, str | None]) -> dict[str, Any]:
    group = example.group if example.group is not None else f"row {example.id}"
    values = {"id": example.id, "target": list(example.targets), "group": group, **example.inputs}
    return {**example.meta, **{column: values[role] for role, column in columns.items() if column is not None and role in values}}
