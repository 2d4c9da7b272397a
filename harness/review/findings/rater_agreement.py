"""Inter-rater agreement beyond chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Level = Literal["nominal", "ordinal"]
Answers: TypeAlias = Mapping[str, Mapping[str, int]]  # unit → rater → number of the answer

_RESAMPLES = 500
_HIGH_ALPHA, _MODERATE_ALPHA = 0.8, 0.667  # Krippendorff 2004, "Content Analysis", section 11.4


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's α with its 95% CI over units, and kappas."""

    level: Level
    units: int
    """Units with at least two raters."""
    alpha: float | None
    low: float | None
    high: float | None
    cohen: Mapping[tuple[str, str], tuple[float, int]]
    """By pair of raters, Cohen's kappa and the number of units that both rated."""
    fleiss: float | None
    """Fleiss' kappa, which ignores the order of answers; None unless every rater rated at least two units."""

    @property
    def strength(self) -> Literal["high", "moderate", "low"] | None:
        """How far conclusions can rest on the ratings; None without an α."""
        if self.alpha is None:
            return None
        return "high" if self.alpha >= _HIGH_ALPHA else "moderate" if self.alpha >= _MODERATE_ALPHA else "low"


def compute_agreement(
    answers: Answers, count: int, level: Level, *, clusters: Mapping[str, str] | None = None, seed: int = 0
) -> Agreement | None:
    """The agreement of raters about units; None where no unit has two raters.

    Args:
        count: number of possible answers; they are numbered in order where `level` is "ordinal".
        clusters: by unit, what is resampled together: the items of one test example, or of one group.
    """
    shared = {unit: by_rater for unit, by_rater in answers.items() if len(by_rater) > 1}
    if not shared:
        return None
    counts = np.zeros((len(shared), count))
    for position, by_rater in enumerate(shared.values()):
        np.add.at(counts[position], list(by_rater.values()), 1.0)
    low, high = _bootstrap_alpha(counts, level, [(clusters or {}).get(unit, unit) for unit in shared], seed)
    fleiss = _compute_fleiss(shared, count) if level == "nominal" else None
    return Agreement(level, len(shared), compute_alpha(counts, level), low, high, _compute_cohen(shared, count, level), fleiss)


def compute_alpha(counts: Array, level: Level) -> float | None:
    """Krippendorff's α; None where all answers are the same.

    Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability". Units with one rater are ignored; the others count by their
    pairs of answers. The `krippendorff` package is under the GPL and only used by a test, which compares both.

    Args:
        counts: how many raters gave each answer to each unit, (units, answers).
    """
    counts = counts[counts.sum(axis=1) > 1]
    if not len(counts):
        return None
    raters = counts.sum(axis=1)  # (units,)
    # Coincidences (answers, answers): pairs of answers within units, each unit weighted by 1/(raters − 1).
    weighted = counts / (raters - 1)[:, None]
    coincidences = counts.T @ weighted - np.diag(weighted.sum(axis=0))
    totals = coincidences.sum(axis=1)
    distances = _compute_distances(totals, level)
    expected = float(totals @ distances @ totals) / (totals.sum() - 1)
    return None if expected <= 0 else 1 - float((coincidences * distances).sum()) / expected


def _compute_distances(totals: Array, level: Level) -> Array:
    """Squared distances of answers: nominal 0 or 1; ordinal, the number of answers given between the two, with half of each end."""
    count = len(totals)
    if level == "nominal":
        return 1 - np.eye(count)
    centres = np.cumsum(totals) - totals / 2
    return (centres[:, None] - centres[None, :]) ** 2


def _bootstrap_alpha(counts: Array, level: Level, clusters: Sequence[str], seed: int) -> tuple[float | None, float | None]:
    """The percentile interval over whole clusters of units; None with fewer than two clusters, or where α mostly does not exist."""
    numbers: dict[str, int] = {}
    index = np.array([numbers.setdefault(name, len(numbers)) for name in clusters])
    if len(numbers) < 2:
        return None, None
    positions = [np.flatnonzero(index == k) for k in range(len(numbers))] if len(numbers) < len(clusters) else None
    rng = np.random.default_rng(seed)
    alphas = []
    for _ in range(_RESAMPLES):
        drawn = rng.integers(len(numbers), size=len(numbers))
        resampled = counts[drawn] if positions is None else counts[np.concatenate([positions[k] for k in drawn])]
        alpha = compute_alpha(resampled, level)
        if alpha is not None:
            alphas.append(alpha)
    if len(alphas) < _RESAMPLES / 2:
        return None, None
    low, high = np.quantile(alphas, [0.025, 0.975])
    return float(low), float(high)


def _compute_cohen(shared: Answers, count: int, level: Level) -> dict[tuple[str, str], tuple[float, int]]:
    """Cohen's kappa of each pair of raters on the units that both rated, with quadratic weights for ordered answers."""
    import warnings

    from sklearn.metrics import cohen_kappa_score

    raters = list(dict.fromkeys(rater for by_rater in shared.values() for rater in by_rater))
    kappas = {}
    for first, second in combinations(raters, 2):
        both = [(by_rater[first], by_rater[second]) for by_rater in shared.values() if first in by_rater and second in by_rater]
        if both:
            with warnings.catch_warnings():  # where both raters always give the same answer, kappa does not exist
                warnings.simplefilter("ignore")
                weights = "quadratic" if level == "ordinal" else None
                kappa = float(cohen_kappa_score(*zip(*both, strict=True), labels=list(range(count)), weights=weights))
            if np.isfinite(kappa):
                kappas[first, second] = (kappa, len(both))
    return kappas


def _compute_fleiss(shared: Answers, count: int) -> float | None:
    """Fleiss' kappa on the units that every rater rated; None with fewer than two such units, or where all answers are the same."""
    from statsmodels.stats.inter_rater import fleiss_kappa

    raters = {rater for by_rater in shared.values() for rater in by_rater}
    complete = [by_rater for by_rater in shared.values() if len(by_rater) == len(raters)]
    if len(complete) < 2:
        return None
    table = np.array([np.bincount(list(by_rater.values()), minlength=count) for by_rater in complete])
    if np.count_nonzero(table.sum(axis=0)) < 2:
        return None
    return float(fleiss_kappa(table))
