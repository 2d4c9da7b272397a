"""How much a trial computes: up to what size a model is tried as a whole, and how many tokens pass.

A model of up to 200 million parameters is tried as a whole. Of a larger one, models with one and with several of its layers are tried, and
what a layer takes follows from their difference: time is linear in the number of layers, of an encoder-decoder in those of both parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.forecast.model_outline import ModelOutline
from harness.forecast.trials.model import count_layers

# Parameters of a model that is tried as a whole. With SmolLM2-135M, on a machine that was not quiet, trials of three layers forecast 4.2 to
# 7.3 s for steps that took the whole model 5.4 to 6.6 s, and 0.03 to 0.13 s for a token that took 0.09 s. A trial of a training on texts
# of 700 tokens takes 11 to 16 s with the whole model.
WHOLE_MODEL = 200_000_000
_FEW, _MORE = 1, 3  # layers of larger ones, the second at least
_MOST_TRIED = 400_000_000  # parameters of a trial with more of them, until they weigh as much as the rest of the model
_OPERATIONS = {"cpu": 1e12, "cuda": 4e13}  # that one pass may take: some seconds
READING, TRAINING = 2, 6
"""Operations of a parameter for a token."""
_LEAST_TOKENS = 64
USUAL_TOKENS = {"cpu": 1024, "cuda": 8192}
"""Tokens that a trial reads, or a training step of it computes, where examples are no longer."""
Layers = Sequence[int] | None
"""How many layers a tried model has, as `count_layers`; None: all."""


def of_whole_model(outline: ModelOutline, run: Callable[[Layers], tuple[float, ...]]) -> tuple[float, ...]:
    """What the whole model takes.

    Raises:
        LookupError: it is too large to be tried as a whole, and its configuration does not say how many layers it has.
    """
    if outline.sizes.base <= WHOLE_MODEL:
        return run(None)
    counts = count_layers(outline.loaded.model.config, outline.shape)
    if counts is None:
        raise LookupError("the number of layers is not known")
    fewest = tuple(min(_FEW, count) for count in counts)
    few = total = run(fewest)
    for part, count in enumerate(counts):
        if count > _FEW:
            tried = min(_count_more(outline, counts), count)
            more = run((*fewest[:part], tried, *fewest[part + 1 :]))
            layers = (count - _FEW) / (tried - _FEW)
            total = tuple(whole + layers * max(0.0, b - a) for whole, a, b in zip(total, few, more, strict=True))
    return total


def most_tokens(outline: ModelOutline, device: str, operations: int) -> int:
    """The tokens of a trial, which takes a few seconds at most.

    Args:
        operations: of a parameter for a token, `READING` or `TRAINING`.
    """
    return max(_LEAST_TOKENS, round(_OPERATIONS[device] / (operations * count_tried(outline))))


def count_tried(outline: ModelOutline) -> int:
    """The parameters of the largest model that a trial builds."""
    base, counts = outline.sizes.base, count_layers(outline.loaded.model.config, outline.shape)
    if base <= WHOLE_MODEL or counts is None:
        return base
    left = len(counts) * _FEW + _count_more(outline, counts) - _FEW
    return round(base - outline.layer_weights * max(0.0, 1 - left / sum(counts)))


def _count_more(outline: ModelOutline, counts: Sequence[int]) -> int:
    """The layers of the larger of two models that are tried."""
    layer = outline.layer_weights / sum(counts)
    rest = outline.sizes.base - outline.layer_weights + len(counts) * _FEW * layer
    return max(_MORE, _FEW + int(min(rest, _MOST_TRIED - rest) / max(layer, 1.0)))
