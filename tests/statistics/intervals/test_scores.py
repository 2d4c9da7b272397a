"""From predictions to scores with intervals."""

from __future__ import annotations

import numpy as np
import pytest
from chance import at_most, enough

from harness.errors import BenchError
from harness.metrics import metrics_for
from harness.statistics import (
    bootstrap_interval,
    compare_scores,
    compute_scores,
    example_statistics,
    mean_interval,
    per_example_scores,
    proportion_interval,
    score_claim_limits,
    score_stacks,
    score_strategy,
    statistic_stack,
)
from harness.types import Example, Prediction

LABELS = ("a", "b", "c")
CLASSIFICATION = metrics_for(["classification"], LABELS)
TEXT = metrics_for(["rouge", "exact_match", "length"], [])
MACRO_F1 = next(m for m in CLASSIFICATION if m.name == "macro_f1")
MICRO_F1 = next(m for m in CLASSIFICATION if m.name == "micro_f1")


def classified(seed: int, n: int = 150, skill: float = 0.7, group_size: int = 1) -> tuple[list[Example], list[Prediction]]:
    gold = np.random.default_rng(0).choice(LABELS, size=n)
    rng = np.random.default_rng(seed)
    answers = np.where(rng.random(n) < skill, gold, rng.choice(LABELS, size=n))
    examples = [Example(str(k), {}, (str(g),), LABELS, group=f"p{k // group_size}") for k, g in enumerate(gold)]
    return examples, [Prediction(str(k), str(a), extracted=str(a)) for k, a in enumerate(answers)]


def written(n: int = 40) -> tuple[list[Example], list[Prediction]]:
    rng, words = np.random.default_rng(1), ["pain", "cough", "fever", "none", "daily"]
    examples = [Example(str(k), {}, (" ".join(rng.choice(words, size=6)),)) for k in range(n)]
    return examples, [Prediction(str(k), " ".join(rng.choice(words, size=5))) for k in range(n)]


def test_binary_scores_get_the_interval_of_a_proportion() -> None:
    examples, predictions = classified(1)
    right = sum(e.targets[0] == p.extracted for e, p in zip(examples, predictions, strict=True))
    score, expected = compute_scores(CLASSIFICATION, examples, predictions)["accuracy"], proportion_interval(right, 150)
    assert (score.value, score.low, score.high) == pytest.approx((right / 150, expected.low, expected.high))
    assert (score.n, score.dropped, score.method) == (150, 0, "Wilson and mid-P, n=150")


def test_means_get_t() -> None:
    examples, predictions = written()
    metric = TEXT[0]
    stats, kept = example_statistics(metric, examples, predictions)
    assert stats.shape == (40, 1)
    assert kept.tolist() == list(range(40))
    score, expected = compute_scores(TEXT, examples, predictions)["rouge1"], mean_interval(stats[:, 0])
    assert (score.value, score.low, score.high) == pytest.approx((stats.mean(), expected.low, expected.high))
    assert score.method == "t, n=40"


def test_corpus_scores_get_a_labelled_bootstrap() -> None:
    examples, predictions = classified(2)
    stats, _ = example_statistics(MICRO_F1, examples, predictions)
    score = compute_scores(CLASSIFICATION, examples, predictions, resamples=500, seed=9)["micro_f1"]
    expected = bootstrap_interval(stats, MICRO_F1.aggregate, resamples=500, seed=9)
    assert stats.shape == (150, 9)
    assert (score.low, score.high) == pytest.approx((expected.low, expected.high))
    assert score.value == pytest.approx(float(MICRO_F1.aggregate(stats.sum(axis=0), np.array(150.0))))
    assert score.method == "bootstrap percentile, n=150, 500 resamples, seed 9"


