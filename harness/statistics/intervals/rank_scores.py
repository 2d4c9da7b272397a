"""Intervals and limits of scores whose examples have known influences: AUROC.

The variance of an AUROC is that of the influences of its examples (`Metric.influences`), within each label: DeLong, DeLong & Clarke-Pearson
(1988, Biometrics 44:837–845); with groups, that of their sums (Obuchowski 1997, "Nonparametric analysis of clustered ROC curve data",
Biometrics 53:567–578). Its limits are computed on the logit scale, where they are nearly symmetric and stay between 0 and 1 (Qin &
Hotilovac 2008, "Comparison of non-parametric confidence intervals for the area under the ROC curve of a continuous-scale diagnostic test",
Statistical Methods in Medical Research 17). The quantile is that of t, with degrees of freedom by Satterthwaite over the labels: a rare
label has few.

A difference of two AUROCs has no such scale. Its influences are skewed where one side fails on a few examples; its limits are therefore
those of a mean with the skewness of the influences (see `means`). With t alone, of strategies that fail on 5–10% of 200 examples, one that
is worse by more than Δ is recommended in 9% (2 strategies) to 16% (5) of samples; with these limits, in 2–4%.

Near 1, few examples are ranked wrong, and a sample in which hardly any of the rare label are has too small a standard error: with 20
examples of it and a true AUROC of 0.97, logit limits cover 87%. So a limit is never nearer than the score limit of Newcombe (2006,
"Confidence intervals for an effect size measure based on the Mann–Whitney statistic. Part 2", Statistics in Medicine 25:559–573, method 5),
whose variance is that of exponential distributions with the AUROC at the limit. From 10 examples of the rarer label on, the interval then
covers 95–99% in simulations (AUROC 0.7 to 0.97).
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.distributions import t_quantile
from harness.statistics.examples import cluster_sums, count_units, observed_scores
from harness.statistics.intervals.classes import require_examples_of_labels, units_of_labels
from harness.statistics.intervals.interval import Basis, Interval
from harness.statistics.intervals.mean_errors import MeanError, kurtosis_of_mean, skewness_of_mean
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


def mean_influences(metric: Metric, stack: Array) -> Array:
    """By how much each example moves the score, averaged over seeds: (n, seeds, d) → (n,)."""
    assert metric.influences is not None
    influences: Array = np.mean([metric.influences(stack[:, k]) for k in range(stack.shape[1])], axis=0)
    return influences


def rank_error(metric: Metric, stack: Array, influences: Array, cluster: NDArray[np.int64] | None) -> MeanError:
    """The error of a score, or of a difference of two, with these influences.

    Args:
        stack: (n, seeds, d), of either side: says which label is right for each example.
        influences: (n,); for a difference, those of B − A.
    """
    if cluster is not None:
        sums, _ = cluster_sums(influences[:, None], cluster)
        units = len(sums)
        squares = sums[:, 0] ** 2
        total = float(squares.sum())
        df = max(1.0, min(total**2 / float((squares**2).sum()) - 1, units - 1.0)) if total > 0 else units - 1.0
        skewness = skewness_of_mean(sums[:, 0], df + 1)
        kurtosis = kurtosis_of_mean(sums[:, 0], df + 1)
        return MeanError(math.sqrt(units / (units - 1) * total), df, skewness, math.sqrt(6) / (df + 1), grouped=True, kurtosis=kurtosis)
    right = stack[:, 0, -len(metric.labels) :] > 0
    parts = [influences[right[:, k]] for k in range(right.shape[1])]
    counts = np.array([len(part) for part in parts if len(part) > 1], dtype=np.float64)
    variances = np.array([float((part**2).sum()) for part in parts if len(part) > 1]) * counts / (counts - 1)
    total = float(variances.sum())
    if total == 0:
        return MeanError(0.0, max(1.0, len(stack) - 1.0))
    cubes = np.array([float((part**3).sum()) for part in parts if len(part) > 1]) * counts**2 / ((counts - 1) * np.maximum(counts - 2, 0.5))
    fourths = np.array([float((part**4).sum()) for part in parts if len(part) > 1])
    return MeanError(
        se=math.sqrt(total),
        df=total**2 / float((variances**2 / (counts - 1)).sum()),
        skewness=float(cubes.sum()) / total**1.5,
        skewness_error=math.sqrt(6 * float((variances**3 / counts**2).sum()) / total**3),
        kurtosis=float((fourths - 3 * variances**2 / counts).sum()) / total**2,
    )


def logit_limits(value: float, error: MeanError, alpha: float) -> tuple[float, float]:
    """A score between 0 and 1 is above the first, and below the second, each with confidence 1 − alpha."""
    if not 0 < value < 1 or error.se == 0:
        return value, value
    middle = math.log(value / (1 - value))
    half = t_quantile(1 - alpha, error.df) * error.se / (value * (1 - value))
    return _inverse_logit(middle - half), _inverse_logit(middle + half)


def newcombe_limits(value: float, positives: float, negatives: float, alpha: float) -> tuple[float, float]:
    """Newcombe's score limits of an AUROC, each at level alpha."""
    from statistics import NormalDist

    z, typical = NormalDist().inv_cdf(1 - alpha), (positives + negatives) / 2 - 1

    def is_inside(area: float) -> bool:
        spread = 1 + typical * ((1 - area) / (2 - area) + area / (1 + area))
        return (value - area) ** 2 <= z**2 * area * (1 - area) * spread / (positives * negatives)

    limits = []
    for end in (0.0, 1.0):
        inside, outside = value, end
        for _ in range(50):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if is_inside(middle) else (inside, middle)
        limits.append(outside)
    return limits[0], limits[1]


def _inverse_logit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0


def rank_basis(metric: Metric, stack: Array, cluster: NDArray[np.int64] | None, error: MeanError, method: str) -> Basis:
    """The basis of `logit_limits`: reliable with enough examples, or groups, of every label."""
    n, units = len(stack), count_units(len(stack), cluster)
    size = f"n={n}" if cluster is None else f"n={n} in {units} groups"
    basis = Basis(n, units, f"{method}, {size}, df={error.df:.1f}").require(error.se > 0, "every example of a label has the same rank")
    return require_examples_of_labels(basis, metric, stack, cluster)


def rank_interval(metric: Metric, stack: Array, cluster: NDArray[np.int64] | None, confidence: float = 0.95) -> Interval:
    """The interval of a score between 0 and 1 whose examples have known influences, of at least two independent units.

    Args:
        stack: (n, seeds, d).
    """
    value = float(np.mean(observed_scores(metric, stack)))
    error = rank_error(metric, stack, mean_influences(metric, stack), cluster)
    alpha, counts = (1 - confidence) / 2, units_of_labels(metric, stack, cluster)
    rarest = float(counts[counts > 0].min(initial=len(stack)))
    limits = [logit_limits(value, error, alpha), newcombe_limits(value, rarest, max(1.0, float(counts.sum()) - rarest), alpha)]
    low, high = min(low for low, _ in limits), max(high for _, high in limits)
    return rank_basis(metric, stack, cluster, error, "logit DeLong and Newcombe").interval(low, high, se=error.se, df=error.df)
