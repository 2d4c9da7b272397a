"""Whether two models compute the same: their probabilities on some of the run's prompts, and the largest difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.engine.inference import Predictor
from harness.engine.models import decoder_start
from harness.types import Example

# The largest total variation (0–1) between distributions that rounding in a dtype explains. Correct merges in float32 were measured at
# 1e-6 to 2e-6; an adapter of a tied output layer that was merged into the input embeddings as well, at 6e-3.
TOLERANCE = {"float32": 1e-4, "bfloat16": 0.15, "float16": 0.15}
COMPARED_EXAMPLES = 4
_COMPARED_TOKENS = 16


def largest_difference(expected: Sequence[Any], actual: Sequence[Any]) -> float:
    """The largest total variation between distributions of the same position."""
    import torch

    return float(torch.stack([(a - b).abs().sum(dim=-1).max() / 2 for a, b in zip(expected, actual, strict=True)]).max())


def next_token_distributions(predictor: Predictor, examples: Sequence[Example], max_tokens: int | None = None) -> list[Any]:
    """The model's probabilities behind each example's prompt: (tokens, V) each; of an encoder, of its labels: (1, labels).

    Args:
        max_tokens: read at most so many tokens from the beginning of each prompt; None: all of them.
    """
    import torch

    model = predictor.loaded.model
    device = next(model.parameters()).device
    distributions = []
    for prompt in predictor.prompts(examples):
        ids = torch.tensor([prompt.ids[:max_tokens]], device=device)  # (1, T)
        inputs: dict[str, Any] = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        if predictor.shape == "encoder-decoder":
            inputs["decoder_input_ids"] = torch.full((1, 1), decoder_start(model), device=device)
        with torch.no_grad():
            logits = model(**inputs).logits  # (1, T, V); of an encoder (1, labels)
        rows = logits if predictor.shape == "encoder" else logits[0, -_COMPARED_TOKENS:]
        distributions.append(rows.float().softmax(dim=-1).cpu())
    return distributions