def test_averages_over_labels_have_the_interval_of_their_claims() -> None:
    examples, predictions = classified(2)
    stack = statistic_stack(MACRO_F1, examples, [predictions])
    score = compute_scores(CLASSIFICATION, examples, predictions, resamples=500, seed=9)["macro_f1"]
    limits = score_claim_limits(stack, metric=MACRO_F1, groups=[None] * 150, alpha=0.025, resamples=500, seed=9)
    assert (score.low, score.high) == pytest.approx((limits.low, limits.high))
    assert score.method == "bootstrap bias-corrected percentile, n=150, 500 resamples, seed 9"
    few = score_stacks([MACRO_F1], lambda metric: stack[:105], [None] * 105)["macro_f1"]
    rare = np.vstack([stack[stack[:, 0, 8] == 0][:91], stack[stack[:, 0, 8] == 1][:9]])
    named = score_stacks([MACRO_F1], lambda metric: rare, [None] * 100)["macro_f1"]
    assert few.reliable and not named.reliable
    assert (
        named.reason == "fewer than 10 examples of the label 'c'; a score that weighs all examples equally, such as accuracy, needs fewer"
    )


def coverage_of_macro_f1(labels: int, rarest: int, skill: float, times: int) -> float:
    """Labels that occur equally often, except for one that occurs a fifth as often. Only intervals that are called reliable count."""
    names = [str(k) for k in range(labels)]
    metric = next(m for m in metrics_for(["classification"], names) if m.name == "macro_f1")
    shares = np.array([5.0] * (labels - 1) + [1.0]) / (5 * labels - 4)
    n, eye, rng = max(100, round(rarest / shares[-1])), np.eye(labels), np.random.default_rng(labels)

    def draw(size: int) -> np.ndarray:
        gold = rng.choice(labels, size, p=shares)
        answer = np.where(rng.random(size) < skill, gold, rng.integers(labels, size=size))
        return np.hstack([eye[gold] * (gold == answer)[:, None], eye[answer], eye[gold]])

    true = float(metric.aggregate(sum(draw(50_000).sum(axis=0) for _ in range(20)), np.array(1e6)))
    held = []
    for _ in range(times):
        stack = draw(n)[:, None, :]
        score = score_stacks([metric], lambda m, stack=stack: stack, [None] * n, resamples=300)["macro_f1"]  # type: ignore[misc]
        assert score.low is not None and score.high is not None
        if score.reliable:
            held.append(score.low <= true <= score.high)
    assert len(held) > times / 2
    return float(np.mean(held))


def test_macro_f1_with_a_rare_label_is_covered() -> None:
    """Percentiles of the bootstrap cover 90% here, and 71% of the balanced accuracies."""
    assert at_most(0.07, 1 - coverage_of_macro_f1(2, 20, 0.9, 100), 100)


@pytest.mark.soak
@pytest.mark.parametrize(("labels", "rarest"), [(2, 14), (2, 50), (4, 14), (10, 20), (30, 20), (77, 20)])
@pytest.mark.parametrize("skill", [0.75, 0.9])
def test_macro_f1_is_covered_in_a_long_simulation(labels: int, rarest: int, skill: float) -> None:
    times = enough(0.07)
    assert at_most(0.07, 1 - coverage_of_macro_f1(labels, rarest, skill, times), times)


def test_groups_make_scores_cluster_robust() -> None:
    examples, predictions = classified(3, group_size=3)
    scores = compute_scores(CLASSIFICATION, examples, predictions)
    assert scores["accuracy"].method.startswith("cluster-robust t and Hall's (CR2), n=150 in 50 groups")
    assert "n=150 in 50 groups" in scores["mcc"].method


def test_the_order_of_predictions_does_not_matter() -> None:
    examples, predictions = classified(4)
    assert compute_scores(CLASSIFICATION, examples, predictions[::-1]) == compute_scores(CLASSIFICATION, examples, predictions)


def test_a_missing_prediction_is_wrong() -> None:
    examples, predictions = classified(5, skill=1.0)
    score = compute_scores(CLASSIFICATION, examples, predictions[:120])["accuracy"]
    assert (score.value, score.n, score.dropped) == (0.8, 150, 0)
    assert compute_scores(TEXT, *[rows[:1] for rows in written()][:1], [])["rougeL"].value == 0.0


def test_a_prediction_of_an_unknown_example_is_refused() -> None:
    examples, predictions = classified(6)
    with pytest.raises(BenchError, match="'stray'"):
        compute_scores(CLASSIFICATION, examples, [*predictions, Prediction("stray", "a")])


