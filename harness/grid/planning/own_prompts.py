"""Rows that hold whole prompts: no instruction is written around them."""

from __future__ import annotations

from harness.catalog import read_shipped_task
from harness.types import RowLayout, Task

_PROMPT = "{{ input }}\n"
_VERBATIM = "{{ input }}"


def with_own_prompts(task: Task, layout: RowLayout | None) -> Task:
    """The task with the prompts of its rows, if these are whole and the task has only the usual prompt of its kind.

    A prompt that was written for the task stays.
    """
    if layout is None or task.prompt != read_shipped_task(task.kind)["prompt"]:
        return task
    if layout != "pair":
        return task.model_copy(update={"prompt": _PROMPT})
    prompt_format = "plain" if task.prompt_format == "auto" else task.prompt_format
    return task.model_copy(update={"prompt": _VERBATIM, "prompt_format": prompt_format})
