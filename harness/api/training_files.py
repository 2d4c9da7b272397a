"""The examples of a task as files for other trainers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.api.arguments import PathLike, as_texts
from harness.api.catalogs import open_catalog
from harness.errors import BenchError, setting
from harness.types import EARLIER_TURNS, Example, Task, read_turns

if TYPE_CHECKING:
    from harness.data.conversations import TrainerForm


@dataclass(frozen=True)
class TrainingFiles:
    """Files for another trainer.

    Attributes:
        sizes: the number of examples in each JSON Lines file, by its name.
        description: the name of the file by which the trainer finds the data; empty if it needs none.
        uses_template: whether the trainer wraps prompts in a chat template although the task wants them plain.
    """

    folder: Path
    sizes: dict[str, int]
    description: str
    uses_template: bool


def export_data(
    task: PathLike, out: PathLike, form: TrainerForm, *, with_test: bool = False, tasks_dirs: PathLike | Sequence[PathLike] = ()
) -> TrainingFiles:
    """Write the training and validation examples of a task, with its prompt, as another trainer reads them.

    The test examples stay behind, so that no trainer learns from what bench tests on.

    Args:
        task: a name or a YAML file.
        out: a folder that does not exist yet, or is empty.
        with_test: write the test examples, too.

    Raises:
        BenchError: a defect of the task or its data, or the folder is not empty or cannot be written.
    """
    from harness.data.conversations import describe_files
    from harness.grid import Request, read_tasks

    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BenchError(f"{setting('out', str(folder))}: must be a new or an empty folder")
    request = Request(tasks=(str(task),), strategies=(), tasks_dirs=as_texts(tasks_dirs))
    ((read_task, splits),) = read_tasks(request, open_catalog(tasks_dirs))
    parts = {"train": splits.train, "validation": splits.validation} | ({"test": splits.test} if with_test else {})
    files = {f"{split}.jsonl": _write_rows(read_task, examples, form) for split, examples in parts.items() if examples}
    sizes = {f"{split}.jsonl": len(examples) for split, examples in parts.items() if examples}
    described = describe_files({name.removesuffix(".jsonl"): name for name in files}, read_task.name, form)
    if described is not None:
        files[described[0]] = _to_text(*described)
    _write_files(folder, files)
    uses_template = read_task.prompt_format == "plain" and form != "trl"
    return TrainingFiles(folder, sizes, described[0] if described else "", uses_template)


def _write_rows(task: Task, examples: Sequence[Example], form: TrainerForm) -> str:
    from harness.data.conversations import write_row
    from harness.engine.prompts import template_renderer, training_target

    render = template_renderer(task.prompt)
    is_plain = task.prompt_format == "plain"
    lines = []
    for example in examples:
        turns = read_turns(example.inputs[EARLIER_TURNS]) if EARLIER_TURNS in example.inputs else ()
        prompt = render(example)
        row = write_row(turns, prompt if is_plain else prompt.strip(), training_target(task, example), form, is_plain=is_plain)
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return "".join(lines)


def _to_text(name: str, content: Any) -> str:
    if name.endswith(".json"):
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    import yaml

    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _write_files(folder: Path, files: dict[str, str]) -> None:
    from harness.store import make_private_folder, write_text

    try:
        make_private_folder(folder)
        for name, text in files.items():
            write_text(folder / name, text, private=True)
    except OSError as error:
        raise BenchError(f"{folder}: cannot be written: {error.strerror}") from None
