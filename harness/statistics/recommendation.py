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

Were these same trained models tested again and again on other rows drawn alike, something that is worse than the best of them by more than
Δ would be recommended in at most α of the tests. Other trainings of the same strategies are another question.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.bootstrap_limits import bootstrap_limits, carrying_rows, corrected_basis, left_out
from harness.statistics.clusters import cluster_index
from harness.statistics.intervals import bootstrap_basis, units
from harness.statistics.one_sided import one_sided_limits
from harness.statistics.pairs import SAME, stacked
from harness.statistics.power import POWER
from harness.statistics.resampling import resampled_scores, seen_scores
from harness.statistics.statistic_rows import whole_rows
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

    `level` is the one-sided level α' of each pair; `n` the rows on which all strategies have a number. `reliable`: the rows are within the
    range in which the methods that the choice rests on are known to hold; else `reason` says what is wrong.
    """

    choice: str | None
    best: str
    candidates: tuple[Candidate, ...]
    margin: float
    alpha: float
    level: float
    n: int
    method: str
    reliable: bool
    reason: str

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
    level = _level(drawn, alpha)
    limits, reasons = _limits(field, scores, drawn, level)
    best = field.names[int(np.argmax(scores))]
    found = tuple(_candidate(field, i, scores, limits, costs, margin, level) for i in range(len(field.names)))
    within = [c for c in found if c.standing == "within"]
    choice = min(within, key=lambda c: (math.inf if c.cost is None else c.cost, -_sign(metric) * c.score), default=None)
    chosen = field.names.index(choice.name) if choice else int(np.argmax(scores))
    return Recommendation(
        choice=choice.name if choice else None,
        best=best,
        candidates=found,
        margin=margin,
        alpha=alpha,
        level=level,
        n=len(field.stack),
        method=f"all pairs together, max-type bootstrap, n={len(field.stack)}, {resamples} resamples, seed {seed}",
        reliable=not any(reasons[chosen]),
        reason=next(filter(None, reasons[chosen]), ""),
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


def _level(drawn: Array, alpha: float) -> float:
    """α', from the scores of all strategies in each resample, (resamples, k)."""
    from scipy.stats import norm

    k = int(drawn.shape[1])
    centred = drawn - drawn.mean(axis=0)
    off = centred[:, :, None] - centred[:, None, :]  # (resamples, k, k)
    errors = off.std(axis=0, ddof=1)
    moves = errors > SAME
    least = alpha / (k * (k - 1))  # Bonferroni
    if not moves.any():
        return least
    largest = np.where(moves, off / np.where(moves, errors, 1.0), -np.inf).max(axis=(1, 2))
    level = float(norm.sf(np.quantile(largest, 1 - alpha)))
    return min(alpha, max(level, least))


def _limits(field: _Field, scores: Array, drawn: Array, level: float) -> tuple[Array, list[list[str]]]:
    """L_ij, (k, k), turned so that more is better, −∞ where there is no valid limit and 0 on the diagonal; and why each is not reliable
    (empty where it is)."""
    k = len(field.names)
    limits, reasons = np.zeros((k, k)), [[""] * k for _ in range(k)]
    basis = bootstrap_basis(field.stack, field.cluster, len(drawn), 0, biased=field.metric.resampling_biased)
    of_all = field.metric.level != "example"
    without = [_sign(field.metric) * left_out(field.metric, field.side(i), field.cluster).mean(axis=1) for i in range(k)] if of_all else []
    for i, j in combinations(range(k), 2):
        between = drawn[:, i] - drawn[:, j]
        if of_all and between.std() > SAME:
            rows = carrying_rows(without[i] - without[j])
            low, high = bootstrap_limits(float(scores[i] - scores[j]), between, rows, level)
            limits[i, j], limits[j, i] = low, -high
            reason = corrected_basis(basis, rows).reason
        else:
            limits[i, j], limits[j, i], reason = _pair_limits(field, i, j, level)
        reasons[i][j] = reasons[j][i] = reason
    return limits, reasons


def _pair_limits(field: _Field, i: int, j: int, level: float) -> tuple[float, float, str]:
    """L_ij, L_ji and why they are not reliable, by the method that suits the scores of the pair."""
    found = one_sided_limits(field.side(j), field.side(i), metric=field.metric, groups=field.groups, alpha=level)
    if found.low is None or found.high is None:
        return -math.inf, -math.inf, found.reason
    low, high = (found.low, found.high) if field.metric.direction != "lower" else (-found.high, -found.low)
    return low, -high, found.reason


def _candidate(
    field: _Field, i: int, scores: Array, limits: Array, costs: Mapping[str, float | None], margin: float, level: float
) -> Candidate:
    others = [j for j in range(len(scores)) if j != i]
    least = min(float(limits[i, j]) for j in others)
    standing: Standing = "undecided"
    if least > -margin:
        standing = "within"
    elif any(limits[j, i] > margin for j in others):
        standing = "worse"
    needed = [_rows_needed(len(field.stack), -limits[j, i] - limits[i, j], margin, level) for j in others if limits[i, j] <= -margin]
    return Candidate(
        name=field.names[i],
        score=_sign(field.metric) * float(scores[i]),
        cost=costs.get(field.names[i]),
        standing=standing,
        lead=float(scores[i] - max(scores[j] for j in others)),
        least=least if math.isfinite(least) else None,
        rows_needed=max((n for n in needed if n is not None), default=None) if standing == "undecided" else None,
    )


def _rows_needed(n: int, width: float, margin: float, level: float) -> int | None:
    """n (z(1 − α') + z(power))² SE²/Δ², SE read off the distance of the two limits; None where there are none."""
    from statistics import NormalDist

    if not math.isfinite(width) or width <= 0:
        return None
    z = NormalDist().inv_cdf
    error = width / 2 / z(1 - level)
    return max(math.ceil(n * ((z(1 - level) + z(POWER)) * error / margin) ** 2), n + 1)
