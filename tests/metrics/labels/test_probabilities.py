"""Scores of label probabilities equal those of scikit-learn, also for resamples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from harness.metrics import check_family, metrics_for
from harness.metrics.join import MissingPrediction
from harness.metrics.labels.probabilities import PROBABILITIES, area_under_curve, label_probabilities
from harness.statistics import compare_scores, compute_scores, statistic_stack
from harness.types import Example, Prediction

LABELS = ("yes", "no", "maybe so", "нет")


def rows(
    n: int, labels: tuple[str, ...] = LABELS, seed: int = 0, ties: bool = False
) -> tuple[list[Example], list[Prediction], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    gold = rng.integers(len(labels), size=n)
    logits = rng.normal(0, 1.5, (n, len(labels)))
    logits[np.arange(n), gold] += 1
    if ties:
        logits = np.round(logits)
    examples = [Example(str(i), {"input": "x"}, (labels[g],), choices=labels) for i, g in enumerate(gold)]
    predictions = [Prediction(str(i), "", labels[int(np.argmax(row))], tuple(row - 7.0)) for i, row in enumerate(logits)]
    return examples, predictions, gold, np.array([label_probabilities(p, labels, labels) for p in predictions])


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("labels", [LABELS, LABELS[:2], LABELS[:3]])
def test_equal_to_scikit_learn(labels: tuple[str, ...], ties: bool) -> None:
    examples, predictions, gold, chances = rows(200, labels, ties=ties)
    scores = compute_scores(metrics_for(["probabilities"], labels), examples, predictions, resamples=50)
    if len(labels) == 2:
        assert scores["auroc"].value == pytest.approx(roc_auc_score(gold, chances[:, 1]), abs=1e-9)
    else:
        assert scores["auroc"].value == pytest.approx(roc_auc_score(gold, chances, multi_class="ovr"), abs=1e-9)
    assert scores["log_loss"].value == pytest.approx(log_loss(gold, chances), abs=1e-9)
    assert scores["brier"].value == pytest.approx(brier_score_loss(gold, chances, scale_by_half=True), abs=1e-9)


def test_calibration_error_of_a_worked_example() -> None:
    """Ten answers at 0.95 of which seven are right, ten at 0.55 of which five are."""
    examples, predictions = [], []
    for i in range(20):
        high = 0.95 if i < 10 else 0.55
        right = i < 7 or 10 <= i < 15
        examples.append(Example(str(i), {"input": "x"}, ("yes" if right else "no",), choices=("yes", "no")))
        predictions.append(Prediction(str(i), "", "yes", (math.log(high), math.log(1 - high))))
    scores = compute_scores(metrics_for(["probabilities"], ("yes", "no")), examples, predictions, resamples=50)
    assert scores["ece"].value == pytest.approx(0.5 * 0.25 + 0.5 * 0.05)
    assert not scores["ece"].reliable, "resampling shifts it"
    assert scores["auroc"].value == pytest.approx(roc_auc_score([e.targets[0] == "yes" for e in examples], [0.95] * 10 + [0.55] * 10))


def test_weights_count_like_repeated_examples() -> None:
    examples, predictions, gold, chances = rows(60, ties=True)
    metric = metrics_for(["probabilities"], LABELS)[0]
    stack = statistic_stack(metric, examples, [predictions])[:, 0]
    rng = np.random.default_rng(1)
    times = rng.integers(0, 3, size=(5, 60))
    for drawn, area in zip(times, area_under_curve(stack, times.astype(float)), strict=True):
        again = np.repeat(np.arange(60), drawn)
        assert area == pytest.approx(roc_auc_score(gold[again], chances[again], multi_class="ovr"), abs=1e-9)


def test_interval_and_comparison_of_areas() -> None:
    examples, good, _, _ = rows(300, seed=2)
    rng = np.random.default_rng(3)
    poor = [Prediction(p.example_id, "", p.extracted, tuple(rng.normal(0, 1, len(LABELS)))) for p in good]
    metric = metrics_for(["probabilities"], LABELS)[0]
    score = compute_scores([metric], examples, good)["auroc"]
    assert score.low is not None and score.value is not None and score.high is not None and score.low < score.value < score.high
    sides = [statistic_stack(metric, examples, [side]) for side in (poor, good)]
    found = compare_scores(*sides, metric=metric, margin=0.01, groups=[f"p{i // 2}" for i in range(300)])
    assert found.verdict == "better" and found.n == 300 and "150 groups" in found.method


def test_predictions_without_probabilities_are_certain() -> None:
    example = Example("1", {"input": "x"}, ("yes",), choices=("yes", "no"))
    auroc, brier, loss, _ = metrics_for(["probabilities"], ("yes", "no"))
    right, wrong, none = (Prediction("1", "…", label) for label in ("yes", "no", None))
    assert [brier.per_example(example, p) for p in (right, wrong, none, MissingPrediction("1", ""))] == [(0.0,), (1.0,), (1.0,), (1.0,)]
    assert loss.per_example(example, right) == pytest.approx((0.0,), abs=1e-12)
    assert loss.per_example(example, wrong) == pytest.approx((-math.log(np.finfo(float).eps),))
    assert auroc.per_example(example, none) == (0.0, 0.0, 1.0, 0.0)


def test_likelihoods_are_in_the_order_of_the_choices() -> None:
    prediction = Prediction("1", "", "no", (math.log(0.7), math.log(0.3)))
    assert label_probabilities(prediction, ("yes", "no"), ("no", "yes")) == pytest.approx([0.3, 0.7])


def test_area_of_a_single_class_is_undefined() -> None:
    examples = [Example(str(i), {"input": "x"}, ("yes",), choices=("yes", "no")) for i in range(3)]
    predictions = [Prediction(str(i), "", "yes", (-0.1, -2.0)) for i in range(3)]
    scores = compute_scores(metrics_for(["probabilities"], ("yes", "no")), examples, predictions)
    assert (scores["auroc"].value, scores["auroc"].low) == (None, None)
    assert scores["auroc"].reason == "every test example has the label 'yes'"
    assert scores["brier"].value is not None
    assert scores["ece"].value is not None


def test_family_fulfils_the_contract() -> None:
    examples, predictions, _, _ = rows(12)
    check_family(PROBABILITIES, examples, predictions)


def test_invalid_answers_are_neither_right_nor_confident() -> None:
    examples = [Example(str(i), {"input": "x"}, ("ab"[i % 2],), choices=("a", "b")) for i in range(10)]
    predictions = [Prediction(str(i), "…") for i in range(10)]
    assert compute_scores(metrics_for(["probabilities"], ("a", "b")), examples, predictions)["ece"].value == 0.0
