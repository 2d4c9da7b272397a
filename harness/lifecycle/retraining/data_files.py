"""The examples of a retraining as files, which a run reads like any other data; and the task that reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.data import digest_test_set
from harness.lifecycle.retraining.training_data import TrainingData
from harness.store import make_private_folder, write_text
from harness.types import DataSpec, Example, Task

# Columns of the files. No column of a user's file that becomes another column here begins with this sign.
_SIGN = "@"
_ID, _GROUP, _TARGET = f"{_SIGN}id", f"{_SIGN}group", f"{_SIGN}target"


def write_data_files(folder: Path, data: TrainingData) -> None:
    """Write train.jsonl, validation.jsonl and test.jsonl, each completely or not at all. Only the user can read them.

    Raises:
        OSError: they cannot be written.
    """
    make_private_folder(folder)
    has_groups = any(example.group is not None for example in (*data.train, *data.validation, *data.test))
    for name in ("train", "validation", "test"):
        examples: Sequence[Example] = getattr(data, name)
        text = "".join(json.dumps(_to_row(example, has_groups), ensure_ascii=False, default=str) + "\n" for example in examples)
        write_text(folder / f"{name}.jsonl", text, private=True)


def declare_task(task: Task, data: TrainingData, folder: Path) -> Task:
    """The task with the files of a retraining as its data. Its test set is locked, so that no run trains on it.

    Args:
        folder: where `write_data_files` wrote, or will write.
    """
    examples = (*data.train, *data.validation, *data.test)
    inputs = dict.fromkeys(name for example in examples for name in example.inputs)
    columns = dict.fromkeys(name for example in data.test for name in example.meta)
    kept = tuple(columns) if task.data.source is not None else tuple(name for name in task.data.keep if name in columns)
    fields: dict[str, str | None] = {name: f"{_SIGN}{name}" for name in inputs}
    fields |= {"id": _ID, "target": _TARGET, "group": _GROUP if any(example.group is not None for example in examples) else None}
    path = {name: str(folder / f"{name}.jsonl") for name in ("train", "validation", "test") if getattr(data, name)}
    spec = DataSpec(path=path, fields=fields, keep=kept, about=task.data.about, locked_test=digest_test_set(data.test))
    changes: dict[str, Any] = {"data": spec}
    if task.chooses:
        changes["labels"] = data.test[0].choices
    return task.model_copy(update=changes)


def _to_row(example: Example, has_groups: bool) -> dict[str, Any]:
    meta = {name: value for name, value in example.meta.items() if not name.startswith(_SIGN)}
    row: dict[str, Any] = {**meta, _ID: example.id, _TARGET: list(example.targets)}
    if has_groups:
        row[_GROUP] = example.group if example.group is not None else f"row {example.id}"
    return row | {f"{_SIGN}{name}": text for name, text in example.inputs.items()}
