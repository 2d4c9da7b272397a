"""How far raters agree, beyond what chance gives."""

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


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's α with its 95 % interval over units, and the kappas. `units` are those that two raters or more have judged.

    `cohen` is by pair of raters, with how many units both have; `fleiss` knows no order, and is None unless some units were judged by all
    raters.
    """

    level: Level
    units: int
    alpha: float | None
    low: float | None
    high: float | None
    cohen: Mapping[tuple[str, str], tuple[float, int]]
    fleiss: float | None


def agreement(answers: Answers, count: int, level: Level, *, clusters: Mapping[str, str] | None = None, seed: int = 0) -> Agreement | None:
    """The agreement of raters about units; None where no unit has two raters.

    Args:
        count: how many answers there are; their numbers are in order where `level` is ordinal.
        clusters: what is resampled together, by unit: the judgements of one test row.
    """
    shared = {unit: own for unit, own in answers.items() if len(own) > 1}
    if not shared:
        return None
    counts = np.zeros((len(shared), count))
    for place, own in enumerate(shared.values()):
        np.add.at(counts[place], list(own.values()), 1.0)
    low, high = _interval(counts, level, [(clusters or {}).get(unit, unit) for unit in shared], seed)
    fleiss = _fleiss(shared, count) if level == "nominal" else None
    return Agreement(level, len(shared), alpha(counts, level), low, high, _cohen(shared, count, level), fleiss)


def alpha(counts: Array, level: Level) -> float | None:
    """Krippendorff's α from how many raters gave each answer to each unit, (units, answers); None where all answers are the same.

    Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability": units with one rater drop out, others count by their pairs of answers.
    The library that is kept for it is under the GPL; a test holds ours against it.
    """
    counts = counts[counts.sum(axis=1) > 1]
    if not len(counts):
        return None
    per_unit = counts.sum(axis=1)  # raters of each unit
    # coincidences (answers, answers): pairs of answers within units, each unit weighed by 1/(raters − 1)
    pairs = counts.T @ (counts / (per_unit - 1)[:, None]) - np.diag((counts / (per_unit - 1)[:, None]).sum(axis=0))
    totals = pairs.sum(axis=1)
    distances = _distances(totals, level)
    expected = float(totals @ distances @ totals) / (totals.sum() - 1)
    return None if expected <= 0 else 1 - float((pairs * distances).sum()) / expected


def _distances(totals: Array, level: Level) -> Array:
    """How far answers are apart, squared: 0 or 1; or, in order, the answers that were given between the two, half of either end."""
    count = len(totals)
    if level == "nominal":
        return 1 - np.eye(count)
    ends = np.cumsum(totals) - totals / 2  # the middle of each answer's share
    return (ends[:, None] - ends[None, :]) ** 2


def _interval(counts: Array, level: Level, clusters: Sequence[str], seed: int) -> tuple[float | None, float | None]:
    """The percentile interval over whole clusters of units."""
    numbers: dict[str, int] = {}
    index = np.array([numbers.setdefault(name, len(numbers)) for name in clusters])
    if len(numbers) < 2:
        return None, None
    places = [np.flatnonzero(index == k) for k in range(len(numbers))] if len(numbers) < len(clusters) else None
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(_RESAMPLES):
        drawn = rng.integers(len(numbers), size=len(numbers))
        rows = counts[drawn] if places is None else counts[np.concatenate([places[k] for k in drawn])]
        value = alpha(rows, level)
        if value is not None:
            found.append(value)
    if len(found) < _RESAMPLES / 2:
        return None, None
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def _cohen(shared: Answers, count: int, level: Level) -> dict[tuple[str, str], tuple[float, int]]:
    """Cohen's kappa of each pair of raters on the units that both judged; of ordered answers with quadratic weights."""
    import warnings

    from sklearn.metrics import cohen_kappa_score

    raters = list(dict.fromkeys(rater for own in shared.values() for rater in own))
    found = {}
    for one, other in combinations(raters, 2):
        both = [(own[one], own[other]) for own in shared.values() if one in own and other in own]
        if both:
            with warnings.catch_warnings():  # where both always say the same there is nothing to correct for, and no number
                warnings.simplefilter("ignore")
                weights = "quadratic" if level == "ordinal" else None
                kappa = float(cohen_kappa_score(*zip(*both, strict=True), labels=list(range(count)), weights=weights))
            if np.isfinite(kappa):
                found[one, other] = (kappa, len(both))
    return found


def _fleiss(shared: Answers, count: int) -> float | None:
    """Fleiss' kappa on the units that every rater judged; None with fewer than two of them, or without any difference."""
    from statsmodels.stats.inter_rater import fleiss_kappa

    raters = {rater for own in shared.values() for rater in own}
    whole = [own for own in shared.values() if len(own) == len(raters)]
    if len(whole) < 2:
        return None
    table = np.array([np.bincount(list(own.values()), minlength=count) for own in whole])
    if np.count_nonzero(table.sum(axis=0)) < 2:
        return None
    return float(fleiss_kappa(table))
