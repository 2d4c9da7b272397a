"""How well a model still predicts general text: how much general ability training has cost.

The text (`general_text.txt`) was written for this purpose alone: sixteen paragraphs about everyday things, in plain English. No model has
seen it, not even the shipped one. The loss on it before and after tuning shows how much general language ability was given up for the
task; it does not show which.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.engine.inference import answering
from harness.engine.tuning.batches import EncodedExample, micro_batches
from harness.engine.tuning.loss import batch_loss

_MICRO_BATCH_TOKENS = {"cpu": 512, "cuda": 2048, "mps": 2048}  # including padding; logits of more would fill new memory on a CPU


@lru_cache(maxsize=1)
def paragraphs() -> tuple[str, ...]:
    """The paragraphs of the text."""
    text = (Path(__file__).parent / "general_text.txt").read_text(encoding="utf-8")
    return tuple(part.strip() for part in text.split("\n\n"))


def general_loss(model: Any, tokenizer: Any, *, context: int, pad_id: int, device: str, on_tokens: Callable[[int], None]) -> float | None:
    """The mean of −ln p(token | the paragraph before it) over the text's tokens, in nats; None if nothing fits into the context.

    Each paragraph begins as the model's own tokenizer begins a text; its first token is given. Only losses of the same tokenizer can be
    compared. Weights and random generators are not changed. The model must be a decoder.

    Args:
        device: the kind of device that the model is on, as in `Device.kind`.
    """
    examples = []
    for text in paragraphs():
        ids = tuple(tokenizer(text)["input_ids"])[:context]
        if len(ids) > 1:
            examples.append(EncodedExample(prompt=ids[:1], target=ids[1:]))
    if not examples:
        return None
    was_training, total = model.training, 0.0
    model.eval()
    with answering(model):
        for batch in micro_batches(examples, _MICRO_BATCH_TOKENS[device]):
            total += float(batch_loss(model, batch, pad_id, device, "decoder"))
            on_tokens(sum(example.length for example in batch))
    model.train(was_training)
    return total / sum(len(example.target) for example in examples)
