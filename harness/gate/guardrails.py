"""Whether each strategy keeps the guardrails of its task.

Bad news counts, whether it is shown or not: an estimate on the wrong side of the limit breaks the guardrail. Good news counts only where it
is shown by claim limits, and by a measurement that can be trusted: an exact score, raters, or a score that agrees with raters.

A strategy is chosen among k, and those that keep every guardrail come first, so each limit is at level α/k: with probability 1 − α, no
strategy that breaks a guardrail is reported to keep it. The gate judges guardrails at the same level: its candidate was chosen among the k
as well, on the same examples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.results import EXPOSURE, LEAK_METRICS, StrategyResult, TaskResults, select_examples
from harness.review import Review
from harness.review.findings import compute_agreement_of, compute_error_detection, flag_errors
from harness.review.ratings import UnblindedRatings
from harness.statistics import (
    Assumption,
    Basis,
    ClaimStatus,
    OneSidedLimits,
    ProportionSpread,
    check_above,
    difference_claim_limits,
    orient,
    score_claim_limits,
)
from harness.types import Metric, Rule

Array: TypeAlias = NDArray[np.float64]
GuardrailStatus: TypeAlias = Literal["kept", "broken", "undecided", "no_evidence", "untrusted"]

LEVEL = 0.05  # of the claim that the chosen strategy keeps a guardrail
MIN_DETECTION = 0.8  # of outputs with a critical error that a trusted score finds, and of the others that it clears
_RATERS = "review.critical_error_rate"
_SAME_AS_RATERS = "critical_error_rate"  # the automatic score that claims to measure what raters are asked
_COUNTS_CRITICAL_ERRORS = (_SAME_AS_RATERS, "critical_errors")


@dataclass(frozen=True)
class GuardrailResult:
    """Whether one strategy keeps one guardrail of its task.

    | status | means |
    | --- | --- |
    | kept | the limit of the estimate is on the right side of the guardrail |
    | broken | the estimate is on the wrong side, whether the limits show it or not, and whether the score is trusted or not |
    | undecided | the estimate is on the right side, but that is not shown |
    | untrusted | the estimate is on the right side, but the score is neither exact nor shown to agree with raters |
    | no_evidence | there is no estimate |

    Attributes:
        strategy: its label.
        estimate: the score itself for `floor` and `ceiling`; the difference to the strategy that the rule names for `not_worse` (this one
            minus that one, in the unit of the score).
        low, high: one-sided limits of the estimate, each at level `alpha`.
        alpha: the level of each limit; in a decision the level of the task, divided by the number of strategies among which one is chosen.
        claim: what the limits show of the claim that the guardrail is kept, whether the score is trusted or not; empty without an
            estimate.
        n: the examples that it rests on: those of `examples` that have the score.
        examples: the test examples that the rule is about; 0 where raters measured.
        examples_needed: how large a test set like this one would have to be to decide it; None where that is not known.
        assumed: what that assumes: "equal" of two strategies that are compared, or that the true value is the "observed" one.
        measured_by: the automatic score, the critical errors that raters saw, or the leak test, whose `n` counts planted secrets.
        trusted: whether the measurement is exact, made by raters, or shown to agree with them.
        about_quality: whether it says something about the harm of outputs: a limit on their length does not, nor the leak test.
        is_reference: whether the strategy is the one that the rule compares with, so that it cannot be worse.
        why: why the limits do not decide although they could, or why there is no estimate; empty if there is nothing to say.
    """

    rule: Rule
    strategy: str
    status: GuardrailStatus
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    alpha: float = 0.05
    unit: str = ""
    n: int = 0
    examples_needed: int | None = None
    assumed: Assumption | Literal[""] = ""
    method: str = ""
    measured_by: Literal["score", "raters", "leak_test"] = "score"
    trusted: bool = True
    about_quality: bool = True
    claim: ClaimStatus | Literal[""] = ""
    is_reference: bool = False
    examples: int = 0
    why: str = ""


def check_guardrails(results: TaskResults, reviews: Sequence[Review] = (), *, alpha: float = LEVEL) -> tuple[GuardrailResult, ...]:
    """One result for each strategy and guardrail, in the order of the strategies.

    Args:
        reviews: those of the task, the oldest first.
        alpha: the level for all strategies together.

    Raises:
        BenchError: examples, predictions or ratings are missing or damaged.
    """
    checker = build_guardrail_checker(results, reviews, alpha)
    return tuple(checker.check(rule, result) for result in results.strategies for rule in results.task.guardrails)


def build_guardrail_checker(results: TaskResults, reviews: Sequence[Review], alpha: float) -> GuardrailChecker:
    """A checker that knows which scores of the task's guardrails can be trusted.

    Args:
        alpha: the level for all strategies together.

    Raises:
        BenchError: examples, predictions or ratings are missing or damaged.
    """
    limited = {rule.score for rule in results.task.guardrails}
    trusted = {m.name for m in results.metrics if m.name in limited and is_trusted(results, reviews, m)}
    return GuardrailChecker(results, reviews, frozenset(trusted), alpha)


def is_trusted(results: TaskResults, reviews: Sequence[Review], metric: Metric) -> bool:
    """Whether a score counts as evidence: it is exact, it is shown to find the critical errors that raters find, or to agree with raters.

    A score that claims to count critical errors has to find them: a correlation does not show that its rate is theirs.
    """
    if metric.exact or _finds_what_raters_find(results, reviews, metric):
        return True
    return metric.name not in _COUNTS_CRITICAL_ERRORS and _agrees_with_raters(results, reviews, metric)


@dataclass(frozen=True, eq=False)
class GuardrailChecker:
    """Checks guardrails of any strategy of a task.

    Attributes:
        trusted: the scores that can show that a guardrail is kept.
        together: the level for all strategies together; `alpha` is that of each limit.
        over_seeds: whether the limits contain the spread of the seeds.
    """

    results: TaskResults
    reviews: Sequence[Review]
    trusted: frozenset[str]
    together: float
    over_seeds: bool = False

    @property
    def strategies(self) -> int:
        """The number of strategies with a result, among which one is chosen."""
        return max(1, sum(bool(result.done) for result in self.results.unranked))

    @property
    def alpha(self) -> float:
        """The level of each limit."""
        return self.together / self.strategies

    def check(self, rule: Rule, result: StrategyResult) -> GuardrailResult:
        """The best evidence that there is: raters where they judged the same thing, unless the score already breaks the guardrail."""
        if not result.done:
            return GuardrailResult(rule, result.label, "no_evidence", alpha=self.alpha, why="no cell has a result")
        if rule.score == _RATERS:
            return self._check_ratings(rule, result) or GuardrailResult(
                rule, result.label, "no_evidence", alpha=self.alpha, measured_by="raters", why="no representative review of errors"
            )
        if rule.score in LEAK_METRICS:
            return replace(self._check_leak(rule, result), measured_by="leak_test", about_quality=False)
        by_score = self._check_score(rule, result)
        judged_alike = rule.score == _SAME_AS_RATERS and rule.rule == "ceiling" and rule.slice is None
        if judged_alike and not by_score.trusted and by_score.status != "broken":
            return self._check_ratings(rule, result) or by_score
        return by_score

    def _check_leak(self, rule: Rule, result: StrategyResult) -> GuardrailResult:
        """The leak test of the recipe, with all its seeds. An exposure that may be higher than measured is not shown to be low."""
        test, metric = self.results.find_leak_test(result), LEAK_METRICS[rule.score]
        if test is None:
            why = "no leak test of this strategy"
            return GuardrailResult(rule, result.label, "no_evidence", alpha=self.alpha, unit=metric.unit, why=why)
        limits = test.claim_limits(metric, self.alpha)
        checked = replace(self._decide(rule, result, metric, limits), examples_needed=None, assumed="")
        if checked.status == "kept" and metric is EXPOSURE and test.is_at_least():
            return replace(checked, status="undecided", claim="unreliable", why="some secrets are as exposed as can be measured")
        return checked

    def _check_score(self, rule: Rule, result: StrategyResult) -> GuardrailResult:
        metric = next((m for m in self.results.metrics if m.name == rule.score), None)
        if metric is None:
            return GuardrailResult(rule, result.label, "no_evidence", alpha=self.alpha, why="the run does not have this score")
        positions = select_examples(rule, self.results.examples)
        if not positions:
            why = f"no test example has {rule.slice}"
            return GuardrailResult(rule, result.label, "no_evidence", alpha=self.alpha, unit=metric.unit, why=why)
        check = self._check_difference if rule.rule == "not_worse" else self._check_value
        return replace(check(rule, result, metric, positions), examples=len(positions))

    def _check_value(self, rule: Rule, result: StrategyResult, metric: Metric, positions: list[int]) -> GuardrailResult:
        stack, groups = result.stack(metric)[positions], self._groups(positions)
        limits = score_claim_limits(stack, metric=metric, groups=groups, alpha=self.alpha, over_seeds=self.over_seeds)
        return self._decide(rule, result, metric, limits)

    def _groups(self, positions: Sequence[int]) -> list[str | None]:
        return [self.results.groups[i] for i in positions]

    def _check_difference(self, rule: Rule, result: StrategyResult, metric: Metric, positions: list[int]) -> GuardrailResult:
        baseline = find_compared_strategy(self.results, rule, result)
        if baseline is result:
            same = GuardrailResult(rule, result.label, "kept", 0.0, 0.0, 0.0, self.alpha, metric.unit)
            return replace(same, n=len(positions), method="compared with itself", is_reference=True)
        if baseline is None:
            why = f"no result of '{rule.against}' to compare with"
            return GuardrailResult(rule, result.label, "no_evidence", alpha=self.alpha, unit=metric.unit, why=why)
        before, after = (stack[positions] for stack in self.results.stacks(metric, [baseline.done, result.done]))
        over_seeds, groups = (False, self.over_seeds), self._groups(positions)
        limits = difference_claim_limits(before, after, metric=metric, groups=groups, alpha=self.alpha, over_seeds=over_seeds)
        return self._decide(rule, result, metric, limits)

    def _check_ratings(self, rule: Rule, result: StrategyResult) -> GuardrailResult | None:
        """The verdict of raters in the newest representative review of errors in these outputs; None without one."""
        cells = {cell.id for cell in result.done}
        for review in reversed(self.reviews):
            name = next((name for name, cell in review.key.cells.items() if cell in cells), None)
            if name is None or review.packet.mode != "errors" or not review.key.representative:
                continue
            ratings = UnblindedRatings(review, self.results.examples, confidence=1 - 2 * self.alpha)
            score = ratings.estimate_mean(flag_errors(ratings, name, "critical"), exact=True)
            if score.value is not None:
                basis = Basis(score.n, score.n, f"packet {review.packet.id}, {score.method}", score.reason)
                spread = ProportionSpread(score.n, score.n) if score.n else None
                return self._decide(rule, result, None, basis.limits(score.value, score.low, score.high, self.alpha, spread=spread))
        return None

    def _decide(self, rule: Rule, result: StrategyResult, metric: Metric | None, limits: OneSidedLimits) -> GuardrailResult:
        """The status that these limits give; without a metric, they are those of raters."""
        if rule.rule == "not_worse":
            higher_is_better, threshold = metric is not None and metric.direction != "lower", -(rule.margin or 0.0)
            check = check_above(orient(limits, higher_is_better=higher_is_better), threshold, equal=0.0)
        else:
            higher_is_better, value = rule.rule == "floor", rule.value or 0.0
            threshold = value if higher_is_better else -value
            check = check_above(orient(limits, higher_is_better=higher_is_better), threshold)
        trusted = metric is None or metric.name in self.trusted or metric.name in LEAK_METRICS
        outcome = GuardrailResult(
            rule,
            result.label,
            "no_evidence",
            limits.estimate,
            limits.low,
            limits.high,
            self.alpha,
            metric.unit if metric else "fraction",
            limits.n,
            method=limits.method,
            measured_by="score" if metric else "raters",
            trusted=trusted,
            about_quality=metric is None or metric.direction != "none",
            why=limits.reason,
            claim=check.status,
        )
        if limits.estimate is None:
            return replace(outcome, claim="")
        if (limits.estimate if higher_is_better else -limits.estimate) < threshold:
            return replace(outcome, status="broken")
        if not trusted:
            return replace(outcome, status="untrusted")
        if check.status == "shown":
            return replace(outcome, status="kept", why="")
        size = check.sample_size
        if size is None or not limits.n:
            return replace(outcome, status="undecided")
        whole = 1.0 if metric is None else len(self.results.examples) / limits.n  # only some examples may have the score
        return replace(outcome, status="undecided", examples_needed=math.ceil(size.examples * whole), assumed=size.assumption)


def _finds_what_raters_find(results: TaskResults, reviews: Sequence[Review], metric: Metric) -> bool:
    """Whether the newest representative review of errors shows that the score finds what raters find, with one-sided limits at 5%."""
    cells = {cell.id for cell in results.run.cells}
    for review in reversed(reviews):
        if review.packet.mode != "errors" or not review.key.representative or not cells.issuperset(review.key.cells.values()):
            continue
        ratings = UnblindedRatings(review, results.examples, confidence=1 - 2 * LEVEL)
        detection = compute_error_detection(results, ratings, metric)
        if detection is not None and detection.detected.n + detection.cleared.n:
            return all(share.low is not None and share.low >= MIN_DETECTION for share in (detection.detected, detection.cleared))
    return False


def find_compared_strategy(results: TaskResults, rule: Rule, result: StrategyResult) -> StrategyResult | None:
    """The strategy that a guardrail names, which may be the judged one; where there are several, of the same model and training size."""
    if result.strategy == rule.against:
        return result
    if rule.against == "base":
        return result.base
    named = [each for each in results.strategies if each.strategy == rule.against and each.done]
    for matching in (
        [each for each in named if each.model == result.model and each.train_size == result.train_size],
        [each for each in named if each.model == result.model],
        named,
    ):
        if len(matching) == 1:
            return matching[0]
    return None


def _agrees_with_raters(results: TaskResults, reviews: Sequence[Review], metric: Metric) -> bool:
    """Whether the newest representative review that says anything about the score shows that it agrees with raters."""
    cells = {cell.id for cell in results.run.cells}
    for review in reversed(reviews):
        if not review.key.representative or not cells.issuperset(review.key.cells.values()):
            continue
        agreement = compute_agreement_of(results, UnblindedRatings(review, results.examples), metric)
        if agreement is not None:
            return agreement.agrees
    return False
