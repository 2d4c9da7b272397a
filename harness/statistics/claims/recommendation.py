"""Which strategy should be shipped? The cheapest one that is not worse than the best by more than Δ.

The best is selected on the same examples on which it is then judged, and so is the choice. So all ordered pairs (i, j) are judged together,
with a family of one-sided limits that hold jointly with confidence 1 − α:

    θ_i − θ_j > L_ij   for all pairs

The level of each pair comes from a bootstrap of the largest studentised error over all pairs (max-type; Hsu 1996, "Multiple Comparisons:
Theory and Methods", chapter 4; Romano & Wolf 2005, "Exact and approximate stepdown methods for multiple hypothesis testing", JASA
100:94–108): with its 1 − α quantile c, a pair is judged at α' = 1 − Φ(c), by the method that suits its scores (`difference_limits`). Then

| for strategy i | it is |
| --- | --- |
| L_ij > −Δ against every j | "within": within Δ of the best, whichever that is |
| L_ji > Δ against some j | "worse" by more than Δ |
| otherwise | "undecided", with the examples that would decide against the best if the two were equally good |

If these same trained models were tested again and again on other test sets of the same kind, a strategy that is worse than the best of them
by more than Δ would be recommended in at most α of the tests. Other training runs of the same strategies are another question.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.claims.limits import difference_limits
from harness.statistics.comparison import SAME, as_stack
from harness.statistics.examples import cluster_index, complete_examples, count_units, observed_scores, resampled_scores
from harness.statistics.intervals import bootstrap_basis, corrected_basis, corrected_limits, effective_examples, leave_one_out
from harness.statistics.sample_size import error_from_limits, examples_to_show
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]
Standing: TypeAlias = Literal["within", "worse", "undecided"]


@dataclass(frozen=True)
class Lead:
    """How much better one strategy is than another, turned so that more is better.

    Attributes:
        observed: on these examples.
        least, most: limits at the level of the family; None without valid limits.
        examples_needed: test examples that would show it to be not worse by more than Δ if the two were equally good; None where that is
            shown, or without valid limits.
        reason: why the limits are not reliable; empty if they are.
    """

    observed: float
    least: float | None
    most: float | None
    examples_needed: int | None
    reason: str


@dataclass(frozen=True)
class Candidate:
    """One strategy.

    Attributes:
        standing: within Δ of the best, worse by more than Δ, or undecided.
        lead: how much better than the best of the others it is on these examples (below 0: worse).
        least: the least that its lead over any other can be, at the level of the family; None without valid limits.
        examples_needed: test examples that would show it to be within Δ if it were as good as the best, at least one more than there are;
            None where it is decided, or without valid limits.
        leads: over each of the others, by their names.
    """

    name: str
    score: float
    cost: float | None
    standing: Standing
    lead: float
    least: float | None
    examples_needed: int | None
    leads: Mapping[str, Lead]


@dataclass(frozen=True)
class Recommendation:
    """The choice among several strategies.

    Attributes:
        choice: None where no strategy is shown to be within Δ of the best.
        best: the strategy with the best score, which may be chance.
        level: the one-sided level α' of each pair.
        n: the examples on which all strategies have a score.
        reliable, reason: whether the limits that the choice rests on are reliable, and why not.
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

    def candidate(self, name: str) -> Candidate:
        """The candidate with this name."""
        return next(c for c in self.candidates if c.name == name)

    def among(self, names: Collection[str]) -> Recommendation:
        """The choice among some of the strategies, such as those that break no guardrail.

        The limits of all pairs hold jointly, so they hold for the pairs of a subset, too, whichever it is. The candidates stay in order.

        Raises:
            ValueError: none of the strategies is a candidate.
        """
        left = [c for c in self.candidates if c.name in names]
        if not left:
            raise ValueError(f"no candidate is among {', '.join(sorted(names))}")
        rivals = {c.name for c in left}
        return _choose(
            [_judge(c.name, c.score, c.cost, {name: lead for name, lead in c.leads.items() if name in rivals}, self.margin) for c in left],
            replace(self, candidates=()),
        )


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
    """The recommendation; None with fewer than two strategies, or fewer than two independent examples on which all have a score.

    Valid where `compare_scores` is. Seeds are averaged within an example, so it is about these trained models.

    Args:
        stacks: scores or statistics by strategy, in the shapes of `compare_scores`, all on the same examples.
        costs: cost by strategy, in one unit; a strategy without a cost counts as the most expensive.
        margin: Δ, above 0, in the unit of the score.

    Raises:
        ValueError: shapes that do not fit, a margin that is not above 0, or a metric without a better direction.
    """
    if metric.direction == "none":
        raise ValueError(f"{metric.name}: a recommendation needs a score for which higher or lower is better")
    if not margin > 0:
        raise ValueError(f"the margin must be above 0, not {margin}")
    field = _make_field(stacks, metric, groups)
    if len(stacks) < 2 or field.units < 2:
        return None
    scores, resampled = _scores(field, resamples, seed)
    level = _pair_level(resampled, alpha)
    limits, reasons = _limits(field, scores, resampled, level)
    candidates = [
        _judge(name, field.sign * float(scores[i]), costs.get(name), _leads(field, i, scores, limits, reasons, margin, level), margin)
        for i, name in enumerate(field.names)
    ]
    undecided = Recommendation(
        choice=None,
        best="",
        candidates=(),
        margin=margin,
        alpha=alpha,
        level=level,
        n=len(field.stack),
        method=f"all pairs together, max-type bootstrap, n={len(field.stack)}, {resamples} resamples, seed {seed}",
        reliable=True,
        reason="",
    )
    return _choose(candidates, undecided)


