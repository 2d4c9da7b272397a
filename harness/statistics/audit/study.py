"""The worlds of an audit, and what the procedures of a report do in them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.audit.audit_result import Audit, AuditCheck, CheckKind, Rate, SkippedCheck, SkipReason
from harness.statistics.audit.world import DrawnTestSet, World, make_world
from harness.statistics.claims import ClaimCheck, check_above, difference_claim_limits, orient, recommend, score_claim_limits
from harness.statistics.comparison import compare_scores
from harness.statistics.examples import cluster_index, complete_examples, count_units
from harness.statistics.intervals import score_stacks
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]

_CONFIDENCE = 0.95
_BEYOND = 1.02  # times Δ: a loss that is just too large
_MOST_PAIRS = 6  # strategies of which all pairs are compared; of more, the best with each of the others


@dataclass(frozen=True)
class AuditedStrategy:
    """A strategy: its statistics, (n, seeds, d), and its cost of use, None where it is not known."""

    name: str
    stack: Array
    cost: float | None


@dataclass(frozen=True)
class AuditedClaim:
    """A claim about the best strategy that is read from claim limits: a guardrail, a release rule, or that it beats the trivial baseline.

    Attributes:
        kinds: what is counted where it is exactly at its border: that it is made, and for release rules that its opposite is.
        stack: the statistics of the strategy, (n, seeds, d).
        threshold: the score must be above it, or below where `is_floor` is false; a difference, turned so that more is better, above it.
        reference, reference_name: what it is compared with, (n, seeds, d); None for a limit of the score itself.
        level: of the claim limits.
        factor: what the score of the reference is multiplied by.
        stated: how often it may be made wrongly.
    """

    kinds: tuple[CheckKind, ...]
    metric: Metric
    stack: Array
    threshold: float
    level: float
    is_floor: bool = True
    reference: Array | None = None
    reference_name: str = ""
    factor: float = 1.0
    stated: float = 0.05

    def names(self, strategy: str) -> tuple[str, ...]:
        """Whose score, or whose difference."""
        return (strategy,) if self.reference is None else (self.reference_name, strategy)

    def check(self, sides: Sequence[Array], groups: Sequence[str | None]) -> tuple[ClaimCheck, bool]:
        """The claim on a sample, and whether its limits are reliable."""
        if self.reference is None:
            limits = score_claim_limits(sides[0], metric=self.metric, groups=groups, alpha=self.level)
            higher, threshold = self.is_floor, self.threshold if self.is_floor else -self.threshold
        else:
            limits = difference_claim_limits(*sides, metric=self.metric, groups=groups, alpha=self.level, factor=self.factor)
            higher, threshold = self.metric.direction != "lower", self.threshold
        return check_above(orient(limits, higher_is_better=higher), threshold), limits.reliable


@dataclass
class _Tally:
    """What is counted for one promise."""

    truth: float
    limit: float
    hits: int = 0
    times: int = 0
    flagged: int = 0
    unmarked: int = 0

    def count(self, hit: bool, *, reliable: bool, is_error: bool) -> None:
        self.hits += hit
        self.times += 1
        self.flagged += not reliable
        self.unmarked += is_error and reliable


@dataclass
class Study:
    """All worlds of an audit, and what was counted in them: `plan` once, `simulate` for each simulation, then `result`."""

    observed: World
    strategies: Sequence[AuditedStrategy]
    margin: float
    alpha: float
    tallies: dict[tuple[CheckKind, tuple[str, ...]], _Tally] = field(default_factory=dict)
    skipped: list[SkippedCheck] = field(default_factory=list)
    choices: Counter[str | None] = field(default_factory=Counter)
    good: int = 0
    recommended: int = 0
    equal_worlds: dict[tuple[int, int], World] = field(default_factory=dict)
    choice_worlds: dict[tuple[CheckKind, int], World] = field(default_factory=dict)
    claims: list[tuple[AuditedClaim, World, dict[CheckKind, _Tally]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.metric = self.observed.metric
        self.names = tuple(each.name for each in self.strategies)
        self.costs: Mapping[str, float | None] = {each.name: each.cost for each in self.strategies}
        self.truth = self.observed.truth()
        self.best = int(np.argmax(self.observed.sign * self.truth))
        self.has_choice = len(self.names) > 1 and self.metric.direction != "none"
        pairs = list(combinations(range(len(self.names)), 2))
        self.pairs = pairs if len(self.names) <= _MOST_PAIRS else [pair for pair in pairs if self.best in pair]

    # -- worlds

    def plan(self, groups: Sequence[str | None], claims: Callable[[str], Sequence[AuditedClaim]]) -> None:
        """Build every world, and note those that cannot be built."""
        if len(self.names) < 2:
            self._skip("difference_interval", self.names, "one_strategy")
        elif not self.has_choice:
            self._skip("wrong_choice", self.names, "no_direction")
        else:
            for other in range(len(self.names)):
                if other != self.best:
                    self._plan_pair(other)
            self._plan_failures()
        for claim in claims(self.names[self.best]):
            self._plan_claim(claim, groups)

    def _plan_pair(self, other: int) -> None:
        names = (self.names[self.best], self.names[other])
        why: SkipReason = "not_additive" if self.metric.level == "rows" else "out_of_reach"
        loss = _BEYOND * self.margin
        worse = self.observed.tilted_to_difference(other, self.best, -loss) or self.observed.with_mixed_copy(self.best, other, loss)
        if worse is None:
            self._skip("wrong_choice", names, why)
        else:
            self.choice_worlds["wrong_choice", other] = worse
        equal = self.observed.tilted_to_difference(other, self.best, 0.0)
        if equal is None:
            self._skip("false_difference", names, why)
        else:
            self.equal_worlds[self.best, other] = equal

    def _plan_failures(self) -> None:
        """The cheapest of the others is as good as the best, except that it fails on rare examples."""
        others = [i for i in range(len(self.names)) if i != self.best]
        cheapest = min(others, key=lambda i: math.inf if (cost := self.costs[self.names[i]]) is None else cost)
        world = self.observed.with_failures(self.best, cheapest, _BEYOND * self.margin)
        if world is None:
            self._skip("hidden_failures", (self.names[self.best], self.names[cheapest]), "no_scale")
        else:
            self.choice_worlds["hidden_failures", cheapest] = world

    def _plan_claim(self, claim: AuditedClaim, groups: Sequence[str | None]) -> None:
        """The world in which a claim is exactly at its border."""
        sides = [claim.stack] if claim.reference is None else [claim.reference, claim.stack]
        complete = complete_examples(np.concatenate(sides, axis=1), groups)
        cluster = cluster_index(complete.groups, len(complete.stack))
        cuts = () if claim.reference is None else (claim.reference.shape[1],)
        world = None
        if count_units(len(complete.stack), cluster) > 1 and claim.metric.level != "rows":
            observed = make_world(claim.metric, complete.stack, cuts, cluster)
            if claim.reference is None:
                world = observed.tilted_to_score(0, claim.threshold)
            else:
                world = observed.tilted_to_difference(1, 0, claim.threshold, factor=claim.factor)
        if world is None:
            reason: SkipReason = "not_additive" if claim.metric.level == "rows" else "out_of_reach"
            for kind in claim.kinds:
                self._skip(kind, claim.names(self.names[self.best]), reason)
        else:
            direction = -1.0 if claim.reference is not None and claim.metric.direction == "lower" else 1.0
            tallies = {kind: _Tally(direction * claim.threshold, claim.stated) for kind in claim.kinds}
            self.claims.append((claim, world, tallies))

    def _skip(self, kind: CheckKind, strategies: tuple[str, ...], reason: SkipReason) -> None:
        self.skipped.append(SkippedCheck(kind, strategies, reason))

    # -- simulations

    def simulate(self, rng: np.random.Generator) -> None:
        """Draw one test set in each world, and count what its report would say."""
        self._simulate_intervals(self.observed.draw(rng))
        for (best, other), world in self.equal_worlds.items():
            sample = world.draw(rng)
            sides = world.sides(sample.positions)
            comparison = compare_scores(sides[best], sides[other], metric=self.metric, groups=sample.groups, margin=self.margin)
            tally = self._tally("false_difference", (self.names[best], self.names[other]), 0.0, 1 - _CONFIDENCE)
            called = comparison.verdict in ("better", "worse")
            tally.count(called, reliable=comparison.reliable, is_error=called)
        for (kind, other), world in self.choice_worlds.items():
            self._simulate_choice(kind, other, world, world.draw(rng))
        for claim, world, tallies in self.claims:
            sample = world.draw(rng)
            check, reliable = claim.check(world.sides(sample.positions), sample.groups)
            for kind, tally in tallies.items():
                wrong = check.outcome == ("FAIL" if kind == "wrong_fail" else "PASS")
                tally.count(wrong, reliable=reliable, is_error=wrong)

    def _simulate_intervals(self, sample: DrawnTestSet) -> None:
        """Intervals, verdicts and the recommendation where the run's examples are the truth."""
        sides = self.observed.sides(sample.positions)
        groups = sample.groups
        for i, side in enumerate(sides):
            score = score_stacks([self.metric], lambda _, own=side: own, groups)[self.metric.name]  # type: ignore[misc]
            if score.low is not None and score.high is not None:
                tally = self._tally("score_interval", (self.names[i],), float(self.truth[i]), _CONFIDENCE)
                held = bool(score.low <= self.truth[i] <= score.high)
                tally.count(held, reliable=score.reliable, is_error=not held)
        for i, j in self.pairs:
            comparison = compare_scores(sides[i], sides[j], metric=self.metric, groups=groups, margin=self.margin)
            if comparison.low is None or comparison.high is None:
                continue
            names, truth = (self.names[i], self.names[j]), float(self.truth[j] - self.truth[i])
            held = comparison.low <= truth <= comparison.high
            self._tally("difference_interval", names, truth, _CONFIDENCE).count(held, reliable=comparison.reliable, is_error=not held)
            if self.metric.direction != "none":
                right = "better" if self.observed.sign * truth > 0 else "worse"
                wrong = comparison.verdict in ("better", "worse") and comparison.verdict != right
                self._tally("wrong_direction", names, truth, 1 - _CONFIDENCE).count(wrong, reliable=comparison.reliable, is_error=wrong)
        if self.has_choice:
            choice, _ = self._recommend(self.observed, sample, self.costs)
            self.choices[choice] += 1
            self.recommended += 1
            lead = self.observed.sign * self.truth
            self.good += choice is not None and bool(lead.max() - lead[self.names.index(choice)] <= self.margin)

    def _simulate_choice(self, kind: CheckKind, other: int, world: World, sample: DrawnTestSet) -> None:
        costs = {**self.costs, self.names[other]: -math.inf}  # the worst case: what is worse is also the cheapest
        choice, reliable = self._recommend(world, sample, costs)
        truth = world.sign * world.truth()
        wrong = choice is not None and bool(truth.max() - truth[self.names.index(choice)] > self.margin)
        names = (self.names[self.best], self.names[other])
        tally = self._tally(kind, names, float(world.sign * (truth[other] - truth[self.best])), self.alpha)
        tally.count(wrong, reliable=reliable, is_error=wrong)

    def _recommend(self, world: World, sample: DrawnTestSet, costs: Mapping[str, float | None]) -> tuple[str | None, bool]:
        """The strategy that the report would recommend, and whether its limits are reliable."""
        stacks = dict(zip(self.names, world.sides(sample.positions), strict=True))
        recommendation = recommend(stacks, costs, metric=self.metric, margin=self.margin, groups=sample.groups, alpha=self.alpha)
        return (None, False) if recommendation is None else (recommendation.choice, recommendation.reliable)

    def _tally(self, kind: CheckKind, names: tuple[str, ...], truth: float, limit: float) -> _Tally:
        return self.tallies.setdefault((kind, names), _Tally(truth, limit))

    # -- result

    def result(self, done: int, requested: int, seed: int, dropped: int) -> Audit:
        """What was counted."""
        checks = [_check(kind, names, self.metric.name, tally) for (kind, names), tally in self.tallies.items()]
        best = self.names[self.best]
        checks += [
            _check(kind, claim.names(best), claim.metric.name, tally)
            for claim, _, tallies in self.claims
            for kind, tally in tallies.items()
            if tally.times
        ]
        choices = {name: Rate(self.choices[name], self.recommended) for name in (*self.names, None)} if self.recommended else {}
        return Audit(
            score=self.metric.name,
            unit=self.metric.unit,
            n=len(self.observed.stack),
            units=len(self.observed.chances),
            dropped=dropped,
            strategies=self.names,
            best=self.names[self.best],
            margin=self.margin,
            alpha=self.alpha,
            simulations=done,
            requested=requested,
            seed=seed,
            checks=tuple(checks),
            skipped=tuple(self.skipped),
            choices=choices,
            good_choices=Rate(self.good, self.recommended) if self.recommended else None,
        )


def _check(kind: CheckKind, names: tuple[str, ...], score: str, tally: _Tally) -> AuditCheck:
    return AuditCheck(
        kind=kind,
        strategies=names,
        truth=tally.truth,
        rate=Rate(tally.hits, tally.times),
        limit=tally.limit,
        low_confidence=Rate(tally.flagged, tally.times),
        unmarked=Rate(tally.unmarked, tally.times),
        score=score,
    )
