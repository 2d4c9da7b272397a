"""Scores of the probabilities of the labels, not only of the label that was chosen.

The probabilities are the likelihoods of the labels, normalized to sum to 1. A prediction without likelihoods (an external output) counts as
certain of its label. A prediction without a valid label has probability 0 for every label: its squared error is 1, as if it were certain
and wrong, and its confidence is 0.

| score | for K labels with probabilities p and gold label g |
| --- | --- |
| `auroc` | the mean over labels of the area under the ROC curve, one against the rest: scikit-learn's `roc_auc_score(multi_class="ovr")` |
| `brier` | ½ Σ (p_k − [k = g])², 0–1: scikit-learn's `brier_score_loss(scale_by_half=True)` (Brier 1950, Monthly Weather Review 78) |
| `log_loss` | −ln p_g in nats, with p clipped as in scikit-learn: a wrong answer given with certainty costs 36 |
| `ece` | Σ over 15 bins of equal width of the highest p: share of examples × the distance of accuracy and mean p in the bin |

The calibration error is that of Guo et al. (2017, "On calibration of modern neural networks", ICML). It is above 0 even for a perfectly
calibrated model, the more so the fewer examples there are, so it is reported without an interval: resampling shifts it once more, and its
percentiles never covered the error of a calibrated model in simulations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.errors import BenchError
from harness.metrics.family import REVISION, Family, example_metric
from harness.metrics.labels.classification import gold_index, labels_digest, single_class
from harness.types import Example, Metric, Prediction, Statistic

Array: TypeAlias = NDArray[np.float64]
_SMALLEST = float(np.finfo(np.float64).eps)
BINS = 15


def normalize_likelihoods(logprobs: Sequence[float]) -> list[float]:
    """Probabilities that sum to 1, from the natural logarithms of likelihoods."""
    highest = max(logprobs)
    weights = [math.exp(value - highest) for value in logprobs]
    total = sum(weights)
    return [weight / total for weight in weights]


def label_probabilities(prediction: Prediction, labels: Sequence[str], choices: Sequence[str]) -> list[float]:
    """The probability of each label, in the order of `labels`; `choices` is the order of the prediction's likelihoods."""
    if prediction.label_logprobs and len(prediction.label_logprobs) == len(choices):
        probabilities = dict(zip(choices, normalize_likelihoods(prediction.label_logprobs), strict=True))
        return [probabilities.get(label, 0.0) for label in labels]
    return [float(label == prediction.extracted) for label in labels]


def area_under_curve(rows: Array, weights: Array) -> Array:
    """The mean area under the ROC curve over labels: (n, 2K) and (…, n) → (…).

    Args:
        rows: for each example, K probabilities and the gold label as K zeros and ones.
        weights: how often each example counts.

    A label without positive or negative examples does not count. Without any label, as in a resample of one class, the area is 0.5, because
    nothing was ranked.
    """
    labels = rows.shape[1] // 2
    areas, counted = np.zeros(weights.shape[:-1]), np.zeros(weights.shape[:-1])
    for k in range(labels):
        order = np.argsort(rows[:, k], kind="stable")
        starts = np.flatnonzero(np.diff(rows[order, k], prepend=-1.0))  # of each run of equal probabilities
        positive = np.add.reduceat(weights[..., order] * rows[order, labels + k], starts, axis=-1)
        negative = np.add.reduceat(weights[..., order], starts, axis=-1) - positive
        negative_below = np.cumsum(negative, axis=-1) - negative
        pairs = positive.sum(axis=-1) * negative.sum(axis=-1)
        defined = pairs > 0
        ranked_right = (positive * (negative_below + negative / 2)).sum(axis=-1)
        areas += np.where(defined, ranked_right / np.where(defined, pairs, 1.0), 0.0)
        counted += defined
    return np.where(counted > 0, areas / np.maximum(counted, 1), 0.5)