def _choose(candidates: Sequence[Candidate], basis: Recommendation) -> Recommendation:
    """`basis` with these candidates, the choice among them, and whether that is reliable."""
    best = next(c for c in candidates if c.lead >= max(other.lead for other in candidates))
    within = [c for c in candidates if c.standing == "within"]
    choice = min(within, key=lambda c: (math.inf if c.cost is None else c.cost, -c.lead), default=None)
    reasons = [lead.reason for lead in (choice or best).leads.values() if lead.reason]
    return replace(
        basis,
        choice=choice.name if choice else None,
        best=best.name,
        candidates=tuple(candidates),
        reliable=not reasons,
        reason=next(iter(reasons), ""),
    )


@dataclass(frozen=True)
class _Field:
    """All strategies on the examples that all have a score for: (n, seeds of all, d), divided into strategies at `cuts`."""

    names: tuple[str, ...]
    stack: Array
    cuts: tuple[int, ...]
    cluster: NDArray[np.int64] | None
    groups: tuple[str | None, ...]
    metric: Metric

    @property
    def units(self) -> int:
        """The number of independent units."""
        return count_units(len(self.stack), self.cluster)

    @property
    def sign(self) -> float:
        """−1 where a lower score is better, to turn scores so that more is better."""
        return -1.0 if self.metric.direction == "lower" else 1.0

    def side(self, i: int) -> Array:
        """The statistics of one strategy, (n, seeds, d)."""
        return np.split(self.stack, self.cuts, axis=1)[i]


def _make_field(stacks: Mapping[str, Array], metric: Metric, groups: Sequence[str | None] | None) -> _Field:
    sides = [as_stack(stack, metric) for stack in stacks.values()]
    if len({(side.shape[0], side.shape[2]) for side in sides}) > 1:
        raise ValueError(f"the strategies have (examples, seeds, numbers) {[side.shape for side in sides]}")
    joined = np.concatenate(sides, axis=1) if sides else np.empty((0, 0, 1))
    complete = complete_examples(joined, groups if groups is not None else [None] * len(joined))
    cuts = tuple(int(cut) for cut in np.cumsum([side.shape[1] for side in sides])[:-1])
    cluster = cluster_index(complete.groups, len(complete.stack))
    return _Field(tuple(stacks), complete.stack, cuts, cluster, complete.groups, metric)


def _scores(field: _Field, resamples: int, seed: int) -> tuple[Array, Array]:
    """The score of each strategy, (k,), and of each resample, (resamples, k), turned so that more is better."""
    observed = observed_scores(field.metric, field.stack)
    resampled = resampled_scores(field.metric, field.stack, field.cluster, resamples, seed)
    return _by_strategy(field, observed), _by_strategy(field, resampled)


def _by_strategy(field: _Field, scores: Array) -> Array:
    """Scores of the seeds of all strategies, (…, seeds of all) → of strategies, (…, k)."""
    return np.stack([field.sign * side.mean(axis=-1) for side in np.split(scores, field.cuts, axis=-1)], axis=-1)


