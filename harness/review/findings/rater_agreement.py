"""Inter-rater agreement beyond chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics import normal_quantile, t_quantile

Array: TypeAlias = NDArray[np.float64]
Level = Literal["nominal", "ordinal"]
Answers: TypeAlias = Mapping[str, Mapping[str, int]]  # unit → rater → number of the answer

OptionalEnds: TypeAlias = tuple[float | None, float | None]

_DRAWS = 1_000
_PRIOR = 1.5  # units: the weight of all possible pairs of answers together; Jeffreys' prior for right-or-wrong answers of two raters
FEWEST_UNITS = 20  # independent units from which the intervals hold
_HIGH_ALPHA, _MODERATE_ALPHA = 0.8, 0.667  # Krippendorff 2004, "Content Analysis", section 11.4


class Kappa(NamedTuple):
    """Cohen's kappa of two raters with its 95% CI."""

    value: float
    n: int
    """The units that both rated."""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's α with its 95% CI, and kappas.

    The intervals are valid from 20 independent units on (`FEWEST_UNITS`), also for rare answers: simulated for answers that 3–30% of units
    have, in `tests/review/findings/test_rater_agreement.py`.
    """

    level: Level
    units: int
    """Units with at least two raters."""
    alpha: float | None
    low: float | None
    high: float | None
    cohen: Mapping[tuple[str, str], Kappa]
    """By pair of raters, Cohen's kappa on the units that both rated."""
    fleiss: float | None
    """Fleiss' kappa, which ignores the order of answers; None unless every rater rated at least two units."""
    reliable: bool = True
    """Whether there are at least `FEWEST_UNITS` independent units."""

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
    names = [(clusters or {}).get(unit, unit) for unit in shared]
    alpha = compute_alpha(counts, level)
    low, high = compute_alpha_interval(counts, level, names, seed=seed) if alpha is not None else (None, None)
    fleiss = _compute_fleiss(shared, count) if level == "nominal" else None
    cohen = _compute_cohen(shared, count, level, names, seed)
    return Agreement(level, len(shared), alpha, low, high, cohen, fleiss, len(set(names)) >= FEWEST_UNITS)


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
    value = _combine_alpha(_list_coincidences(counts).sum(axis=0), level)
    return float(value) if np.isfinite(value) else None


def _list_coincidences(counts: Array) -> Array:
    """Pairs of answers within each unit (units, answers, answers), weighted by 1/(raters − 1)."""
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(counts.shape[1])
    coincidences: Array = pairs / (counts.sum(axis=1) - 1)[:, None, None]
    return coincidences


def _combine_alpha(coincidences: Array, level: Level) -> Array:
    """α of coincidences (…, answers, answers) that are summed over units; not a number where all answers are the same."""
    totals = coincidences.sum(axis=-1)
    distances = _compute_distances(totals, level)
    expected = np.einsum("...i,...ij,...j->...", totals, distances, totals) / (totals.sum(axis=-1) - 1)
    observed = (coincidences * distances).sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        alphas: Array = np.where(expected > 0, 1 - observed / expected, np.nan)
    return alphas


def _compute_distances(totals: Array, level: Level) -> Array:
    """Squared distances of answers (…, answers, answers), from their totals (…, answers): nominal 0 or 1; ordinal, the number of answers
    given between the two, with half of each end."""
    count = totals.shape[-1]
    if level == "nominal":
        return np.broadcast_to(1 - np.eye(count), (*totals.shape, count))
    centres = np.cumsum(totals, axis=-1) - totals / 2
    return (centres[..., :, None] - centres[..., None, :]) ** 2


def compute_alpha_interval(counts: Array, level: Level, clusters: Sequence[str], *, seed: int = 0) -> OptionalEnds:
    """The 95% interval of α; None with fewer than two clusters.

    Args:
        counts: how many raters gave each answer to each unit, two or more, (units, answers).
        clusters: by unit, what is independent.
    """
    answers = counts.shape[1]
    pairs = [np.eye(answers)[i] + np.eye(answers)[j] for i in range(answers) for j in range(i, answers)]
    possible = _list_coincidences(np.array(pairs)) * counts.sum(axis=1).mean() / 2
    return _draw_interval(_list_coincidences(counts), possible, clusters, lambda sums: _combine_alpha(sums, level), seed)


