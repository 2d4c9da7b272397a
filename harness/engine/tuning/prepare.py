"""Examples as token ids, ready for training."""

from __future__ import annotations

from collections.abc import Sequence

from harness.engine.inference import Predictor
from harness.engine.tuning.batches import EncodedExample
from harness.errors import BenchError
from harness.types import Example


def encode_examples(predictor: Predictor, examples: Sequence[Example]) -> tuple[list[EncodedExample], int]:
    """Encode each example with the text to train towards.

    The model is trained on the very prompts that the predictor will show it. A target that does not fit behind its prompt loses its end,
    and with it the end token: the model must not learn to stop there.

    Returns:
        The encoded examples, and the number of them whose prompt or target was cut.

    Raises:
        BenchError: the target of an encoder is not one of the example's choices.
    """
    prompts = predictor.prompts(examples)
    texts = [predictor.target(example) for example in examples]
    encoder = predictor.shape == "encoder"
    if encoder:
        targets = [[_label_index(example, text)] for example, text in zip(examples, texts, strict=True)]
    else:
        targets = predictor.encoder.completions(texts)
    encoded, cut = [], 0
    for example, prompt, text, ids in zip(examples, prompts, texts, targets, strict=True):
        # Only a decoder reads prompt and target as one sequence.
        room = max(1, predictor.max_length - len(prompt.ids)) if predictor.shape == "decoder" else predictor.max_length
        size = len(text) + sum(len(value) for value in example.inputs.values())
        encoded.append(EncodedExample(tuple(prompt.ids), tuple(ids[:room]), size, labelled=encoder))
        cut += prompt.truncated or len(ids) > room
    return encoded, cut


def _label_index(example: Example, text: str) -> int:
    if text not in example.choices:
        raise BenchError(f"example '{example.id}': its target '{text}' is not one of the labels: {', '.join(example.choices)}")
    return example.choices.index(text)
