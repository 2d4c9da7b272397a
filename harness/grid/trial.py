"""What can only be known with the model at hand, found out before the first cell: does the prompt fit, does the adapter?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.errors import BenchError
from harness.inference.predict import prompt_budget, renderer
from harness.models.encode import PromptEncoder
from harness.models.load import load_skeleton
from harness.models.resolve import ModelSource
from harness.tuning import adapt
from harness.types import Splits, Strategy, Task


def try_out(tasks: Sequence[tuple[Task, Splits]], strategies: Iterable[Strategy], source: ModelSource, trust_remote_code: bool) -> None:
    """Encode one prompt a task and strategy, and put each adapter on a model without weights.

    Raises:
        BenchError: with everything that does not fit.
    """
    strategies = list(strategies)
    skeleton = load_skeleton(source, trust_remote_code=trust_remote_code)
    problems: list[str] = []
    for task, splits in tasks:
        for prompt in dict.fromkeys(strategy.prompt or task.prompt for strategy in strategies):
            try:
                encoder = PromptEncoder(skeleton.tokenizer, task.prompt_format)
                budget = prompt_budget(task, encoder, skeleton.context, splits.test[0].choices)
                encoder.prompts(splits.test[:1], renderer(prompt), budget)
            except BenchError as error:
                problems += [f"task '{task.name}': {problem}" for problem in error.problems]
    for strategy in strategies:
        if strategy.method == "peft":
            try:
                adapt(load_skeleton(source, trust_remote_code=trust_remote_code).model, strategy, 0)
            except BenchError as error:
                problems += error.problems
    if problems:
        raise BenchError(problems)