def curve_influences(rows: Array) -> Array:
    """By how much each example moves `area_under_curve`, to first order: (n, 2K) → (n,).

    For a label, these are the structural components of DeLong, DeLong & Clarke-Pearson (1988, "Comparing the areas under two or more
    correlated receiver operating characteristic curves", Biometrics 44:837–845): the share of negative examples that a positive one beats,
    less the area, over the number of positive ones; and the reverse for negative examples. With several labels, it is their mean.
    """
    from scipy.stats import rankdata

    n, labels = len(rows), rows.shape[1] // 2
    total, counted = np.zeros(n), 0
    for k in range(labels):
        positive = rows[:, labels + k] > 0
        positives = int(positive.sum())
        negatives = n - positives
        if not positives or not negatives:
            continue
        probability = rows[:, k]
        ranks, within = rankdata(probability), np.empty(n)
        within[positive], within[~positive] = rankdata(probability[positive]), rankdata(probability[~positive])
        beaten = (ranks - within) / np.where(positive, negatives, positives)  # share of the other class with a lower probability
        beaten = np.where(positive, beaten, 1 - beaten)
        area = float(beaten[positive].mean())
        total += (beaten - area) / np.where(positive, positives, negatives)
        counted += 1
    return total / max(1, counted)


def calibration_error(total: Array, n: Array) -> Array:
    """The expected calibration error: (…, 2 · BINS) → (…).

    Args:
        total: for each bin, the sum of (correct − confidence); and for each bin, its examples, which do not enter the error.
    """
    error: Array = np.abs(total[..., :BINS]).sum(axis=-1) / n
    return error


def _build(labels: Sequence[str]) -> tuple[Metric, ...]:
    if not labels:
        raise BenchError("the metric 'probabilities' needs the labels of the task, but it has none")
    positions = {label: k for k, label in enumerate(labels)}
    rules = f"sum:1|none:certain|labels:{len(positions)}:{labels_digest(positions)}"

    def by_gold_label(score: Callable[[list[float], int], float]) -> Callable[[Example, Prediction], float | None]:
        def per_example(example: Example, prediction: Prediction) -> float | None:
            gold = gold_index(example, positions)
            return None if gold is None else score(label_probabilities(prediction, labels, example.choices), gold)

        return per_example

    def with_gold_label(example: Example, prediction: Prediction) -> Statistic | None:
        gold = gold_index(example, positions)
        if gold is None:
            return None
        return (*label_probabilities(prediction, labels, example.choices), *(float(k == gold) for k in range(len(labels))))

    def binned(example: Example, prediction: Prediction) -> Statistic | None:
        gold = gold_index(example, positions)
        if gold is None:
            return None
        probabilities = label_probabilities(prediction, labels, example.choices)
        confidence = max(probabilities)
        bin_ = min(int(confidence * BINS), BINS - 1)
        row = [0.0] * (2 * BINS)
        row[bin_] = float(confidence > 0 and probabilities.index(confidence) == gold) - confidence
        row[BINS + bin_] = 1.0
        return tuple(row)

    def one_gold_class(statistics: Array) -> str:
        return single_class(statistics[:, len(labels) :].sum(axis=0), labels)

    return (
        Metric(
            "auroc",
            "higher",
            "fraction",
            "rows",
            with_gold_label,
            area_under_curve,
            f"auroc|avg:ovr-macro|{rules}|bench:{REVISION}",
            undefined=one_gold_class,
            exact=True,
            labels=tuple(labels),
            influences=curve_influences,
        ),
        example_metric("brier", "lower", "score", by_gold_label(_brier), f"scale:half|{rules}", exact=True),
        example_metric("log_loss", "lower", "nats", by_gold_label(_log_loss), f"cut:eps|{rules}", exact=True),
        Metric(
            "ece",
            "lower",
            "score",
            "corpus",
            binned,
            calibration_error,
            f"ece|bins:{BINS}-equal-width|{rules}|bench:{REVISION}",
            no_interval="sampling error alone raises this score, so it has no valid interval",
            exact=True,
        ),
    )


def _brier(probabilities: list[float], gold: int) -> float:
    return sum((p - (k == gold)) ** 2 for k, p in enumerate(probabilities)) / 2 if any(probabilities) else 1.0


def _log_loss(probabilities: list[float], gold: int) -> float:
    return -math.log(min(max(probabilities[gold], _SMALLEST), 1 - _SMALLEST))


PROBABILITIES = Family("probabilities", ("classification",), ("auroc", "brier", "log_loss", "ece"), _build)
