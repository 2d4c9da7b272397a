"""What can only be known with the model at hand, found out before the first cell: does the prompt fit, does the adapter?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from harness.engine.models import ModelSource, load_skeleton
from harness.engine.prompts import PromptEncoder, prompt_budget, render_for, shots_for, target_for
from harness.engine.tuning import adapt, check_adapter, planned_steps, virtual_tokens
from harness.errors import BenchError
from harness.types import Shape, Splits, Strategy, Task


class Trial(NamedTuple):
    """A strategy and the numbers of training rows that it is to have."""

    strategy: Strategy
    sizes: set[int]


def try_out(tasks: Sequence[tuple[Task, Splits, Sequence[Trial]]], source: ModelSource, shape: Shape, *, trust_remote_code: bool) -> None:
    """Encode one prompt a task and strategy, and put each adapter on a model without weights.

    Raises:
        BenchError: with everything that does not fit.
    """
    problems: list[str] = []
    adapted: set[int] = set()
    for task, splits, trials in tasks:
        skeleton = load_skeleton(source, trust_remote_code=trust_remote_code, labels=splits.test[0].choices)
        for strategy, sizes in trials:
            context = skeleton.context - virtual_tokens(strategy)
            if context < 1:
                problems.append(
                    f"strategy '{strategy.name}': {virtual_tokens(strategy)} virtual tokens leave nothing of the {skeleton.context} that "
                    "the model takes: lower adapter.num_virtual_tokens"
                )
                continue
            try:
                encoder = PromptEncoder(skeleton.tokenizer, task.prompt_format, shape)
                budget = prompt_budget(task, encoder, context, splits.test[0].choices, shape)
                shots = shots_for(task, strategy, shape, splits.train, 0) if strategy.shots else ()
                encoder.prompts(splits.test[:1], render_for(task, strategy, shape), budget, shots)
                encoder.completions([target_for(task)(splits.test[0])])
            except BenchError as error:
                problems += [f"task '{task.name}': {problem}" for problem in error.problems]
            if strategy.method == "peft" and id(strategy) not in adapted:
                adapted.add(id(strategy))
                try:
                    labels = splits.test[0].choices
                    fresh = load_skeleton(source, trust_remote_code=trust_remote_code, labels=labels).model
                    adapt(fresh, strategy, 0, shape=shape)
                except BenchError as error:
                    problems += error.problems
            problems += _too_short(strategy, sizes, skeleton.parameters)
    if problems:
        raise BenchError(list(dict.fromkeys(problems)))


def _too_short(strategy: Strategy, sizes: Collection[int], parameters: int) -> list[str]:
    """What a method that plans by the length of its training says of the sizes that it is to have."""
    problems: list[str] = []
    if strategy.train is None:
        return problems
    for size in sorted(sizes):
        try:
            check_adapter(strategy, planned_steps(strategy.train, size, parameters))
        except BenchError as error:
            problems += [f"{problem} ({size} training rows)" for problem in error.problems]
    return problems
