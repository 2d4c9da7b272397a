"""Rules on human reviews."""

from __future__ import annotations

from dataclasses import replace

from harness.gate.gate_input import GateInput
from harness.gate.rules.score_rules import check_value, describe_rule
from harness.gate.verdict import JudgedRule, Reason, RuleVerdict
from harness.review import load_reviews
from harness.review.findings import ScoreCombiner, compute_error_rates, compute_preferences
from harness.review.ratings import UnblindedRatings
from harness.statistics import Basis, OneSidedLimits
from harness.types import Rule, Score


def check_review(case: GateInput, rule: Rule) -> RuleVerdict:
    """The verdict of a rule on the newest review of the candidate that answers it. Without such a review it fails."""
    judged = describe_rule(rule)
    run, task, strategy = case.candidate.run, case.candidate.task.name, case.candidate.strategy
    cells = {cell.id for cell in case.candidate.done}
    for review in reversed(load_reviews(run, task)):
        if review.key.cells.get(strategy) not in cells or not review.key.representative:
            continue
        ratings = UnblindedRatings(review, run.examples(task), confidence=1 - 2 * case.level)
        combiner = ScoreCombiner(case.candidate.task_scores, ratings)
        is_win_rate = rule.score == "review.win_rate"
        score = _win_rate(ratings, combiner, strategy, judged) if is_win_rate else _critical_error_rate(ratings, strategy)
        if score is not None and score.low is not None:
            return check_value(judged, _to_limits(score, review.packet.id, case.level), "fraction")
    strategies = (strategy, judged.against) if judged.against else (strategy,)
    return RuleVerdict(judged, "FAIL", Reason("review_missing", texts={"strategies": strategies}))


def _win_rate(ratings: UnblindedRatings, combiner: ScoreCombiner, strategy: str, judged: JudgedRule) -> Score | None:
    """How often the strategy wins against the other, whichever of the two the review names first, with the help of an automatic score where
    one helps."""
    if ratings.packet.mode != "pairwise":
        return None
    for preference in compute_preferences(ratings, combiner):
        if {preference.strategy, preference.against} == {strategy, judged.against}:
            return preference.best_estimate if preference.strategy == strategy else _complement(preference.best_estimate)
    return None


def _complement(rate: Score) -> Score:
    value, low, high = (None if number is None else 1 - number for number in (rate.value, rate.high, rate.low))
    return replace(rate, value=value, low=low, high=high)


def _critical_error_rate(ratings: UnblindedRatings, strategy: str) -> Score | None:
    """Of the ratings alone: no limit on critical errors is kept because of an automatic score."""
    if ratings.packet.mode != "errors":
        return None
    return next((rates.critical for rates in compute_error_rates(ratings) if rates.strategy == strategy), None)


def _to_limits(score: Score, packet: str, alpha: float) -> OneSidedLimits:
    """The ends of an interval at confidence 1 − 2 alpha are one-sided limits at alpha."""
    basis = Basis(score.n, score.n, f"packet {packet}, {score.method}", score.reason)
    return basis.limits(score.value, score.low, score.high, alpha)
