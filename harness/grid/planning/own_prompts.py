"""Rows that hold whole prompts: no instruction is written around them."""

from __future__ import annotations

from collections.abc import Mapping

from harness.catalog import read_shipped_task
from harness.types import RowLayout, Task

_PROMPT = "{{ input }}\n"
_VERBATIM = "{{ input }}"
_DESCRIPTIONS: Mapping[RowLayout, str] = {
    "messages": "conversations: the target is the last turn of the assistant, and the prompt is what precedes it",
    "pair": "pairs of a prompt and its completion, which are used as they are, without a chat template",
    "preferences": "preference pairs: the preferred answer is the target, and the rejected one is not used",
    "instruction": "instructions with their outputs",
}


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


def describe_layout(layout: RowLayout | None) -> str:
    """A line for the data report about rows whose own prompts are used."""
    return f"the rows are {_DESCRIPTIONS[layout]}; the usual instruction is left out" if layout else ""
