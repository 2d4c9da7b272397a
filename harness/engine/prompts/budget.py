"""How long a prompt may be, in tokens."""

from __future__ import annotations

from collections.abc import Sequence

from harness.engine.prompts.prompt_encoder import PromptEncoder
from harness.errors import BenchError
from harness.types import Shape, Task


def prompt_budget(task: Task, encoder: PromptEncoder, context: int, labels: Sequence[str], shape: Shape = "decoder") -> int:
    """How many tokens a prompt may have, within the context and the task's `max_length`.

    A decoder's answer must fit in behind it. An encoder-decoder writes into a context of its own, an encoder not at all.

    Raises:
        BenchError: when the answer alone takes up all of the context.
    """
    whole = min(context, task.max_length)
    if shape == "encoder":
        return whole
    answer = max((len(row) for row in encoder.completions(labels)), default=1) if task.chooses else task.decode.max_new_tokens
    if shape == "encoder-decoder":
        if answer > context:
            raise BenchError(f"an answer of {answer} tokens is longer than the {context} that the model takes: lower max_new_tokens")
        return whole
    if whole - answer < 1:
        raise BenchError(f"an answer of {answer} tokens leaves no room for a prompt in {whole}: lower max_new_tokens")
    return whole - answer
