"""A task for data that has none yet: guessed from the data's columns, as `bench init` drafts it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.api.catalogs import open_catalog
from harness.data import peek
from harness.data.inspect import NamedData, TaskGuess, draft_prompt, draft_yaml, find_data, guess_task
from harness.types import Kind, Task

MOST_INSPECTED_ROWS = 20_000  # enough to tell what a file contains; a run reads larger files as a whole


@dataclass(frozen=True)
class DraftedTask:
    """A task on data files, with the guess that it comes from."""

    task: Task
    guess: TaskGuess
    data: NamedData


def draft_task(
    files: Sequence[str], *, target: str | None = None, inputs: Sequence[str] = (), kind: Kind | None = None, with_group: bool = True
) -> DraftedTask:
    """The task that data files seem to be for. Its paths are relative to the working directory.

    Args:
        target, inputs, kind: given by the user; only the rest is guessed.
        with_group: whether a column may be the group.

    Raises:
        BenchError: the files cannot be read, or no target and input stand out.
    """
    data = find_data(files)
    guess = guess_task(peek(*data.files, rows=MOST_INSPECTED_ROWS), target=target, inputs=inputs, kind=kind)
    guess = guess if with_group else replace(guess, group=None)
    prompt = draft_prompt(guess, *read_shipped_prompt(guess.kind))
    text = draft_yaml(guess, name="data", path=data.path(Path()), prompt=prompt, has_splits=data.has_splits)
    return DraftedTask(parse_task(text), guess, data)


def read_shipped_prompt(kind: Kind) -> tuple[str, frozenset[str], frozenset[str]]:
    """The prompt of the shipped task of a kind, the variables that it requires, and all that it can show."""
    from harness.catalog import YamlFile, prompt_variables, shipped_folder

    prompt = str(YamlFile(shipped_folder("tasks") / f"{kind}.yaml").values["prompt"])
    return prompt, prompt_variables(prompt), prompt_variables(prompt, optional=True)


def read_included_model() -> tuple[int, Callable[[Sequence[str]], list[int]]]:
    """The context of the included model in tokens, and a function that counts the tokens of texts. Its weights are not loaded."""
    from tokenizers import Tokenizer

    from harness.engine.models import TINY

    tokenizer = Tokenizer.from_file(str(TINY / "tokenizer.json"))
    context = json.loads((TINY / "config.json").read_text(encoding="utf-8"))["max_position_embeddings"]
    return context, lambda texts: [len(text.ids) for text in tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def parse_task(text: str) -> Task:
    """The task that a YAML text declares, checked as by `bench tasks validate`.

    Raises:
        BenchError: the task is not valid.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "task.yaml"
        file.write_text(text, encoding="utf-8")
        task = open_catalog().check(file).value
    assert isinstance(task, Task)
    return task
