"""From evidence to the decision on one task. Pure: the same evidence gives the same decision.

| when | state |
| --- | --- |
| strategies have a score, but each is excluded: it breaks a guardrail, fails the gate, or fails a sanity check | do not ship |
| no choice: nothing to compare, too close to call, an unfit test set, critical errors without a declared limit | undecided |
| each is excluded, but one only because its lead over the trivial baseline is not shown | undecided |
| a choice that has a condition to settle: evidence that is missing or too weak | ship with conditions |
| otherwise | ship |

The choice is the cheapest of the admissible strategies that are within Δ of the best of them; those that are shown to keep every guardrail
come first. Bad news about a strategy never improves its standing, nor any state in which it is chosen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.decision.check_results import CRITICAL_SCORES, SanityFinding
from harness.decision.decision import (
    CandidateStanding,
    CandidateStatus,
    Decision,
    DecisionReason,
    DecisionState,
    HeadlineCode,
)
from harness.decision.evidence import Evidence, StrategyEvidence
from harness.decision.next_steps import list_next_steps
from harness.decision.reasons import (
    borrowed_targets,
    critical_scores,
    list_conditions,
    list_exclusions,
    list_notes,
    may_beat_trivial,
    missing_limit,
    open_guardrails,
    seed_risk,
    unfinished_run,
)
from harness.statistics import Candidate, Recommendation


def decide(evidence: Evidence) -> Decision:
    """The decision that this evidence allows."""
    scored = [each for each in evidence.strategies if each.scored]
    excluded = {each.label: blocks for each in evidence.strategies if (blocks := list_exclusions(each))}
    admissible = [each for each in scored if each.label not in excluded]
    compared = _compare(evidence, admissible)
    choice = _choose(compared, {each.label: each for each in admissible}, evidence) if compared else None
    headline = _headline(evidence, scored, admissible, compared, choice)
    is_choice = headline in ("ship", "keep_base")
    leader = None if headline == "test_set_unfit" else choice.label if choice else _leader(compared, admissible)
    about = choice or next((each for each in admissible if each.label == leader), None)
    if compared is not None and choice is not None:
        compared = _with_choice(compared, choice.label, evidence)
    seeds = seed_risk(choice, compared, evidence) if choice and compared else None
    reasons: list[DecisionReason] = [
        *(reason for blocks in excluded.values() for reason in blocks),
        *(DecisionReason("task_unfit", "blocks", texts={"code": (finding.code,)}) for finding in _unfit(evidence)),
        *([missing_limit(evidence)] if headline == "best_of_tested" else []),
        *(list_conditions(about, evidence, compared, seeds) if about is not None and scored else ()),
        *borrowed_targets(evidence),
        *unfinished_run(evidence),
        *list_notes(about, evidence, compared),
    ]
    state: DecisionState = "undecided"
    if headline == "none_usable":
        state = "do_not_ship"
    elif is_choice:
        state = "ship_with_conditions" if any(reason.severity == "conditions" for reason in reasons) else "ship"
    decision = Decision(
        task=evidence.task,
        rules=evidence.rules,
        state=state,
        headline=headline,
        strategy=choice.label if choice and is_choice else None,
        leader=None if is_choice else leader,
        reasons=tuple(reasons),
        standings=tuple(
            _standing(each, excluded, compared, choice.label if choice and is_choice else None) for each in evidence.strategies
        ),
        guardrails=tuple(result for each in evidence.strategies for result in each.guardrails),
        sanity=(*evidence.sanity, *(finding for each in evidence.strategies for finding in each.sanity)),
        next_steps=(),
        recommendation=compared,
        seeds=seeds,
        totals=evidence.totals,
    )
    return replace(decision, next_steps=list_next_steps(decision, evidence))


def _headline(
    evidence: Evidence,
    scored: Sequence[StrategyEvidence],
    admissible: Sequence[StrategyEvidence],
    compared: Recommendation | None,
    choice: StrategyEvidence | None,
) -> HeadlineCode:
    """The first of these that applies."""
    if _unfit(evidence):
        return "test_set_unfit"
    if not scored:
        return "no_scores"
    if not admissible:
        return "trivial_not_beaten" if any(map(may_beat_trivial, scored)) else "none_usable"
    if choice is None:
        return "too_close" if compared else _headline_without_pairs(evidence, scored)
    if _lacks_limit(evidence):
        return "best_of_tested"
    return "keep_base" if choice.is_base else "ship"


def _headline_without_pairs(evidence: Evidence, scored: Sequence[StrategyEvidence]) -> HeadlineCode:
    """Why nothing was compared."""
    if len(scored) == 1:
        return "one_strategy"
    return "not_comparable" if evidence.totals is None else "totals_only"


def _unfit(evidence: Evidence) -> list[SanityFinding]:
    """Why the test set cannot answer the question."""
    return [finding for finding in evidence.sanity if finding.severity == "blocks"]


def _compare(evidence: Evidence, admissible: Sequence[StrategyEvidence]) -> Recommendation | None:
    """The recommendation among the admissible strategies; None where nothing can be compared."""
    if evidence.recommendation is None:
        return None
    known = {candidate.name for candidate in evidence.recommendation.candidates}
    names = {each.label for each in admissible} & known
    return evidence.recommendation.among(names) if names else None


def _choose(compared: Recommendation, admissible: Mapping[str, StrategyEvidence], evidence: Evidence) -> StrategyEvidence | None:
    """The cheapest within Δ of the best; those that are shown to keep every guardrail come first."""

    def preference(candidate: Candidate) -> tuple[bool, float, float]:
        strategy = admissible[candidate.name]
        return (bool(open_guardrails(strategy, evidence)), math.inf if candidate.cost is None else candidate.cost, -candidate.lead)

    within = [candidate for candidate in compared.candidates if candidate.standing == "within"]
    return admissible[min(within, key=preference).name] if within else None


def _with_choice(compared: Recommendation, label: str, evidence: Evidence) -> Recommendation:
    """The recommendation with the choice that was made, and whether the limits that it rests on are reliable.

    Where no other strategy is admissible, those are the limits of its leads over the excluded ones.
    """
    whole = evidence.recommendation if evidence.recommendation and len(compared.candidates) == 1 else compared
    reasons = [lead.reason for lead in whole.candidate(label).leads.values() if lead.reason]
    return replace(compared, choice=label, reliable=not reasons, reason=next(iter(reasons), ""))


def _leader(compared: Recommendation | None, admissible: Sequence[StrategyEvidence]) -> str | None:
    """What to choose without more evidence: the cheapest of what scored best, or within Δ of it."""
    if compared is None:
        return admissible[0].label if admissible else None
    highest = compared.candidate(compared.best)
    near = [c for c in compared.candidates if c.standing == "undecided" and (c.name == highest.name or c.lead >= -compared.margin)]
    return min((c for c in near if c.cost is not None), key=lambda c: c.cost or 0.0, default=highest).name


def _lacks_limit(evidence: Evidence) -> bool:
    """Whether there are critical-error scores, but no guardrail says how many such errors are acceptable."""
    return bool(critical_scores(evidence)) and not any(rule.score in CRITICAL_SCORES for rule in evidence.rules)


def _standing(
    strategy: StrategyEvidence,
    excluded: Mapping[str, tuple[DecisionReason, ...]],
    compared: Recommendation | None,
    chosen: str | None,
) -> CandidateStanding:
    label = strategy.label
    if not strategy.scored:
        return CandidateStanding(label, "no_score", excluded.get(label, ()))
    if label in excluded:
        return CandidateStanding(label, "excluded", excluded[label])
    candidate = next((c for c in compared.candidates if c.name == label), None) if compared else None
    by_standing: Mapping[str, CandidateStatus] = {"within": "admissible", "undecided": "undecided", "worse": "worse"}
    status = by_standing[candidate.standing] if candidate else "undecided"
    return CandidateStanding(label, "chosen" if label == chosen else status)
