"""Which strategy should be shipped? The cheapest one that is not worse than the best by more than Δ.

The best is selected on the same examples on which it is then judged, and so is the choice. So several differences are judged together, by
the limits of `comparison.pair_limits`:

    θ_i − θ_j > L_ij   for all strategies i and one j, jointly with confidence 1 − α

A wrong choice i is worse than the true best b by more than Δ, although L_ib > −Δ. So only the comparisons with b must hold together,
whichever b is (multiple comparisons with the best; Hsu 1996, "Multiple Comparisons: Theory and Methods", chapter 4). The level of the
limits L_ij against j is the α-quantile of the smallest p-value over all i in a bootstrap (min-P; Westfall & Young 1993, "Resampling-based
multiple testing"). That a strategy is *worse* is a claim about any pair, so these limits W_ij hold jointly for all pairs.

| for strategy i | it is |
| --- | --- |
| L_ij > −Δ against every j | "within": within Δ of the best, whichever that is |
| W_ji > Δ against some j | "worse" by more than Δ |
| otherwise | "undecided", with the examples that would decide against the best if the two were equally good |

If these same trained models were tested again and again on other test sets of the same kind, a strategy that is worse than the best of them
by more than Δ would be recommended in at most α of the tests. Other training runs of the same strategies are another question.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import combinations
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.claims.joint_levels import JointScores, joint_scores, level_against, level_of_all_pairs
from harness.statistics.claims.thresholds import orient
from harness.statistics.comparison import LimitsAt, make_pair, pair_limits
from harness.statistics.intervals import OneSidedLimits
from harness.statistics.sample_size import SampleSize, examples_to_decide
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]
Standing: TypeAlias = Literal["within", "worse", "undecided"]


@dataclass(frozen=True)
class Lead:
    """How much better one strategy is than another, turned so that more is better.

    Attributes:
        observed: on these examples.
        limits: at the level at which the lower limits of all strategies over that one hold jointly.
        most: its upper limit, which holds jointly for all pairs.
        margin: Δ.
        strategies: the number that are compared together.
    """

    observed: float
    limits: OneSidedLimits
    most: float | None
    margin: float
    strategies: int

    @property
    def least(self) -> float | None:
        """Its lower limit; None without valid limits."""
        return self.limits.low

    @property
    def reason(self) -> str:
        """Why the limits are not reliable; empty if they are."""
        return self.limits.reason

    @property
    def is_shown(self) -> bool:
        """Whether it is shown to be not worse by more than Δ."""
        return self.least is not None and self.least > -self.margin

    @cached_property
    def sample_size(self) -> SampleSize | None:
        """How many test examples like these would show it to be not worse by more than Δ, see `examples_to_decide`; None where it is shown.

        Computed when it is asked for: it takes ten times as long as all limits.
        """
        return None if self.is_shown else examples_to_decide(self.limits, -self.margin, equal=0.0, strategies=self.strategies)


@dataclass(frozen=True)
class Candidate:
    """One strategy.

    Attributes:
        standing: within Δ of the best, worse by more than Δ, or undecided.
        lead: how much better than the best of the others it is on these examples (below 0: worse).
        least: the least that its lead over the best of the others can be, at the level of the family; None without valid limits.
        leads: over each of the others, by their names.
    """

    name: str
    score: float
    cost: float | None
    standing: Standing
    lead: float
    least: float | None
    leads: Mapping[str, Lead]

    @cached_property
    def sample_size(self) -> SampleSize | None:
        """How many test examples like these would show it to be within Δ of the best: the largest over the others; None where it is
        decided, or where some comparison cannot be decided so."""
        open_ = [] if self.standing != "undecided" else [lead.sample_size for lead in self.leads.values() if not lead.is_shown]
        known = [size for size in open_ if size is not None]
        return max(known, key=lambda size: size.examples) if known and len(known) == len(open_) else None


@dataclass(frozen=True)
class Recommendation:
    """The choice among several strategies.

    Attributes:
        choice: None where no strategy is shown to be within Δ of the best.
        best: the strategy with the best score, which may be chance.
        level: the one-sided level of the limits against the best strategy.
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

        The level is that of all strategies, so for a subset that does not depend on these examples, or that always holds the best strategy,
        a wrong choice (worse than the best of the subset by more than Δ) is made in at most α of the tests. The limits do not hold jointly
        against several possible leaders: where the same examples also decide which strategies are left, the bound is α for each
        strategy that may lead the subset. In simulations of 3 to 7 strategies that a guardrail on the same examples keeps with
        probability 0.3 to 0.8 (correlation of its score with the judged score −0.95 to 0.95), it was at most 3.4% at α = 5%.

        The candidates stay in order.

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
        resamples: at joint levels near 1%, 300 are too few. Of 7 strategies of which 6 fail on 10% of 200 examples, by macro-F1 one that
            fails is then recommended in 8% of samples; with 2,000, in 5%.

    Raises:
        ValueError: shapes that do not fit, a margin that is not above 0, or a metric without a better direction.
    """
    if metric.direction == "none":
        raise ValueError(f"{metric.name}: a recommendation needs a score for which higher or lower is better")
    if not margin > 0:
        raise ValueError(f"the margin must be above 0, not {margin}")
    field = joint_scores(stacks, metric=metric, groups=groups, resamples=resamples, seed=seed)
    if field is None:
        return None
    levels = [level_against(field.resampled, j, alpha) for j in range(len(field.names))]
    strict = level_of_all_pairs(field.resampled, alpha)
    pairs = _pair_limits(field, resamples, seed)
    candidates = [
        _judge(name, field.sign * float(field.scores[i]), costs.get(name), _leads(field, i, pairs, margin, levels, strict), margin)
        for i, name in enumerate(field.names)
    ]
    n = len(field.stack)
    undecided = Recommendation(
        choice=None,
        best="",
        candidates=(),
        margin=margin,
        alpha=alpha,
        level=min(levels),
        n=n,
        method=f"comparisons with the best, min-P bootstrap, n={n}, {resamples} resamples, seed {seed}",
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


def _pair_limits(field: JointScores, resamples: int, seed: int) -> dict[tuple[int, int], LimitsAt]:
    """The limits of the score of i less that of j, for every ordered pair, in the direction of the score."""
    limits: dict[tuple[int, int], LimitsAt] = {}
    for i, j in combinations(range(len(field.names)), 2):
        pair = make_pair(field.side(j), field.side(i), metric=field.metric, groups=field.groups, confidence=0.95)
        limits[i, j] = cache(pair_limits(pair, resamples, seed))  # both directions ask for the level of all pairs
        limits[j, i] = _reversed(limits[i, j])
    return limits


def _reversed(limits: LimitsAt) -> LimitsAt:
    return lambda alpha: orient(limits(alpha), higher_is_better=False)


def _leads(
    field: JointScores, i: int, pairs: Mapping[tuple[int, int], LimitsAt], margin: float, levels: Sequence[float], strict: float
) -> dict[str, Lead]:
    """The leads of one strategy over each of the others."""
    leads = {}
    for j, name in enumerate(field.names):
        if j == i:
            continue
        limits, outer = (orient(pairs[i, j](level), higher_is_better=field.sign > 0) for level in (levels[j], strict))
        leads[name] = Lead(float(field.scores[i] - field.scores[j]), limits, outer.high, margin, len(field.names))
    return leads


def _judge(name: str, score: float, cost: float | None, leads: Mapping[str, Lead], margin: float) -> Candidate:
    """One strategy by its leads; alone, it is the best."""
    least = min((-math.inf if lead.least is None else lead.least for lead in leads.values()), default=0.0)
    standing: Standing = "undecided"
    if least > -margin:
        standing = "within"
    elif any(lead.most is not None and lead.most < -margin for lead in leads.values()):
        standing = "worse"
    return Candidate(
        name=name,
        score=score,
        cost=cost,
        standing=standing,
        lead=min((lead.observed for lead in leads.values()), default=0.0),
        least=least if math.isfinite(least) else None,
        leads=leads,
    )
