"""Examples as token ids, ready for training."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.engine.prompts import PromptEncoder
from harness.engine.tuning.batches import EncodedExample
from harness.errors import BenchError
from harness.types import Example, Shape


def encode_examples(
    encoder: PromptEncoder,
    examples: Sequence[Example],
    render: Callable[[Example], str],
    prompt_budget: int,
    max_length: int,
    *,
    target: Callable[[Example], str],
    shape: Shape = "decoder",
) -> tuple[list[EncodedExample], int]:
    """Encode each example with the text to train towards.

    The prompt gets the same budget as in prediction, so that the model is trained on the very prompts it will see. A target that
    still does not fit loses its end, and with it the end token: the model must not learn to stop there.

    Args:
        max_length: tokens of prompt and target together; of each on its own where an encoder reads the one and a decoder the other.
        target: gives the text. For an encoder it is one of the example's choices.

    Returns:
        The encoded examples, and how many prompts or targets had to be cut.

    Raises:
        BenchError: when an encoder shall learn what is none of the choices.
    """
    prompts = encoder.prompts(examples, render, prompt_budget)
    texts = [target(example) for example in examples]
    if shape == "encoder":
        targets = [[_index(example, text)] for example, text in zip(examples, texts, strict=True)]
    else:
        targets = encoder.completions(texts)
    rows, cut = [], 0
    for example, prompt, text, ids in zip(examples, prompts, texts, targets, strict=True):
        room = max(1, max_length - len(prompt.ids)) if shape == "decoder" else max_length
        size = len(text) + sum(len(value) for value in example.inputs.values())
        rows.append(EncodedExample(tuple(prompt.ids), tuple(ids[:room]), size, labelled=shape == "encoder"))
        cut += prompt.truncated or len(ids) > room
    return rows, cut


def _index(example: Example, text: str) -> int:
    if text not in example.choices:
        raise BenchError(f"row '{example.id}': its target '{text}' is none of the labels: {', '.join(example.choices)}")
    return example.choices.index(text)
