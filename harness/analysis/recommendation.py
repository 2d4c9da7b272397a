"""Which strategy should be shipped? The cheapest that is not worse than the best by more than Δ.

The best is picked on the same rows on which it is then judged, and so is the choice. So all ordered pairs (i, j) are judged at once, in a
family of one-sided limits that hold together with confidence 1 − α:

    θ_i − θ_j > L_ij   for all pairs

The level of each pair comes from a bootstrap of the largest studentised error over all pairs (max-type; Hsu 1996, "Multiple Comparisons:
Theory and Methods", chapter 4; Romano & Wolf 2005, "Exact and approximate stepdown methods for multiple hypothesis testing", JASA
100:94–108): with its 1 − α quantile c, a pair is judged at α' = 1 − Φ(c), by the method that suits its scores (see `pairs`). Then

| for strategy i | it is |
| --- | --- |
| L_ij > −Δ against every j | within Δ of the best, whichever that is |
| L_ji > Δ against some j | worse by more than Δ |
| else | undecided, with the rows that would decide against the best if the two were equally good |

What is recommended is worse than the truly best by more than Δ in at most α of such experiments.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.analysis.clusters import cluster_index
from harness.analysis.intervals import ROUGH, units
from harness.analysis.pairs import compare_scores, stacked
from harness.analysis.power import POWER
from harness.analysis.resampling import resampled_scores, seen_scores
from harness.analysis.rows import whole_rows
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]
Standing: TypeAlias = Literal["within", "worse", "undecided"]


@dataclass(frozen=True)
class Candidate:
    """One strategy. `lead` is how much better than the best of the others it is (below 0: worse) on these rows, `least` the
    least that it can be at the level of the family against any of them, both in the direction that is better.

    `rows_needed` test rows would show it to be within Δ if it were as good as the best; None where it is decided, or nothing can be said.
    """

    name: str
    score: float
    cost: float | None
    standing: Standing
    lead: float | None
    least: float | None
    rows_needed: int | None


@dataclass(frozen=True)
class Recommendation:
    """`choice` is None where no strategy is shown to be within Δ of the best, and `best` has the best score, which may be chance.

    `level` is the one-sided level α' of each pair; `n` the rows on which all strategies have a number.
    """

    choice: str | None
    best: str
    candidates: tuple[Candidate, ...]
    margin: float
    alpha: float
    level: float
    n: int
    method: str

    def of(self, name: str) -> Candidate:
        """The candidate of this name."""
        return next(c for c in self.candidates if c.name == name)


def recommend(
    stacks: Mapping[str, Array],
    costs: Mapping[str, float | None],
    *,
    metric: Metric,
    margin: float,
    groups: Sequence[str | None] | None = None,
    alpha: float = 0.05,
    resamples: int = 2000,
    seed: int = 0,
) -> Recommendation | None:
    """The recommendation; None with fewer than two strategies, or fewer than two independent rows on which all have a number.

    Valid where `compare_scores` is; seeds are averaged within an example, so it is about these trainings.

    Args:
        stacks: by strategy, its scores or statistics in the shapes of `compare_scores`, all on the same examples.
        costs: by strategy, in one unit; one without a cost counts as the dearest.
        margin: Δ, above 0, in the unit of the score.

    Raises:
        ValueError: shapes that do not fit, a margin that is not above 0, or a metric without a better direction.
    """
    if metric.direction == "none":
        raise ValueError(f"{metric.name}: neither more nor less of it is better, so there is no best")
    if not margin > 0:
        raise ValueError(f"the margin must be above 0, not {margin}")
    field = _field(stacks, metric, groups)
    if len(stacks) < 2 or field.units < 2:
        return None
    scores, drawn = _scores(field, resamples, seed)
    level, errors = _level(scores, drawn, alpha)
    limits = _limits(field, scores, drawn, level)
    best = field.names[int(np.argmax(scores))]
    found = tuple(_candidate(field, i, scores, limits, errors, costs, margin, level) for i in range(len(field.names)))
    within = [c for c in found if c.standing == "within"]
    choice = min(within, key=lambda c: (math.inf if c.cost is None else c.cost, -_sign(metric) * c.score), default=None)
    rough = "" if field.units >= 100 else ROUGH
    return Recommendation(
        choice=choice.name if choice else None,
        best=best,
        candidates=found,
        margin=margin,
        alpha=alpha,
        level=level,
        n=len(field.stack),
        method=f"all pairs together, max-type bootstrap, n={len(field.stack)}, {resamples} resamples, seed {seed}{rough}",
    )


@dataclass(frozen=True)
class _Field:
    """All strategies on the rows that all have: (n, seeds of all, d), cut into strategies at `cuts`."""

    names: tuple[str, ...]
    stack: Array
    cuts: tuple[int, ...]
    cluster: NDArray[np.int64] | None
    groups: tuple[str | None, ...]
    metric: Metric

    @property
    def units(self) -> int:
        return units(len(self.stack), self.cluster)

    def side(self, i: int) -> Array:
        """The statistics of one strategy, (n, seeds, d)."""
        return np.split(self.stack, self.cuts, axis=1)[i]


def _field(stacks: Mapping[str, Array], metric: Metric, groups: Sequence[str | None] | None) -> _Field:
    sides = [stacked(stack, metric) for stack in stacks.values()]
    if len({(side.shape[0], side.shape[2]) for side in sides}) > 1:
        raise ValueError(f"the strategies have (examples, seeds, numbers) {[side.shape for side in sides]}")
    together = np.concatenate(sides, axis=1) if sides else np.empty((0, 0, 1))
    rows = whole_rows(together, groups if groups is not None else [None] * len(together))
    cuts = tuple(int(cut) for cut in np.cumsum([side.shape[1] for side in sides])[:-1])
    return _Field(tuple(stacks), rows.stack, cuts, cluster_index(rows.groups, len(rows.stack)), rows.groups, metric)


def _sign(metric: Metric) -> float:
    return -1.0 if metric.direction == "lower" else 1.0


def _scores(field: _Field, resamples: int, seed: int) -> tuple[Array, Array]:
    """The score of each strategy, (k,), and of each resample, (resamples, k), turned so that more is better."""
    seen = seen_scores(field.metric, field.stack)
    drawn = resampled_scores(field.metric, field.stack, field.cluster, resamples, seed)
    sign = _sign(field.metric)
    by_side = [sign * np.split(each, field.cuts, axis=-1)[i].mean(axis=-1) for i in range(len(field.names)) for each in (seen, drawn)]
    return np.array(by_side[::2]), np.stack(by_side[1::2], axis=1)


def _level(scores: Array, drawn: Array, alpha: float) -> tuple[float, Array]:
    """α', and the standard error of each difference, (k, k)."""
    from scipy.stats import norm

    k = len(scores)
    off = (drawn[:, :, None] - drawn[:, None, :]) - (drawn.mean(axis=0)[:, None] - drawn.mean(axis=0)[None, :])  # (resamples, k, k)
    errors = off.std(axis=0, ddof=1)
    moves = errors > 1e-12
    if not moves.any():
        return alpha / (k * (k - 1)), errors
    largest = np.where(moves, off / np.where(moves, errors, 1.0), -np.inf).max(axis=(1, 2))
    level = float(norm.sf(np.quantile(largest, 1 - alpha)))
    return min(alpha, max(level, alpha / (k * (k - 1)))), errors


