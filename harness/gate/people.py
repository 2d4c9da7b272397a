"""What people said in a review: rules on it, and the rows on which they found a critical error."""

from __future__ import annotations

from harness.gate.gate_input import GateInput
from harness.gate.policy import Rule
from harness.gate.score_rules import against_value
from harness.gate.verdict import RuleVerdict
from harness.results import StrategyResult
from harness.review import load_reviews
from harness.review.findings import compute_error_rates, compute_preferences, flag_errors
from harness.review.ratings import UnblindedRatings
from harness.statistics import Basis


def ruling_of_people(case: GateInput, rule: Rule) -> RuleVerdict:
    """What people said of the candidate in the newest packet that tells; its limits are at the policy's α."""
    candidate = case.candidate.strategy
    run, task = case.candidate.run, case.candidate.task.name
    for review in reversed(load_reviews(run, task)):
        if review.key.cells.get(candidate) not in {cell.id for cell in case.candidate.done} or not review.key.representative:
            continue
        ratings = UnblindedRatings(review, run.examples(task), confidence=1 - 2 * case.alpha)
        if rule.score == "review.win_rate":
            against = rule.against or "base"
            found = compute_preferences(ratings) if review.packet.mode == "pairwise" else ()
            scores = [(p.win_rate, p.strategy == candidate) for p in found if {p.strategy, p.against} == {candidate, against}]
        else:
            errors = compute_error_rates(ratings) if review.packet.mode == "errors" else ()
            scores = [(e.critical, True) for e in errors if e.strategy == candidate]
        known = [
            (score, straight) for score, straight in scores if score.value is not None and score.low is not None and score.high is not None
        ]
        if not known:
            continue
        score, straight = known[0]
        assert score.value is not None and score.low is not None and score.high is not None  # they are known
        limits = (score.value, score.low, score.high) if straight else (1 - score.value, 1 - score.high, 1 - score.low)
        basis = Basis(score.n, score.n, f"packet {review.packet.id}, {score.method}", score.reason)
        return against_value(rule, "fraction", basis.limits(*limits, case.alpha), rule.title)
    what = (
        f"a pairwise review of {candidate} and {rule.against or 'base'}"
        if rule.score == "review.win_rate"
        else f"a review of the errors of {candidate}"
    )
    return RuleVerdict(rule.title, "FAIL", f"{what} is missing: bench review export", rule.score, against=rule.bound)


def marked_critical(chosen: StrategyResult) -> dict[str, bool]:
    """Of each row whose output people looked through for errors: whether they found a critical one. Newer packets count before older."""
    task, cells = chosen.task.name, {cell.id for cell in chosen.done}
    found: dict[str, bool] = {}
    for review in load_reviews(chosen.run, task):
        if review.packet.mode == "errors" and review.key.cells.get(chosen.strategy) in cells:
            judged = flag_errors(UnblindedRatings(review, chosen.examples), chosen.strategy, "critical")
            found |= {row: value > 0 for row, value in judged.items()}
    return found
