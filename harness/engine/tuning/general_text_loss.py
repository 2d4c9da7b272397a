"""How well a model still predicts general text: what a training has made it forget.

The text (`general_text.txt`) is ours, written for this and for nothing else: sixteen paragraphs about everyday things, in plain English. No
model has seen it, the shipped one included. The loss on it before and after tuning says how much of the general language was given up
for the task; it does not say what.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.engine.tuning.batches import EncodedExample, micro_batches
from harness.engine.tuning.loss import batch_loss

_AT_ONCE = 2048  # tokens, padding included


@lru_cache(maxsize=1)
def paragraphs() -> tuple[str, ...]:
    """The paragraphs of the text."""
    text = (Path(__file__).parent / "general_text.txt").read_text(encoding="utf-8")
    return tuple(part.strip() for part in text.split("\n\n"))


def general_loss(model: Any, tokenizer: Any, *, context: int, pad_id: int, device: Any, on_tokens: Callable[[int], None]) -> float | None:
    """The mean over the text's tokens of −ln p(token | the paragraph before it), in nats, of a decoder; None where nothing fits into
    the context.

    A paragraph begins as the model's own tokenizer begins a text; its first token is given. Only losses of one tokenizer can be
    compared. No weight and no random generator is touched.
    """
    import torch

    rows = []
    for text in paragraphs():
        ids = tuple(tokenizer(text)["input_ids"])[:context]
        if len(ids) > 1:
            rows.append(EncodedExample(prompt=ids[:1], target=ids[1:]))
    if not rows:
        return None
    was_training, total = model.training, 0.0
    model.eval()
    with torch.no_grad():
        for batch in micro_batches(rows, _AT_ONCE):
            total += float(batch_loss(model, batch, pad_id, device, "decoder"))
            on_tokens(sum(row.length for row in batch))
    model.train(was_training)
    return total / sum(len(row.target) for row in rows)
