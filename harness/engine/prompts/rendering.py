"""From an example to the text of its prompt, and to the text that a model is trained to produce."""

from __future__ import annotations

from collections.abc import Callable

from harness.catalog import render_prompt
from harness.types import Example, Shape, Strategy, Task


def template_renderer(template: str) -> Callable[[Example], str]:
    """A function that renders a template for an example."""
    return lambda example: render_prompt(template, example.inputs, example.choices)


def render_inputs(example: Example) -> str:
    """The inputs alone, one per line: what an encoder reads, because instructions mean nothing to it."""
    return "\n".join(example.inputs.values())


def prompt_renderer(task: Task, strategy: Strategy, shape: Shape) -> Callable[[Example], str]:
    """A function from an example to its prompt. An encoder reads the inputs alone, unless the strategy has a prompt of its own."""
    if shape == "encoder" and strategy.prompt is None:
        return render_inputs
    return template_renderer(strategy.prompt or task.prompt)


def training_target(task: Task, example: Example) -> str:
    """The text that a model is trained to produce: the example's first reference, or the task's text for "no answer"."""
    return example.targets[0] if example.targets else task.no_answer or ""
