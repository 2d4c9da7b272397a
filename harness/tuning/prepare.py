"""Examples as token ids, ready for training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.models.encode import PromptEncoder
from harness.tuning.batches import EncodedExample
from harness.types import Example


def encode_examples(
    encoder: PromptEncoder, examples: Sequence[Example], render: Callable[[Example], str], prompt_budget: int, max_length: int
) -> tuple[list[EncodedExample], int]:
    """Encode each example with its first target.

    The prompt gets the same budget as in prediction, so that the model is trained on the very prompts it will see. A target that
    still does not fit into `max_length` tokens loses its end, and with it the end token: it must not learn to stop there.

    Returns:
        The encoded examples, and how many prompts or targets had to be cut.
    """
    prompts = encoder.prompts(examples, render, prompt_budget)
    targets = encoder.completions([e.targets[0] for e in examples])
    rows, cut = [], 0
    for example, prompt, target in zip(examples, prompts, targets, strict=True):
        room = max(1, max_length - len(prompt.ids))
        size = len(example.targets[0]) + sum(len(text) for text in example.inputs.values())
        rows.append(EncodedExample(tuple(prompt.ids), tuple(target[:room]), size))
        cut += prompt.truncated or len(target) > room
    return rows, cut