def _pair_level(resampled: Array, alpha: float) -> float:
    """α', from the scores of all strategies in each resample, (resamples, k)."""
    from scipy.stats import norm

    k = int(resampled.shape[1])
    centred = resampled - resampled.mean(axis=0)
    errors = centred[:, :, None] - centred[:, None, :]  # (resamples, k, k)
    scale = errors.std(axis=0, ddof=1)
    varies = scale > SAME
    bonferroni = alpha / (k * (k - 1))
    if not varies.any():
        return bonferroni
    largest = np.where(varies, errors / np.where(varies, scale, 1.0), -np.inf).max(axis=(1, 2))
    level = float(norm.sf(np.quantile(largest, 1 - alpha)))
    return min(alpha, max(level, bonferroni))


def _limits(field: _Field, scores: Array, resampled: Array, level: float) -> tuple[Array, list[list[str]]]:
    """L_ij, (k, k), turned so that more is better, −∞ without a valid limit and 0 on the diagonal; and why each is not reliable."""
    k = len(field.names)
    limits, reasons = np.zeros((k, k)), [[""] * k for _ in range(k)]
    basis = bootstrap_basis(field.stack, field.cluster, len(resampled), 0, biased=field.metric.resampling_biased)
    is_corpus = field.metric.level != "example"
    left_out = [field.sign * leave_one_out(field.metric, field.side(i), field.cluster).mean(axis=1) for i in range(k)] if is_corpus else []
    for i, j in combinations(range(k), 2):
        differences = resampled[:, i] - resampled[:, j]
        if is_corpus and differences.std() > SAME:
            effective_n = effective_examples(left_out[i] - left_out[j])
            low, high = corrected_limits(float(scores[i] - scores[j]), differences, effective_n, level)
            reason = corrected_basis(basis, effective_n).reason
        else:
            low, high, reason = _pair_limits(field, i, j, level)
        limits[i, j], limits[j, i] = low, -high
        reasons[i][j] = reasons[j][i] = reason
    return limits, reasons


def _pair_limits(field: _Field, i: int, j: int, level: float) -> tuple[float, float, str]:
    """The limits of θ_i − θ_j, turned so that more is better, by the method that suits the scores, and why they are not reliable."""
    limits = difference_limits(field.side(j), field.side(i), metric=field.metric, groups=field.groups, alpha=level)
    if limits.low is None or limits.high is None:
        return -math.inf, math.inf, limits.reason
    low, high = (limits.low, limits.high) if field.sign > 0 else (-limits.high, -limits.low)
    return low, high, limits.reason


def _leads(
    field: _Field, i: int, scores: Array, limits: Array, reasons: Sequence[Sequence[str]], margin: float, level: float
) -> dict[str, Lead]:
    """The leads of one strategy over each of the others."""
    leads = {}
    for j, name in enumerate(field.names):
        least, most = float(limits[i, j]), -float(limits[j, i])
        if j != i:
            leads[name] = Lead(
                observed=float(scores[i] - scores[j]),
                least=least if math.isfinite(least) else None,
                most=most if math.isfinite(most) else None,
                examples_needed=_examples_needed(len(field.stack), least, most, margin, level) if least <= -margin else None,
                reason=reasons[i][j],
            )
    return leads


def _judge(name: str, score: float, cost: float | None, leads: Mapping[str, Lead], margin: float) -> Candidate:
    """One strategy by its leads; alone, it is the best."""
    least = min((-math.inf if lead.least is None else lead.least for lead in leads.values()), default=0.0)
    standing: Standing = "undecided"
    if least > -margin:
        standing = "within"
    elif any(lead.most is not None and lead.most < -margin for lead in leads.values()):
        standing = "worse"
    needed = [lead.examples_needed for lead in leads.values() if lead.examples_needed is not None]
    return Candidate(
        name=name,
        score=score,
        cost=cost,
        standing=standing,
        lead=min((lead.observed for lead in leads.values()), default=0.0),
        least=least if math.isfinite(least) else None,
        examples_needed=max(needed, default=None) if standing == "undecided" else None,
        leads=leads,
    )


def _examples_needed(n: int, low: float, high: float, margin: float, level: float) -> int | None:
    """`examples_to_show` for two equally good strategies. At least one more than there are, since these have left it undecided."""
    if not math.isfinite(high - low) or high <= low:
        return None
    return max(examples_to_show(n, error_from_limits(low, high, level), margin, alpha=level), n + 1)
