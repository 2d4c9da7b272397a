"""Whether two models are one and the same: what they expect behind some of the run's prompts, and how far apart that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.engine.artifacts.loading import FinishedModel
from harness.engine.models import decoder_start

# How far apart distributions may be, as total variation (0–1), where nothing but rounding in these numbers lies between them. Right merges
# in float32 were found 1e-6 to 2e-6 away; an adapter of a tied output layer, merged into the input embeddings as well, 6e-3.
TOLERANCE = {"float32": 1e-4, "bfloat16": 0.15, "float16": 0.15}
_TRIED_PROMPTS = 4
_TRIED_TOKENS = 16


def furthest_apart(expected: Sequence[Any], found: Sequence[Any]) -> float:
    """The largest total variation between distributions of the same place."""
    import torch

    return float(torch.stack([(a - b).abs().sum(dim=-1).max() / 2 for a, b in zip(expected, found, strict=True)]).max())


def distributions(model: FinishedModel, context: int | None = None) -> list[Any]:
    """What the model expects behind some of the run's prompts: (tokens, V) each, of an encoder (1, labels).

    Args:
        context: how many tokens of each prompt are read, from its beginning; None: all of them.
    """
    import torch

    shape = model.finished.shape
    examples = model.finished.run.examples(model.finished.task.name)[:_TRIED_PROMPTS]
    net = model.loaded.model
    where = next(net.parameters()).device
    found = []
    for prompt in model.prompts(examples):
        ids = torch.tensor([prompt.ids[:context]], device=where)  # (1, T)
        inputs: dict[str, Any] = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if shape == "encoder-decoder":
            inputs["decoder_input_ids"] = torch.full((1, 1), decoder_start(net), device=where)
        with torch.no_grad():
            logits = net(**inputs).logits  # (1, T, V), of an encoder (1, labels)
        rows = logits if shape == "encoder" else logits[0, -_TRIED_TOKENS:]
        found.append(rows.float().softmax(dim=-1).cpu())
    return found
