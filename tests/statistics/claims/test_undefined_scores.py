"""Scores that are undefined on these examples have no difference and no limits either, and say why."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics import metrics_for
from harness.statistics import compare_scores, difference_claim_limits, score_claim_limits, statistic_stack
from harness.types import Example, Prediction

LABELS = ("ham", "spam")
METRICS = {metric.name: metric for metric in metrics_for(["classification", "probabilities"], LABELS)}


def stack(name, gold, answers):
    examples = [Example(str(i), {"input": str(i)}, (label,), LABELS) for i, label in enumerate(gold)]
    return statistic_stack(METRICS[name], examples, [[Prediction(str(i), answer, answer) for i, answer in enumerate(answers)]])


@pytest.mark.parametrize("name", ["macro_f1", "balanced_accuracy", "auroc"])
def test_one_class_in_the_test_set(name):
    gold, reason = ["ham"] * 40, "every test example has the label 'ham'"
    right, wrong = stack(name, gold, gold), stack(name, gold, ["ham", "spam"] * 20)
    comparison = compare_scores(wrong, right, metric=METRICS[name], margin=0.01)
    assert (comparison.difference, comparison.low, comparison.p_value) == (None, None, None)
    assert (comparison.verdict, comparison.reason) == ("undecided", reason)
    limits = difference_claim_limits(wrong, right, metric=METRICS[name], groups=[None] * 40, alpha=0.05)
    assert (limits.estimate, limits.low, limits.reliable, limits.reason) == (None, None, False, reason)
    one = score_claim_limits(right, metric=METRICS[name], groups=[None] * 40, alpha=0.05)
    assert (one.estimate, one.high, one.reason) == (None, None, reason)


def test_correlation_of_a_constant_cannot_be_compared():
    gold = ["ham"] * 30 + ["spam"] * 10
    constant, good = stack("mcc", gold, ["ham"] * 40), stack("mcc", gold, gold)
    comparison = compare_scores(constant, good, metric=METRICS["mcc"], margin=0.01)
    assert (comparison.difference, comparison.reason) == (None, "every output is 'ham'")
    assert np.isnan(good).sum() == 0
    assert compare_scores(good, good, metric=METRICS["mcc"], margin=0.01).difference == 0.0
