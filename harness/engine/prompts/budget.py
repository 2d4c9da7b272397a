"""How many tokens a prompt may have."""

from __future__ import annotations

from collections.abc import Sequence

from harness.engine.prompts.prompt_encoder import PromptEncoder
from harness.errors import BenchError
from harness.types import Shape, Strategy, Task


def virtual_tokens(strategy: Strategy) -> int:
    """The tokens of the context that the strategy's soft prompt or prefix takes up; 0 for methods without one."""
    count = strategy.adapter.get("num_virtual_tokens", 0)
    return count if isinstance(count, int) else 0


def prompt_budget(task: Task, encoder: PromptEncoder, context: int, labels: Sequence[str], shape: Shape = "decoder") -> int:
    """The most tokens of a prompt, within the context and the task's `max_length`.

    A decoder needs room for its output behind the prompt. An encoder-decoder writes into a context of its own; an encoder writes nothing.

    Raises:
        BenchError: the output alone fills the context.
    """
    whole = min(context, task.max_length)
    if shape == "encoder":
        return whole
    output = max((len(row) for row in encoder.completions(labels)), default=1) if task.chooses else task.decode.max_new_tokens
    if shape == "encoder-decoder":
        if output > context:
            raise BenchError(f"an output of {output} tokens exceeds the {context} tokens that the model takes: lower decode.max_new_tokens")
        return whole
    if whole - output < 1:
        raise BenchError(f"an output of {output} tokens leaves no room for a prompt in {whole} tokens: lower decode.max_new_tokens")
    return whole - output
