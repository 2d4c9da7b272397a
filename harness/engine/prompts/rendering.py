"""From an example to the text of its prompt, and to the text that a model is trained towards."""

from __future__ import annotations

from collections.abc import Callable

from harness.catalog import render_prompt
from harness.types import Example, Shape, Strategy, Task


def renderer(template: str) -> Callable[[Example], str]:
    """A function from an example to its prompt."""
    return lambda example: render_prompt(template, example.inputs, example.choices)


def plain_inputs(example: Example) -> str:
    """The inputs alone, one below the other: what an encoder reads, to which an instruction says nothing."""
    return "\n".join(example.inputs.values())


def render_for(task: Task, strategy: Strategy, shape: Shape) -> Callable[[Example], str]:
    """A function from an example to its prompt. An encoder reads the bare inputs: an instruction tells it nothing."""
    if shape == "encoder" and strategy.prompt is None:
        return plain_inputs
    return renderer(strategy.prompt or task.prompt)


def target_for(task: Task) -> Callable[[Example], str]:
    """A function from an example to the text that is trained towards: its first reference, or what stands for "no answer"."""

    def target(example: Example) -> str:
        return example.targets[0] if example.targets else task.no_answer or ""

    return target
