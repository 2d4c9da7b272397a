"""The validation loss of a trial, and the difference of two, in nats per target token.

The loss of a trial is Σ loss_i / Σ t_i over validation examples i with t_i target tokens: a ratio, whose error is that of the mean of the
residuals (loss_i − L t_i) / t̄ (Cochran 1977, "Sampling Techniques", section 2.11; t̄ is the mean number of tokens). The difference of two
trials on the same examples is the mean of (loss_A,i − loss_B,i) / t̄. Whether it is above 0 does not depend on t̄, so a limit of this mean
tests the difference of the two losses without an approximation of the ratio.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import example_metric
from harness.statistics.comparison import Comparison, LimitsAt, compare_scores, make_pair, pair_limits
from harness.statistics.intervals import Basis, Interval, mean_interval
from harness.types import Example, Prediction, TrialMeasurement

Array: TypeAlias = NDArray[np.float64]


def _no_output_score(example: Example, prediction: Prediction) -> None:
    """Trials are measured in training; their outputs do not have this score."""


LOSS = example_metric("validation_loss", "lower", "nats", _no_output_score, "-ln p of the target, by its mean number of tokens")


def loss_interval(trial: TrialMeasurement, confidence: float = 0.95) -> Interval:
    """The interval of the loss over validation examples like these, for these weights."""
    losses, tokens = _arrays(trial)
    return mean_interval(trial.loss + (losses - trial.loss * tokens) / tokens.mean(), trial.groups or None, confidence)


def loss_limits(trial: TrialMeasurement, other: TrialMeasurement) -> LimitsAt:
    """The one-sided limits of the loss of `trial` less that of `other`, by their level. Without limits where the targets differ."""
    if trial.tokens != other.tokens:
        different = Basis(len(trial.tokens), len(trial.tokens), "no limits", "the trials were measured on different targets")
        return lambda alpha: different.limits(trial.loss - other.loss, None, None, alpha)
    first, second = _per_token(other), _per_token(trial)
    return pair_limits(make_pair(first, second, metric=LOSS, groups=_groups(trial), confidence=0.95))


def compare_losses(trial: TrialMeasurement, other: TrialMeasurement) -> Comparison | None:
    """The loss of `trial` less that of `other`, with a 95% interval; None where the targets differ."""
    if trial.tokens != other.tokens:
        return None
    return compare_scores(_per_token(other), _per_token(trial), metric=LOSS, groups=_groups(trial), margin=None)


def _per_token(trial: TrialMeasurement) -> Array:
    losses, tokens = _arrays(trial)
    scaled: Array = losses / tokens.mean()
    return scaled


def _arrays(trial: TrialMeasurement) -> tuple[Array, Array]:
    return np.asarray(trial.losses, dtype=np.float64), np.asarray(trial.tokens, dtype=np.float64)


def _groups(trial: TrialMeasurement) -> list[str | None]:
    return [str(group) for group in trial.groups] or [None] * len(trial.losses)