def test_examples_without_the_score_are_counted_as_dropped() -> None:
    examples, predictions = written()
    examples[4] = Example("4", {}, ("—",))
    scores = compute_scores(TEXT, examples, predictions)
    assert (scores["rouge1"].n, scores["rouge1"].dropped) == (39, 1)
    assert (scores["output_words"].n, scores["output_words"].dropped) == (40, 0)
    _, kept = example_statistics(TEXT[0], examples, predictions)
    assert 4 not in kept
    none = compute_scores(TEXT, [examples[4]], [predictions[4]])["rouge1"]
    assert (none.value, none.low, none.n, none.dropped) == (None, None, 0, 1)


def test_no_examples_at_all() -> None:
    assert {s.value for s in compute_scores([*TEXT, *CLASSIFICATION], [], []).values()} == {None}


def test_scores_stay_within_their_limits_and_perfection_keeps_an_interval() -> None:
    examples, predictions = classified(7, skill=1.0)
    for score in compute_scores(CLASSIFICATION, examples, predictions).values():
        assert score.value == score.high == pytest.approx(1.0)
        assert 0.9 < score.low < 1.0  # type: ignore[operator]
    examples, predictions = classified(7, skill=1.0, group_size=15)
    accuracy = compute_scores(CLASSIFICATION, examples, predictions)["accuracy"]
    assert accuracy.low < 0.8  # ten groups, not 150 examples  # type: ignore[operator]
    assert accuracy.method.endswith("no spread: Clopper–Pearson of none in 10") and not accuracy.reliable


def test_all_examples_in_one_group_have_no_interval() -> None:
    examples, predictions = classified(8, group_size=150)
    scores = compute_scores(CLASSIFICATION, examples, predictions)
    assert all(s.low is None and s.value is not None and "one group" in s.reason for s in scores.values())


def test_seeds_are_averaged_within_an_example() -> None:
    examples, _ = classified(0)
    runs = [classified(seed)[1] for seed in (1, 2, 3)]
    scores = score_strategy(CLASSIFICATION, examples, runs)
    stack = statistic_stack(CLASSIFICATION[0], examples, runs)
    assert stack.shape == (150, 3, 1)
    expected = mean_interval(stack[:, :, 0].mean(axis=1))
    assert (scores["accuracy"].low, scores["accuracy"].high) == pytest.approx((expected.low, expected.high))
    assert scores["accuracy"].method == "t and Hall's, n=150; mean of 3 seeds"
    alone = [compute_scores(CLASSIFICATION, examples, run)["macro_f1"].value for run in runs]
    assert scores["macro_f1"].value == pytest.approx(np.mean(alone))  # type: ignore[arg-type]
    assert scores["macro_f1"].low < np.mean(alone) < scores["macro_f1"].high  # type: ignore[operator,arg-type]


def test_the_same_run_three_times_has_the_interval_of_one() -> None:
    examples, run = classified(9)
    one, three = (score_strategy([MACRO_F1], examples, [run] * k)["macro_f1"] for k in (1, 3))
    assert (three.low, three.high) == pytest.approx((one.low, one.high))


def test_scoring_without_a_run_is_refused() -> None:
    with pytest.raises(ValueError, match="no predictions"):
        score_strategy(CLASSIFICATION, [], [])


def test_per_example_scores_are_those_of_single_examples() -> None:
    example, prediction = Example("1", {}, ("a",)), Prediction("1", "b", extracted="b")
    assert per_example_scores(CLASSIFICATION, example, prediction) == {"accuracy": 0.0}
    result = per_example_scores(TEXT, Example("1", {}, ("—",)), prediction)
    assert result["rouge1"] is None
    assert (result["exact_match"], result["output_words"], result["length_ratio"]) == (0.0, 1.0, 1.0)


def test_stacks_go_into_a_comparison() -> None:
    examples, worse = classified(10, skill=0.3)
    better = [classified(seed, skill=0.9)[1] for seed in (11, 12)]
    for metric in CLASSIFICATION:
        a, b = (statistic_stack(metric, examples, runs) for runs in ([worse], better))
        result = compare_scores(a, b, metric=metric, groups=[e.group for e in examples], margin=0.01)
        assert result.verdict == "better"
        assert result.n == 150
