"""Intervals of the loss per token, and of the difference of two trials."""

from __future__ import annotations

import numpy as np
import pytest
from chance import covers

from harness.statistics import compare_losses, loss_interval
from harness.types import TrialMeasurement


def draw(rng: np.random.Generator, n: int, *, groups: int | None = None, mean: float = 1.0) -> TrialMeasurement:
    """Examples of different lengths, whose loss per token is higher where they are short; the true loss per token is 1.1 times the mean."""
    tokens = rng.integers(4, 60, size=n)
    shared = rng.normal(0, 0.2, size=groups)[np.arange(n) % groups] if groups else 0.0
    per_token = mean * (1.1 + 0.01 * (tokens.mean() - tokens)) + shared + rng.normal(0, 0.3, size=n)
    return TrialMeasurement(
        tuple((per_token * tokens).tolist()), tuple(tokens.tolist()), tuple((np.arange(n) % groups).tolist()) if groups else ()
    )


def test_the_interval_is_around_the_loss_per_token_and_not_the_mean_of_examples() -> None:
    measured = TrialMeasurement((100.0, *(1.0,) * 40), (100, *(1,) * 40))
    assert measured.loss == 1
    interval = loss_interval(TrialMeasurement((200.0, *(1.0,) * 40), (100, *(1,) * 40)))
    assert interval.low is not None
    assert interval.high is not None
    assert interval.low < 240 / 140 < interval.high
    assert interval.high - interval.low > 1, "one long text carries most of the loss"


@pytest.mark.parametrize("groups", [None, 40], ids=["independent", "groups"])
def test_the_interval_covers_the_true_loss(groups: int | None) -> None:
    rng = np.random.default_rng(3)
    long = draw(np.random.default_rng(4), 200_000)
    held = []
    for _ in range(400):
        interval = loss_interval(draw(rng, 120, groups=groups))
        assert interval.low is not None and interval.high is not None
        held.append(interval.low <= long.loss <= interval.high)
    assert covers(float(np.mean(held)), len(held))


def test_the_difference_is_that_of_the_losses_and_its_interval_is_paired() -> None:
    rng = np.random.default_rng(5)
    first = draw(rng, 60)
    second = TrialMeasurement(tuple(loss + 0.1 * t for loss, t in zip(first.losses, first.tokens, strict=True)), first.tokens)
    second = TrialMeasurement((second.losses[0] + 1, *second.losses[1:]), second.tokens)
    compared = compare_losses(second, first)
    assert compared is not None
    assert compared.difference == pytest.approx(second.loss - first.loss)
    assert compared.low is not None and compared.low > 0


def test_trials_on_different_targets_are_not_compared() -> None:
    assert compare_losses(TrialMeasurement((1.0,) * 40, (2,) * 40), TrialMeasurement((1.0,) * 40, (3,) * 40)) is None
