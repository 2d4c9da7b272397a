"""By what share errors fall: the value, an interval that covers, and the refusal where there is nothing to divide by."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics import FACTS, metrics_for
from harness.statistics import KeptGain, Reduction, kept_gain, relative_reduction

RATE = FACTS.build(())[0]
ROUGE = metrics_for(["rouge"], [])[2]


def reduced(a: object, b: object, **more: object) -> Reduction | None:
    return relative_reduction(np.asarray(a, dtype=float), np.asarray(b, dtype=float), metric=RATE, **more)  # type: ignore[arg-type]


def test_the_share_and_its_interval() -> None:
    found = reduced([1] * 180 + [0] * 20, [1] * 60 + [0] * 140)
    assert found is not None and found.low is not None and found.high is not None
    assert (found.before, found.after, found.n) == (0.9, 0.3, 200)
    assert found.value == pytest.approx(2 / 3)
    # the delta method: the log of the ratio of the rates, whose errors are nested here
    spread = 1.96 * np.sqrt((1 - 0.3) / (200 * 0.3) - (1 - 0.9) / (200 * 0.9))
    assert (found.low, found.high) == pytest.approx((1 - np.exp(np.log(1 / 3) + spread), 1 - np.exp(np.log(1 / 3) - spread)), abs=0.02)


def test_more_errors_are_below_zero() -> None:
    found = reduced([1, 0] * 60, [1, 1, 1, 0] * 30)
    assert found is not None and found.value == pytest.approx(-0.5)
    assert found.low is not None and found.high is not None and found.low < -0.5 < found.high < 0


def test_every_row_wrong_before() -> None:
    found = reduced([1] * 100, [1] * 40 + [0] * 60)
    assert found is not None and found.value == pytest.approx(0.6)
    assert found.low == pytest.approx(0.5, abs=0.03) and found.high == pytest.approx(0.7, abs=0.03)


def test_nothing_to_divide_by() -> None:
    for errors in (0, 1, 2):
        found = reduced([1] * errors + [0] * (200 - errors), [0] * 200)
        assert found is not None and (found.value, found.low, found.high) == (None, None, None)
        assert found.before == errors / 200 and "cannot be distinguished from 0" in found.reason
    assert reduced([np.nan, 1.0], [1.0, np.nan]) is None
    assert reduced([1.0], [0.0]) is None


def test_seeds_are_averaged_and_rows_without_a_number_are_left_out() -> None:
    a = np.array([[1.0]] * 100 + [[np.nan]])
    b = np.array([[1.0, 0.0]] * 100 + [[1.0, 1.0]])
    found = reduced(a, b)
    assert found is not None and (found.value, found.n) == (0.5, 100)


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
        found = reduced(hard < 0.8, (hard < 0.8) & (rng.random(150) < 0.5), resamples=400)
        covered += found is not None and found.low <= 0.5 <= found.high  # type: ignore[operator]
    assert 0.92 <= covered / 400 <= 0.98


def test_only_what_should_be_low_is_reduced() -> None:
    with pytest.raises(ValueError, match="lower is better"):
        relative_reduction(np.ones(10), np.ones(10), metric=ROUGE)
    with pytest.raises(ValueError, match="A has"):
        reduced(np.ones(10), np.ones(9))


# ------------------------------------------------------------------------------------------------------------ kept quality


def kept(base: object, a: object, b: object, **more: object) -> KeptGain | None:
    sides = (np.asarray(side, dtype=float) for side in (base, a, b))
    return kept_gain(*sides, metric=ROUGE, **more)  # type: ignore[arg-type]


def test_what_b_keeps_of_the_gain() -> None:
    rng = np.random.default_rng(0)
    base, noise = rng.beta(2, 6, 300), rng.normal(0, 0.05, (2, 300))
    found = kept(base, base + 0.4 + noise[0], base + 0.36 + noise[1])
    assert found is not None and found.value is not None and found.low is not None and found.high is not None
    assert found.value == pytest.approx(0.9, abs=0.02)
    # the delta method: the error of a ratio of two means
    gains = 0.4 + noise[0], 0.36 + noise[1]
    spread = 1.96 * np.std(gains[1] - found.value * gains[0], ddof=1) / np.sqrt(300) / gains[0].mean()
    assert (found.low, found.high) == pytest.approx((found.value - spread, found.value + spread), abs=0.005)


def test_more_than_all_and_less_than_nothing() -> None:
    rng = np.random.default_rng(1)
    base = rng.beta(2, 6, 200)
    more, less = kept(base, base + 0.2, base + 0.3), kept(base, base + 0.2, base - 0.1)
    assert more is not None and less is not None
    assert (more.value, less.value) == pytest.approx((1.5, -0.5))


def test_a_gain_that_is_none_cannot_be_kept() -> None:
    rng = np.random.default_rng(2)
    base, noise = rng.beta(2, 6, 200), rng.normal(0, 0.1, 200)
    found = kept(base, base + noise, base + 0.3)
    assert found is not None and (found.value, found.low, found.high) == (None, None, None)
    assert "not shown to gain anything" in found.reason
    assert kept(base[:1], base[:1], base[:1]) is None


def test_less_is_better_where_the_score_says_so() -> None:
    base, a, b = np.array([1.0] * 90 + [0.0] * 10), np.array([1.0] * 30 + [0.0] * 70), np.array([1.0] * 45 + [0.0] * 55)
    found = kept_gain(base, a, b, metric=RATE)
    assert found is not None and found.value == pytest.approx(0.75)
    words = metrics_for(["length"], [])[0]
    with pytest.raises(ValueError, match="higher or lower is better"):
        kept_gain(base, a, b, metric=words)


def test_a_loss_is_no_gain_of_which_something_could_be_kept() -> None:
    base, a, b = np.array([1.0] * 164 + [0.0] * 136), np.array([1.0] * 124 + [0.0] * 176), np.array([1.0] * 90 + [0.0] * 210)
    accuracy = {m.name: m for m in metrics_for(["classification"], "ab")}["accuracy"]
    for first, second, third, metric in ((base, a, b, accuracy), (1 - base, 1 - a, 1 - b, RATE)):
        found = kept_gain(first, second, third, metric=metric)
        assert found is not None and found.value is None


def test_no_error_left_is_not_certain_to_be_none() -> None:
    found = reduced([1] * 50 + [0] * 50, [0] * 100)
    assert found is not None and (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(1 - 0.0362 / 0.5, abs=0.0005), "up to 3.6 % may have errors"
    assert not found.reliable
    counts = {m.name: m for m in FACTS.build(())}["critical_errors"]
    counted = relative_reduction(np.array([3.0] * 50 + [0.0] * 50), np.zeros(100), metric=counts)
    assert counted is not None and counted.low == pytest.approx(found.low)


def test_seeds_of_kept_quality_are_averaged() -> None:
    rng = np.random.default_rng(3)
    base = rng.beta(2, 6, (150, 1))
    three = base + 0.4 + rng.normal(0, 0.05, (150, 3))
    found, alone = kept(base, three, base + 0.3), kept(base, three.mean(axis=1, keepdims=True), base + 0.3)
    assert found is not None and alone is not None
    assert (found.value, found.low) == pytest.approx((alone.value, alone.low))
