"""Comparisons agree with other libraries, keep their size, and word their verdict by the margin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from harness.metrics import metrics_for
from harness.statistics import Comparison, clopper_pearson_interval, compare_scores
from harness.types import Metric

CLASSIFICATION = {m.name: m for m in metrics_for(["classification"], "abcd")}
ACCURACY, MACRO_F1 = CLASSIFICATION["accuracy"], CLASSIFICATION["macro_f1"]
ROUGE = metrics_for(["rouge"], [])[2]
WORDS = metrics_for(["length"], [])[0]


def compare(a: object, b: object, metric: Metric = ROUGE, margin: float = 0.01, **more: object) -> Comparison:
    return compare_scores(np.asarray(a, dtype=float), np.asarray(b, dtype=float), metric=metric, margin=margin, **more)  # type: ignore[arg-type]


def test_means_agree_with_scipys_paired_t() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.beta(2, 3, size=60), rng.beta(2.2, 3, size=60)
    result, expected = compare(a, b), stats.ttest_rel(b, a)
    limits = expected.confidence_interval()
    assert result.p_value == pytest.approx(expected.pvalue, abs=1e-12)
    assert (result.difference, result.low, result.high) == pytest.approx(((b - a).mean(), limits.low, limits.high), abs=1e-12)
    assert (result.better, result.equal, result.worse) == ((b > a).sum(), 0, (b < a).sum())
    assert result.method == "paired t, n=60"


def test_swapping_the_sides_swaps_the_result() -> None:
    rng = np.random.default_rng(1)
    a = rng.beta(2, 3, size=80)
    b = np.clip(a + rng.normal(0.05, 0.1, size=80), 0, 1)
    there, back = compare(a, b), compare(b, a)
    assert (there.difference, there.low, there.high) == pytest.approx((-back.difference, -back.high, -back.low))  # type: ignore[operator]
    assert there.p_value == pytest.approx(back.p_value)
    assert (there.verdict, back.verdict) == ("better", "worse")


def test_seeds_are_averaged_within_an_example() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.beta(2, 3, size=(50, 1)), rng.beta(2, 3, size=(50, 3))
    result = compare(a, b)
    assert result.n == 50
    assert result.p_value == pytest.approx(stats.ttest_rel(b.mean(axis=1), a[:, 0]).pvalue)
    assert result.method == "paired t, n=50; seeds averaged: 1 and 3"


def test_the_same_seed_three_times_is_no_more_evidence() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.beta(2, 3, size=(50, 1)), rng.beta(2, 3, size=(50, 1))
    once, thrice = compare(a, b), compare(np.repeat(a, 3, axis=1), np.repeat(b, 3, axis=1))
    assert (thrice.low, thrice.high, thrice.p_value) == pytest.approx((once.low, once.high, once.p_value))


def test_groups_make_it_cluster_robust() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.beta(2, 3, size=40), rng.beta(2, 3, size=40)
    copied = compare(np.repeat(a, 5), np.repeat(b, 5), groups=[str(k) for k in range(40) for _ in range(5)])
    alone = compare(a, b)
    assert (copied.low, copied.high, copied.p_value) == pytest.approx((alone.low, alone.high, alone.p_value))
    assert "paired cluster-robust t (CR2), n=200 in 40 groups" in copied.method


def test_examples_without_a_score_are_dropped_on_both_sides() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.beta(2, 3, size=(2, 50))
    with_gaps_a, with_gaps_b = a.copy(), b.copy()
    with_gaps_a[3], with_gaps_b[[3, 7]] = np.nan, np.nan
    result = compare(with_gaps_a, with_gaps_b)
    assert (result.n, result.dropped) == (48, 2)
    assert replace(result, dropped=0) == compare(np.delete(a, [3, 7]), np.delete(b, [3, 7]))


def test_few_examples_and_few_differences_are_not_reliable() -> None:
    rng = np.random.default_rng(6)
    a = rng.beta(2, 3, size=100)
    b = a.copy()
    b[:4] += 0.01 * rng.random(4)
    nearly_equal, few = compare(a, b), compare(a[:12], rng.beta(2, 3, size=12))
    assert (nearly_equal.method, nearly_equal.reliable) == ("paired t and Hall's, n=100, 4 differ", False)
    assert nearly_equal.reason == "fewer than 10 examples differ"
    assert (few.method, few.reliable, few.reason) == ("paired t, n=12", False, "fewer than 30 examples")


@pytest.mark.parametrize("shift", [-0.2, -0.05, 0.05, 0.2])
def test_the_p_value_is_the_level_of_the_interval_that_ends_at_0(shift: float) -> None:
    differences = np.random.default_rng(8).exponential(0.3, 60) - 0.3
    differences += shift - differences.mean()
    p_value = compare_scores(np.zeros(60), differences, metric=ROUGE, margin=None).p_value
    assert p_value is not None
    result = compare_scores(np.zeros(60), differences, metric=ROUGE, margin=None, confidence=1 - p_value)
    assert (result.low if shift > 0 else result.high) == pytest.approx(0, abs=1e-9)
    assert p_value >= stats.ttest_1samp(differences, 0).pvalue


def counts(gold: np.ndarray, answer: np.ndarray) -> np.ndarray:
    one_hot = np.eye(4)
    return np.hstack([one_hot[gold] * (gold == answer)[:, None], one_hot[answer], one_hot[gold]])


def classifiers(seed: int, n: int, *skills: float) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    gold = rng.choice(4, size=n, p=[0.4, 0.3, 0.2, 0.1])
    return tuple(counts(gold, np.where(rng.random(n) < skill, gold, rng.integers(4, size=n))) for skill in skills)


def test_corpus_scores_by_a_plain_loop() -> None:
    a, b = classifiers(0, 150, 0.6, 0.8)
    result = compare(a, b, MACRO_F1, resamples=2000, seed=1)
    rng = np.random.default_rng(99)
    drawn = [rng.integers(150, size=150) for _ in range(2000)]
    n = np.array(150.0)
    loop = np.array([MACRO_F1.aggregate(b[d].sum(0), n) - MACRO_F1.aggregate(a[d].sum(0), n) for d in drawn])
    assert result.difference == pytest.approx(float(MACRO_F1.aggregate(b.sum(0), n) - MACRO_F1.aggregate(a.sum(0), n)))
    assert (result.low, result.high) == pytest.approx(np.quantile(loop, [0.025, 0.975]), abs=0.015)
    extreme = np.count_nonzero(np.abs(loop - loop.mean()) >= result.difference)
    assert result.p_value == pytest.approx((extreme + 1) / 2001, abs=0.002)
    assert (result.better, result.verdict) == (None, "better")


def test_corpus_scores_of_seeds_are_their_mean() -> None:
    a, b, c = classifiers(1, 120, 0.6, 0.7, 0.8)
    n = np.array(120.0)
    one, two, three = (float(MACRO_F1.aggregate(x.sum(0), n)) for x in (a, b, c))
    result = compare(a, np.stack([b, c], axis=1), MACRO_F1)
    assert result.difference == pytest.approx((two + three) / 2 - one)
    assert result.n == 120


def test_corpus_scores_resample_groups() -> None:
    a, b = classifiers(2, 110, 0.6, 0.7)
    alone = compare(a, b, MACRO_F1)
    copied = compare(np.repeat(a, 4, axis=0), np.repeat(b, 4, axis=0), MACRO_F1, groups=[str(k) for k in range(110) for _ in range(4)])
    assert (copied.low, copied.high, copied.p_value) == pytest.approx((alone.low, alone.high, alone.p_value))


def shifted(by: float, spread: float, n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(8)
    a, noise = rng.uniform(0.3, 0.6, size=n), rng.normal(size=n)
    return a, a + by + spread * (noise - noise.mean())


@pytest.mark.parametrize(
    ("by", "spread", "n", "verdict", "equivalent"),
    [
        (0.05, 0.1, 200, "better", False),
        (-0.05, 0.1, 200, "worse", False),
        (0.0, 0.01, 200, "undecided", False),  # 1.5% of examples, which no 200 need show, could differ by the whole scale
        (0.0, 0.01, 2000, "tied", True),
        (0.01, 0.2, 200, "undecided", False),
        (0.005, 0.01, 2000, "better", True),  # sure to be better, and by less than matters
    ],
)
def test_verdict(by: float, spread: float, n: int, verdict: str, equivalent: bool) -> None:
    result = compare(*shifted(by, spread, n), margin=0.01)
    assert (result.verdict, result.equivalent) == (verdict, equivalent)


def test_direction() -> None:
    a, b = shifted(0.05, 0.1)
    lower = replace(ROUGE, direction="lower")
    result = compare(a, b, lower)
    assert result.verdict == "worse"
    assert (result.better, result.worse) == ((b < a).sum(), (b > a).sum())
    assert compare(a * 100, b * 100, WORDS, margin=1).verdict == "different"


def test_identical_outputs_are_tied_only_when_enough_were_seen() -> None:
    for metric, make in ((ROUGE, lambda n: np.linspace(0.1, 0.9, n)), (MACRO_F1, lambda n: classifiers(3, n, 0.7)[0])):
        few, many = (compare(make(n), make(n), metric, margin=0.01) for n in (100, 1000))
        assert (few.verdict, many.verdict) == ("undecided", "tied")
        assert few.p_value == many.p_value == 1.0
        assert few.method.endswith("no spread") and not few.reliable


def test_equal_differences_need_more_than_two_examples() -> None:
    def always(n: int) -> Comparison:
        return compare(np.zeros((n, 2)), np.ones((n, 2)), ACCURACY)

    assert always(2).verdict == "undecided"
    assert always(60).verdict == "better"
    least = clopper_pearson_interval(60, 60).low  # of the examples that are better; the others might be worse by as much
    assert least is not None and (always(60).low, always(60).high) == pytest.approx((2 * least - 1, 1.0))
    wrong, right = classifiers(4, 60, 0.0, 1.0)
    wrong[:, :8] = 0  # no answer is a label
    assert compare(wrong, right, MACRO_F1).verdict == "better"


def test_nothing_to_compare() -> None:
    empty = compare(np.full(3, np.nan), np.ones(3))
    assert (empty.difference, empty.verdict, empty.n, empty.dropped) == (None, "undecided", 0, 3)
    assert compare([0.1], [0.9]).verdict == "undecided"
    assert compare([0.1, 0.2], [0.9, 0.8], groups=["g", "g"]).low is None
    assert compare(*classifiers(5, 1, 0.1, 0.9), MACRO_F1).low is None


def test_arguments_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="margin"):
        compare([0.1], [0.2], margin=0)
    with pytest.raises(ValueError, match="A has"):
        compare([0.1, 0.2], [0.2])
    with pytest.raises(ValueError, match="macro_f1"):
        compare([0.1], [0.2], MACRO_F1)
    with pytest.raises(ValueError, match="1 groups"):
        compare([0.1, 0.2], [0.2, 0.3], groups=["a"])


def test_t_keeps_its_size() -> None:
    rng = np.random.default_rng(20)
    a, b = rng.beta(0.5, 2, size=(2, 1000, 30))
    verdicts = [compare(x, y).p_value < 0.05 for x, y in zip(a, b, strict=True)]  # type: ignore[operator]
    assert 0.03 <= np.mean(verdicts) <= 0.065


def test_bootstrap_keeps_its_size() -> None:
    p_values = [compare(*classifiers(seed, 150, 0.7, 0.7), MACRO_F1, resamples=400).p_value for seed in range(500)]
    assert 0.02 <= np.mean(np.array(p_values) < 0.05) <= 0.075


def test_an_interval_stays_within_the_scale() -> None:
    rng = np.random.default_rng(7)
    result = compare(np.zeros(12), np.clip(rng.normal(1.3, 0.5, 12), 0, 1))
    assert result.high == 1.0
    assert result.low is not None and 0 < result.low < 1


def test_nothing_is_tied_without_a_margin() -> None:
    same = np.tile([0.2, 0.8], 100)
    close = same + np.tile([0.001, 0.0, -0.001, 0.0], 50)
    assert compare(same, close, margin=0.1).verdict == "tied"
    result = compare_scores(same, close, metric=ROUGE, margin=None)
    assert (result.verdict, result.equivalent, result.margin) == ("undecided", False, None)


def test_an_unbounded_score_without_spread_has_no_interval() -> None:
    errors = {m.name: m for m in metrics_for(["facts"], [])}["critical_errors"]
    result = compare(np.array([2.0, 3.0]), np.array([2.0, 3.0]), metric=errors)
    assert (result.low, result.high, result.verdict) == (None, None, "undecided")


def test_differences_that_are_equal_except_for_rounding_have_no_spread() -> None:
    result = compare([0.1, 0.3, 0.5], [0.3, 0.5, 0.7])
    assert result.p_value == pytest.approx(0.25)
    assert result.verdict == "undecided"