def _limits(field: _Field, scores: Array, drawn: Array, level: float) -> Array:
    """L_ij, (k, k), turned so that more is better; −∞ where there is no valid interval, and 0 on the diagonal."""
    k = len(field.names)
    limits = np.zeros((k, k))
    for i, j in permutations(range(k), 2):
        if field.metric.level != "example" and (drawn[:, i] - drawn[:, j]).std() > 1e-12:
            limits[i, j] = np.quantile(drawn[:, i] - drawn[:, j], level)
        elif i < j:  # one comparison gives both
            limits[i, j], limits[j, i] = _pair_limits(field, i, j, level)
    return limits


def _pair_limits(field: _Field, i: int, j: int, level: float) -> tuple[float, float]:
    """L_ij and L_ji, by the method that suits the scores of the pair."""
    found = compare_scores(field.side(j), field.side(i), metric=field.metric, groups=field.groups, margin=None, confidence=1 - 2 * level)
    if found.low is None or found.high is None:
        return -math.inf, -math.inf
    return (found.low, -found.high) if field.metric.direction != "lower" else (-found.high, found.low)


def _candidate(
    field: _Field, i: int, scores: Array, limits: Array, errors: Array, costs: Mapping[str, float | None], margin: float, level: float
) -> Candidate:
    others = [j for j in range(len(scores)) if j != i]
    least = min(float(limits[i, j]) for j in others)
    rival = max(others, key=lambda j: scores[j])
    standing: Standing = "undecided"
    if least > -margin:
        standing = "within"
    elif any(limits[j, i] > margin for j in others):
        standing = "worse"
    return Candidate(
        name=field.names[i],
        score=_sign(field.metric) * float(scores[i]),
        cost=costs.get(field.names[i]),
        standing=standing,
        lead=float(scores[i] - scores[rival]),
        least=least if math.isfinite(least) else None,
        rows_needed=_rows_needed(len(field.stack), float(errors[i, rival]), margin, level) if standing == "undecided" else None,
    )


def _rows_needed(n: int, error: float, margin: float, level: float) -> int | None:
    from statistics import NormalDist

    z = NormalDist().inv_cdf
    needed = math.ceil(n * ((z(1 - level) + z(POWER)) * error / margin) ** 2)
    return max(needed, n + 1) if error > 0 else None
