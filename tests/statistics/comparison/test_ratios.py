"""By what share errors fall: the value, an interval that covers, and the refusal where there is nothing to divide by."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics import FACTS, metrics_for
from harness.statistics import Improvement, KeptGain, Reduction, kept_gain, relative_improvement, relative_reduction
from harness.types import Metric

RATE = FACTS.build(())[0]
ROUGE = metrics_for(["rouge"], [])[2]


def reduced(a: object, b: object, **more: object) -> Reduction | None:
    return relative_reduction(np.asarray(a, dtype=float), np.asarray(b, dtype=float), metric=RATE, **more)  # type: ignore[arg-type]


def test_the_share_and_its_interval() -> None:
    result = reduced([1] * 180 + [0] * 20, [1] * 60 + [0] * 140)
    assert result is not None and result.low is not None and result.high is not None
    assert (result.before, result.after, result.n) == (0.9, 0.3, 200)
    assert result.value == pytest.approx(2 / 3)
    # the delta method: the log of the ratio of the rates, whose errors are nested here
    spread = 1.96 * np.sqrt((1 - 0.3) / (200 * 0.3) - (1 - 0.9) / (200 * 0.9))
    assert (result.low, result.high) == pytest.approx((1 - np.exp(np.log(1 / 3) + spread), 1 - np.exp(np.log(1 / 3) - spread)), abs=0.02)


def improved(a: object, b: object, metric: Metric = ROUGE, **more: object) -> Improvement | None:
    sides = (np.asarray(side, dtype=float) for side in (a, b))
    return relative_improvement(*sides, metric=metric, resamples=400, **more)  # type: ignore[arg-type]


def test_the_share_by_which_a_score_is_better() -> None:
    a = np.linspace(0.2, 0.6, 200)
    better, worse = improved(a, 1.5 * a), improved(a, 0.8 * a)
    assert better is not None and worse is not None
    assert (better.value, better.low, better.high) == pytest.approx((0.5, 0.5, 0.5)), "in every sample by the same share"
    assert worse.value == pytest.approx(-0.2)
    fewer = improved([1.0] * 150 + [0.0] * 50, [1.0] * 75 + [0.0] * 125, metric=RATE)
    assert fewer is not None and fewer.value == pytest.approx(0.5), "half as many errors"


@pytest.mark.parametrize("scores", [[0.0] * 200, [0.5] + [0.0] * 199, [-0.2, 0.2] * 100])
def test_a_share_of_nothing_has_no_value(scores: list[float]) -> None:
    result = improved(scores, [0.5] * 200)
    assert result is not None and (result.value, result.low, result.high) == (None, None, None)
    assert "cannot be distinguished from 0" in result.reason


def test_few_examples_give_a_share_of_low_confidence() -> None:
    draw = np.random.default_rng(0)
    few, enough = (improved(draw.random(n), draw.random(n)) for n in (99, 100))
    assert few is not None and enough is not None and not few.reliable and enough.reliable
    assert improved([0.5], [0.6]) is None


def test_more_errors_are_below_zero() -> None:
    result = reduced([1, 0] * 60, [1, 1, 1, 0] * 30)
    assert result is not None and result.value == pytest.approx(-0.5)
    assert result.low is not None and result.high is not None and result.low < -0.5 < result.high < 0


def test_all_examples_wrong_before() -> None:
    result = reduced([1] * 100, [1] * 40 + [0] * 60)
    assert result is not None and result.value == pytest.approx(0.6)
    assert result.low == pytest.approx(0.5, abs=0.03) and result.high == pytest.approx(0.7, abs=0.03)


def test_a_rate_near_0_is_not_divided_by() -> None:
    for errors in (0, 1, 2):
        result = reduced([1] * errors + [0] * (200 - errors), [0] * 200)
        assert result is not None and (result.value, result.low, result.high) == (None, None, None)
        assert result.before == errors / 200 and "cannot be distinguished from 0" in result.reason
    assert reduced([np.nan, 1.0], [1.0, np.nan]) is None
    assert reduced([1.0], [0.0]) is None


def test_seeds_are_averaged_and_examples_without_a_score_are_left_out() -> None:
    a = np.array([[1.0]] * 100 + [[np.nan]])
    b = np.array([[1.0, 0.0]] * 100 + [[1.0, 1.0]])
    result = reduced(a, b)
    assert result is not None and (result.value, result.n) == (0.5, 100)


def test_clusters_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    per_group = (rng.random(50) < 0.4).astype(float)
    b, groups = np.repeat(per_group, 6), [str(i // 6) for i in range(300)]
    alone, together = reduced(np.ones(300), b), reduced(np.ones(300), b, groups=groups)
    assert alone is not None and together is not None
    assert together.high - together.low > 1.8 * (alone.high - alone.low)  # type: ignore[operator]


def test_the_interval_covers() -> None:
    """Both rates fall on the same rows, as they do in practice; 400 test sets of 150 rows."""
    rng, covered = np.random.default_rng(1), 0
    for _ in range(400):
        hard = rng.random(150)
        result = reduced(hard < 0.8, (hard < 0.8) & (rng.random(150) < 0.5), resamples=400)
        covered += result is not None and result.low <= 0.5 <= result.high  # type: ignore[operator]
    assert 0.92 <= covered / 400 <= 0.98


def test_reductions_need_a_score_where_lower_is_better() -> None:
    with pytest.raises(ValueError, match="lower is better"):
        relative_reduction(np.ones(10), np.ones(10), metric=ROUGE)
    with pytest.raises(ValueError, match="A has"):
        reduced(np.ones(10), np.ones(9))


# ------------------------------------------------------------------------------------------------------------ kept quality


def kept(base: object, a: object, b: object, **more: object) -> KeptGain | None:
    sides = (np.asarray(side, dtype=float) for side in (base, a, b))
    return kept_gain(*sides, metric=ROUGE, **more)  # type: ignore[arg-type]


def test_the_kept_share_and_its_interval() -> None:
    rng = np.random.default_rng(0)
    base, noise = rng.beta(2, 6, 300), rng.normal(0, 0.05, (2, 300))
    result = kept(base, base + 0.4 + noise[0], base + 0.36 + noise[1])
    assert result is not None and result.value is not None and result.low is not None and result.high is not None
    assert result.value == pytest.approx(0.9, abs=0.02)
    # the delta method: the error of a ratio of two means
    gains = 0.4 + noise[0], 0.36 + noise[1]
    spread = 1.96 * np.std(gains[1] - result.value * gains[0], ddof=1) / np.sqrt(300) / gains[0].mean()
    assert (result.low, result.high) == pytest.approx((result.value - spread, result.value + spread), abs=0.005)


def test_kept_shares_above_1_and_below_0() -> None:
    rng = np.random.default_rng(1)
    base = rng.beta(2, 6, 200)
    more, less = kept(base, base + 0.2, base + 0.3), kept(base, base + 0.2, base - 0.1)
    assert more is not None and less is not None
    assert (more.value, less.value) == pytest.approx((1.5, -0.5))


def test_a_gain_that_is_not_shown_has_no_kept_share() -> None:
    rng = np.random.default_rng(2)
    base, noise = rng.beta(2, 6, 200), rng.normal(0, 0.1, 200)
    result = kept(base, base + noise, base + 0.3)
    assert result is not None and (result.value, result.low, result.high) == (None, None, None)
    assert "not shown to gain anything" in result.reason
    assert kept(base[:1], base[:1], base[:1]) is None


def test_lower_is_better_where_the_score_says_so() -> None:
    base, a, b = np.array([1.0] * 90 + [0.0] * 10), np.array([1.0] * 30 + [0.0] * 70), np.array([1.0] * 45 + [0.0] * 55)
    result = kept_gain(base, a, b, metric=RATE)
    assert result is not None and result.value == pytest.approx(0.75)
    words = metrics_for(["length"], [])[0]
    with pytest.raises(ValueError, match="higher or lower is better"):
        kept_gain(base, a, b, metric=words)


def test_a_loss_has_no_kept_share() -> None:
    base, a, b = np.array([1.0] * 164 + [0.0] * 136), np.array([1.0] * 124 + [0.0] * 176), np.array([1.0] * 90 + [0.0] * 210)
    accuracy = {m.name: m for m in metrics_for(["classification"], "ab")}["accuracy"]
    for first, second, third, metric in ((base, a, b, accuracy), (1 - base, 1 - a, 1 - b, RATE)):
        result = kept_gain(first, second, third, metric=metric)
        assert result is not None and result.value is None


def test_no_error_on_these_examples_is_not_certainty() -> None:
    result = reduced([1] * 50 + [0] * 50, [0] * 100)
    assert result is not None and (result.value, result.high) == (1.0, 1.0)
    assert result.low == pytest.approx(1 - 0.0362 / 0.5, abs=0.0005), "up to 3.6% may have errors"
    assert not result.reliable
    counts = {m.name: m for m in FACTS.build(())}["critical_errors"]
    counted = relative_reduction(np.array([3.0] * 50 + [0.0] * 50), np.zeros(100), metric=counts)
    assert counted is not None and counted.low == pytest.approx(result.low)


def test_seeds_of_the_kept_gain_are_averaged() -> None:
    rng = np.random.default_rng(3)
    base = rng.beta(2, 6, (150, 1))
    three = base + 0.4 + rng.normal(0, 0.05, (150, 3))
    result, alone = kept(base, three, base + 0.3), kept(base, three.mean(axis=1, keepdims=True), base + 0.3)
    assert result is not None and alone is not None
    assert (result.value, result.low) == pytest.approx((alone.value, alone.low))
