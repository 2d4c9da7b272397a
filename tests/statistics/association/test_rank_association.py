"""Rank correlation of scores with ratings: the estimate, what is held fixed, and how often its interval is right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from harness.statistics import rank_association


def draw(rng: np.random.Generator, inputs: int, outputs: int, slope: float = 0.0, levels: int = 4) -> tuple[np.ndarray, ...]:
    """Scores, ratings with a few levels, lengths that both depend on, and inputs that make outputs alike."""
    length, own, noise = (rng.normal(size=(inputs, outputs)) for _ in range(3))
    difficulty = rng.normal(size=(inputs, 1))
    scores = 0.7 * length + 0.7 * difficulty + own
    ratings = 0.7 * length + 0.7 * rng.normal(size=(inputs, 1)) + slope * own + noise
    cuts = [-0.8, 0.0, 0.8][: levels - 1]
    return scores.ravel(), np.digitize(ratings, cuts).ravel().astype(float), length.ravel(), np.repeat(np.arange(inputs), outputs)


def test_estimate_is_that_of_scipy() -> None:
    scores, ratings, lengths, inputs = draw(np.random.default_rng(1), 40, 3, 0.5)
    assert rank_association(scores, ratings, inputs).value == pytest.approx(spearmanr(scores, ratings).statistic)
    residuals = []
    for values in (scores, ratings):
        design = np.column_stack([np.ones(len(lengths)), rankdata(lengths)])
        residuals.append(rankdata(values) - design @ np.linalg.lstsq(design, rankdata(values), rcond=None)[0])
    partial = rank_association(scores, ratings, inputs, given=lengths).value
    assert partial == pytest.approx(np.corrcoef(*residuals)[0, 1])


def test_weights_count_outputs() -> None:
    scores, ratings, lengths, inputs = draw(np.random.default_rng(2), 30, 2, 0.5)
    twice = np.concatenate([np.arange(len(scores)), np.flatnonzero(inputs < 10)])
    repeated = rank_association(scores[twice], ratings[twice], inputs[twice], given=lengths[twice])
    weighted = rank_association(scores, ratings, inputs, given=lengths, weights=1.0 + (inputs < 10))
    assert (weighted.value, weighted.low, weighted.high) == pytest.approx((repeated.value, repeated.low, repeated.high))


def test_score_that_only_tells_strategies_apart_has_no_association_within_them() -> None:
    rng = np.random.default_rng(3)
    strategy = np.tile([0, 1], 60)
    scores, ratings = strategy + 0.1 * rng.normal(size=120), np.digitize(2 * strategy + rng.normal(size=120), [0, 1, 2])
    inputs = np.repeat(np.arange(60), 2)
    across, within = rank_association(scores, ratings, inputs), rank_association(scores, ratings, inputs, strata=strategy)
    assert across.low is not None and across.low > 0.4
    assert within.low is not None and within.high is not None and within.low < 0 < within.high


@pytest.mark.parametrize(
    ("scores", "ratings", "reason"),
    [
        ([1, 2], [1, 2], "fewer than three rated inputs"),
        ([1, 1, 1, 1], [1, 2, 3, 4], "all scores or all ratings are equal"),
        ([1, 2, 3, 4], [2, 2, 2, 2], "all scores or all ratings are equal"),
        ([1, 0, 0, 0], [1, 0, 0, 0], "the correlation rests on single inputs"),
    ],
)
def test_what_cannot_be_estimated_says_why(scores: Sequence[float], ratings: Sequence[float], reason: str) -> None:
    result = rank_association(scores, ratings, list("abcd")[: len(scores)])
    assert (result.low, result.reliable, result.reason) == (None, False, reason)


def test_length_that_explains_the_score_leaves_nothing() -> None:
    _, ratings, lengths, inputs = draw(np.random.default_rng(4), 30, 2)
    assert rank_association(-lengths, ratings, inputs, given=lengths).value is None


def partial_correlation(scores: np.ndarray, ratings: np.ndarray, lengths: np.ndarray) -> float:
    r = np.corrcoef([rankdata(values) for values in (scores, ratings, lengths)])
    return float((r[0, 1] - r[0, 2] * r[1, 2]) / np.sqrt((1 - r[0, 2] ** 2) * (1 - r[1, 2] ** 2)))


def coverage(rng: np.random.Generator, inputs: int, outputs: int, slope: float, levels: int, samples: int) -> tuple[float, float]:
    """How often a stated interval holds the true partial correlation, and in how many samples a lower limit above 0.2 is shown.

    No interval is stated where at most one output is rated otherwise than all others, and only there.
    """
    truth = partial_correlation(*draw(np.random.default_rng(99), 100_000, outputs, slope, levels)[:3])
    held = shown = stated = 0
    for _ in range(samples):
        scores, ratings, lengths, clusters = draw(rng, inputs, outputs, slope, levels)
        result = rank_association(scores, ratings, clusters, given=lengths)
        if np.unique(ratings, return_counts=True)[1].max() >= len(ratings) - 1:
            assert not result.reliable and result.low is None
            continue
        assert result.low is not None and result.high is not None and result.reliable
        stated += 1
        held += result.low <= truth <= result.high
        shown += result.low > 0.2
    return held / stated, shown / samples


def test_interval_holds_the_truth_and_a_worthless_score_is_not_shown_to_agree() -> None:
    held, shown = coverage(np.random.default_rng(5), 30, 3, 0.0, 4, 300)
    assert held > 0.91 and shown < 0.02
    held, shown = coverage(np.random.default_rng(6), 30, 3, 1.0, 4, 300)
    assert held > 0.91 and shown > 0.5


@pytest.mark.soak
@pytest.mark.parametrize("inputs", [20, 30, 60, 200])
@pytest.mark.parametrize("outputs", [1, 2, 4])
@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("levels", [2, 4])
def test_coverage(inputs: int, outputs: int, slope: float, levels: int) -> None:
    held, shown = coverage(np.random.default_rng([inputs, outputs, levels]), inputs, outputs, slope, levels, 2000)
    print(f"inputs {inputs}, outputs {outputs}, slope {slope}, levels {levels}: coverage {held:.3f}, shown {shown:.3f}")
    assert held > 0.925
    assert slope or shown < 0.02
