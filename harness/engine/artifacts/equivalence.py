"""Whether two models compute the same: their probabilities on some of the run's prompts, and how far these differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.engine.inference import Predictor
from harness.engine.models import decoder_start
from harness.types import Example

# The total variation (0–1) between distributions that rounding explains: in float32 the largest of any position, in 16 bits the mean over
# positions. Correct merges in float32 were measured at 1e-6 to 2e-6; an adapter of a tied output layer that was merged into the input
# embeddings as well, at 6e-3. A correct merge of QLoRA in bfloat16 differed by 0.013 on average, and by up to 0.47 at single positions,
# where two tokens were about equally likely; LoRA and its base differ by 0.57 on average, LoRA and QLoRA by 0.26.
EXACT_TOLERANCE, ROUNDED_TOLERANCE = 1e-4, 0.05
COMPARED_EXAMPLES = 4
_COMPARED_TOKENS = 16


@dataclass(frozen=True)
class Difference:
    """How far the distributions of two models differ.

    Attributes:
        total_variation: from 0 to 1: the largest of any position; between models that are rounded to 16 bits, the mean.
        is_mean: whether it is the mean.
    """

    total_variation: float
    is_mean: bool

    @property
    def is_rounding(self) -> bool:
        """Whether rounding explains the difference; false for NaN."""
        return self.total_variation <= self._tolerance

    @property
    def _tolerance(self) -> float:
        return ROUNDED_TOLERANCE if self.is_mean else EXACT_TOLERANCE

    def __str__(self) -> str:
        """The difference in a sentence: "by at most 2e-06 (total variation)"."""
        how = f"by {self.total_variation:.2g} on average" if self.is_mean else f"by at most {self.total_variation:.1g}"
        return f"{how} (total variation)" if self.is_rounding else f"{how} (total variation; rounding explains {self._tolerance:g})"


def measure_difference(expected: Sequence[Any], actual: Sequence[Any], *dtypes: str) -> Difference:
    """The difference between distributions of the same positions, each (positions, V).

    Args:
        dtypes: what the two models compute in.
    """
    import torch

    variations = torch.cat([(a - b).abs().sum(dim=-1) / 2 for a, b in zip(expected, actual, strict=True)])
    is_mean = any(dtype != "float32" for dtype in dtypes)
    return Difference(float(variations.mean() if is_mean else variations.max()), is_mean)


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