def _draw_interval(tables: Array, possible: Array, clusters: Sequence[str], combine: Callable[[Array], Array], seed: int) -> OptionalEnds:
    """The central 95% of a statistic of summed tables, over weights of whole clusters that are drawn at random (the Bayesian bootstrap,
    Rubin 1981), in which every pair of answers that is possible takes part with a small weight of its own.

    For right-or-wrong answers of two raters this is the posterior under Jeffreys' prior. A bootstrap of the units themselves cannot know of
    a disagreement that no unit shows: with rare errors its intervals covered as little as 40%.

    The interval is widened on the scale of log(1 − value) as t is wider than the normal distribution, and contains the observed value.

    Args:
        tables: what is summed, by unit, (units, …).
        possible: tables of units with every possible pair of answers, (pairs, …).
    """
    numbers: dict[str, int] = {}
    index = np.array([numbers.setdefault(name, len(numbers)) for name in clusters])
    if len(numbers) < 2:
        return None, None
    sums = np.zeros((len(numbers), tables[0].size))
    np.add.at(sums, index, tables.reshape(len(tables), -1))
    rng = np.random.default_rng(seed)
    shapes = np.concatenate([np.ones(len(numbers)), np.full(len(possible), _PRIOR / len(possible))])
    weights = rng.standard_gamma(shapes, size=(_DRAWS, len(shapes)))
    weights *= len(numbers) / weights.sum(axis=1, keepdims=True)
    values = combine((weights @ np.vstack([sums, possible.reshape(len(possible), -1)])).reshape(_DRAWS, *tables.shape[1:]))
    with np.errstate(divide="ignore"):
        middle, *ends = np.log(1 - np.nanquantile(values, [0.5, 0.025, 0.975]))
    wider = t_quantile(0.975, len(numbers) - 1) / normal_quantile(0.975) * math.sqrt(len(numbers) / (len(numbers) - 1))
    low, high = (1 - math.exp(middle + wider * (end - middle)) if np.isfinite(end) and np.isfinite(middle) else 1.0 for end in ends)
    own = float(combine(sums.sum(axis=0).reshape(tables.shape[1:])))
    return min(low, own), max(high, own)


def _compute_cohen(shared: Answers, count: int, level: Level, clusters: Sequence[str], seed: int) -> dict[tuple[str, str], Kappa]:
    """Cohen's kappa of each pair of raters on the units that both rated, with quadratic weights for ordered answers."""
    import warnings

    from sklearn.metrics import cohen_kappa_score

    raters = list(dict.fromkeys(rater for by_rater in shared.values() for rater in by_rater))
    kappas = {}
    for first, second in combinations(raters, 2):
        own = list(zip(shared.values(), clusters, strict=True))
        both = [(by_rater[first], by_rater[second], cluster) for by_rater, cluster in own if first in by_rater and second in by_rater]
        if both:
            with warnings.catch_warnings():  # where both raters always give the same answer, kappa does not exist
                warnings.simplefilter("ignore")
                weights = "quadratic" if level == "ordinal" else None
                one, other, names = zip(*both, strict=True)
                kappa = float(cohen_kappa_score(one, other, labels=list(range(count)), weights=weights))
            if np.isfinite(kappa):
                tables = np.zeros((len(both), count, count))
                tables[np.arange(len(both)), one, other] = 1.0
                possible = np.eye(count * count).reshape(-1, count, count)
                ends = _draw_interval(tables, possible, names, lambda sums: _combine_cohen(sums, level), seed)
                kappas[first, second] = Kappa(kappa, len(both), *ends)
    return kappas


def _combine_cohen(tables: Array, level: Level) -> Array:
    """Cohen's kappa of tables (…, answers of one rater, answers of the other)."""
    count = tables.shape[-1]
    steps = np.arange(count)
    distances = (steps[:, None] - steps[None, :]) ** 2.0 if level == "ordinal" else 1 - np.eye(count)
    expected = np.einsum("...i,ij,...j->...", tables.sum(axis=-1), distances, tables.sum(axis=-2)) / tables.sum(axis=(-2, -1))
    kappas: Array = 1 - (tables * distances).sum(axis=(-2, -1)) / expected
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
