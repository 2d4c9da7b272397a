"""Why a strategy is excluded, what has to be settled before one ships, and what else a reader should know."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness.decision.check_results import SanityFinding
from harness.decision.decision import DecisionReason, ReasonOfDecision, SeedRisk
from harness.decision.evidence import Evidence, StrategyEvidence
from harness.gate import GuardrailStatus
from harness.results import HostedReplacement
from harness.statistics import Lead, Recommendation
from harness.types import Score

_OPEN_GUARDRAILS: Mapping[GuardrailStatus, ReasonOfDecision] = {
    "undecided": "guardrail_undecided",
    "no_evidence": "guardrail_no_evidence",
    "untrusted": "guardrail_untrusted",
}


def list_exclusions(strategy: StrategyEvidence) -> tuple[DecisionReason, ...]:
    """Why a strategy cannot be chosen."""
    broken = [each for each in strategy.guardrails if each.status == "broken"]
    failed = [each for each in strategy.gates if each.outcome == "FAIL"]
    insane = [each for each in strategy.sanity if each.severity == "blocks"]
    label = strategy.label
    return (
        *(DecisionReason("guardrail_broken", "blocks", label, texts={"score": (each.rule.score,)}) for each in broken),
        *(
            DecisionReason("gate_failed", "blocks", label, {"failed": each.failed, "rules": each.rules}, {"policy": (each.policy,)})
            for each in failed
        ),
        *(DecisionReason("sanity_failed", "blocks", label, texts={"code": (each.code,)}) for each in insane),
    )


def may_beat_trivial(strategy: StrategyEvidence) -> bool:
    """Whether it is excluded only because its lead over the trivial baseline, which it has, is not shown."""
    others = [reason for reason in list_exclusions(strategy) if reason.texts.get("code") != ("not_better_than_trivial",)]
    findings = [each for each in strategy.sanity if each.code == "not_better_than_trivial" and each.severity == "blocks"]
    return not others and all(each.numbers.get("gain", 0.0) > 0 for each in findings)


def critical_scores(evidence: Evidence) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in evidence.strategies for name, score in each.critical.items() if score.value is not None))


def missing_limit(evidence: Evidence) -> DecisionReason:
    return DecisionReason("no_limit", "blocks", texts={"scores": critical_scores(evidence)})


def open_guardrails(strategy: StrategyEvidence, evidence: Evidence) -> list[tuple[ReasonOfDecision, str]]:
    """The guardrails that a strategy is not shown to keep, and not to break either; a missing result is missing evidence."""
    checked = {result.rule for result in strategy.guardrails}
    unchecked = [rule.score for rule in evidence.rules if rule not in checked]
    results = [(_OPEN_GUARDRAILS[each.status], each.rule.score) for each in strategy.guardrails if each.status in _OPEN_GUARDRAILS]
    return [*results, *(("guardrail_no_evidence", score) for score in unchecked)]


def list_conditions(
    strategy: StrategyEvidence, evidence: Evidence, compared: Recommendation | None, seeds: SeedRisk | None
) -> list[DecisionReason]:
    """What has to be settled about the one that is chosen, or would be."""
    label, is_doubtful = strategy.label, compared is not None and not compared.reliable
    return [
        *(DecisionReason(code, "conditions", label, texts={"score": (score,)}) for code, score in open_guardrails(strategy, evidence)),
        *_safety_conditions(strategy, evidence),
        *_gate_conditions(strategy, evidence),
        *(DecisionReason("raters_prefer", "conditions", label, texts={"preferred": (other,)}) for other in strategy.preferred),
        *_sanity_conditions(strategy, evidence),
        *([DecisionReason("training_data_unknown", "conditions", label)] if strategy.has_foreign_weights and not strategy.unseen else []),
        *([DecisionReason("low_confidence", "conditions", texts={"why": (compared.reason,)})] if is_doubtful and compared else []),
        *_seed_conditions(strategy, compared, seeds),
        *_cell_conditions(strategy),
    ]


def _safety_conditions(strategy: StrategyEvidence, evidence: Evidence) -> list[DecisionReason]:
    """Free texts can be wrong in ways that no score of similarity shows: a trusted safety score or raters have to judge them."""
    measured = [each for each in strategy.guardrails if each.rule.rule in ("floor", "ceiling")]  # a difference to itself shows nothing
    is_trusted = any(each.trusted and each.about_quality and each.status in ("kept", "undecided") for each in measured)
    if not evidence.generates_text or is_trusted or strategy.rated:
        return []
    return [DecisionReason("no_trusted_safety", "conditions", strategy.label)]


def _gate_conditions(strategy: StrategyEvidence, evidence: Evidence) -> list[DecisionReason]:
    undecided = [each for each in strategy.gates if each.outcome == "INCONCLUSIVE"]
    # a gate that compares another strategy with this one leaves this one in service; any other gate has yet to judge it
    judged = tuple(each.label for each in evidence.strategies if any(gate.against != strategy.label for gate in each.gates))
    outdated = bool(strategy.outdated_gates) and not strategy.gates
    missing = bool(judged) and not strategy.gates and not outdated
    return [
        *(
            DecisionReason(
                "gate_undecided",
                "conditions",
                strategy.label,
                {"undecided": each.undecided, "rules": each.rules},
                {"policy": (each.policy,)},
            )
            for each in undecided
        ),
        *([DecisionReason("gate_outdated", "conditions", strategy.label)] if outdated else []),
        *([DecisionReason("gate_missing", "conditions", strategy.label, texts={"judged": judged})] if missing else []),
    ]


def _sanity_conditions(strategy: StrategyEvidence, evidence: Evidence) -> list[DecisionReason]:
    findings = [each for each in (*evidence.sanity, *strategy.sanity) if each.severity == "conditions"]
    return [DecisionReason("sanity_condition", "conditions", each.strategy, texts={"code": (each.code,)}) for each in findings]


def _seed_conditions(strategy: StrategyEvidence, compared: Recommendation | None, seeds: SeedRisk | None) -> list[DecisionReason]:
    if seeds is None or compared is None:
        return []
    if seeds.single:
        return [DecisionReason("one_seed", "conditions", strategy.label, texts={"strategies": seeds.single})]
    if seeds.worst is None or seeds.worst < compared.margin:
        return []
    numbers = {"worst": seeds.worst, "seeds": float(seeds.fewest)}
    return [DecisionReason("seeds_could_change", "conditions", strategy.label, numbers, {"rival": (seeds.rival,)})]


def _cell_conditions(strategy: StrategyEvidence) -> list[DecisionReason]:
    numbers = {"finished": float(strategy.finished), "planned": float(strategy.planned)}
    return [DecisionReason("seeds_missing", "conditions", strategy.label, numbers)] if strategy.finished < strategy.planned else []


def unfinished_run(evidence: Evidence) -> list[DecisionReason]:
    missing = sum(each.interrupted for each in evidence.strategies)
    return [DecisionReason("run_unfinished", "conditions", numbers={"missing": float(missing)})] if missing else []


def borrowed_targets(evidence: Evidence) -> list[DecisionReason]:
    """That the targets are outputs of a model: scores are agreement with it, mistakes of its own included."""
    model = evidence.targets_from
    return [DecisionReason("targets_not_independent", "conditions", texts={"model": (model,)})] if model else []


def seed_risk(choice: StrategyEvidence, compared: Recommendation, evidence: Evidence) -> SeedRisk | None:
    """The effect of other seeds on the choice, of strategies that are trained, or whose prompts show examples that are drawn."""
    names = [each.label for each in evidence.strategies if any(c.name == each.label for c in compared.candidates)]
    counts = {each.label: each.finished for each in evidence.strategies if each.label in names and each.varies_by_seed}
    if not counts:
        return None
    rival = next((name for name in names if name != choice.label), "")
    single = tuple(label for label, count in counts.items() if count < 2)
    if single:
        return SeedRisk(single, rival, None, 1)
    worst = evidence.seed_risks.get((choice.label, rival))
    return None if worst is None else SeedRisk((), rival, worst, min(counts.values()))


def list_notes(about: StrategyEvidence | None, evidence: Evidence, compared: Recommendation | None) -> list[DecisionReason]:
    """What else a reader should know."""
    notes: list[DecisionReason] = []
    if about is not None:
        base = next((each for each in evidence.strategies if each.is_base and each.label != about.label), None)
        name = next((name for name, score in about.critical.items() if score.value is not None), None)
        notes += [_critical_note(about, base, name)] if name is not None else []
        if about.raters_critical is not None and about.raters_critical.value is not None:
            notes.append(DecisionReason("raters_critical", "notes", about.label, _numbers(about.raters_critical)))
        passed = [each for each in about.gates if each.outcome == "PASS"]
        notes += [DecisionReason("gate_passed", "notes", about.label, {"rules": each.rules}, {"policy": (each.policy,)}) for each in passed]
        notes += _lead(about, evidence)
        notes += _cheaper(about, evidence, compared)
        if about.has_foreign_weights and about.unseen:
            notes.append(DecisionReason("training_data_stated", "notes", about.label, texts={"statement": (about.unseen,)}))
        notes += _replacements(about, evidence)
        findings = [each for each in (*evidence.sanity, *about.sanity) if each.severity == "notes"]
        notes += _sanity_notes(findings)
    else:  # nothing ships, so that what limits the test set is not a condition of anything
        notes += _sanity_notes([each for each in evidence.sanity if each.severity != "blocks"])
    notes += _hosted_notes(evidence)
    notes += _disagreeing_verdicts(evidence)
    return notes + [DecisionReason("no_result", "notes", each.label) for each in evidence.strategies if not each.scored]


def _disagreeing_verdicts(evidence: Evidence) -> list[DecisionReason]:
    """That the gate passed a strategy that is excluded, and that verdicts on models of another run do not count."""
    notes = [
        DecisionReason("gate_disagrees", "notes", each.label, {"rules": gate.rules}, {"policy": (gate.policy,)})
        for each in evidence.strategies
        if list_exclusions(each)
        for gate in each.gates
        if gate.outcome == "PASS"
    ]
    foreign = evidence.foreign_verdicts
    return [*notes, *([DecisionReason("gate_foreign", "notes", numbers={"verdicts": foreign})] if foreign else [])]


def _hosted_notes(evidence: Evidence) -> list[DecisionReason]:
    """What is not known about hosted models that have a score."""
    once = tuple(each.label for each in evidence.strategies if each.scored and each.asked_once)
    unpriced = tuple(each.label for each in evidence.strategies if each.scored and each.has_no_price)
    notes: list[tuple[ReasonOfDecision, tuple[str, ...]]] = [("asked_once", once), ("price_unknown", unpriced)]
    return [DecisionReason(code, "notes", texts={"strategies": names}) for code, names in notes if names]


def _sanity_notes(findings: Sequence[SanityFinding]) -> list[DecisionReason]:
    return [DecisionReason("sanity_note", "notes", each.strategy, texts={"code": (each.code,)}) for each in findings]


def _critical_note(strategy: StrategyEvidence, base: StrategyEvidence | None, name: str) -> DecisionReason:
    before = base.critical[name].value if base is not None and name in base.critical else None
    numbers = _numbers(strategy.critical[name]) | ({} if before is None else {"base": before})
    return DecisionReason("critical_errors", "notes", strategy.label, numbers, {"score": (name,)})


def _numbers(score: Score) -> dict[str, float]:
    """The numbers of a score that exist."""
    values = {"value": score.value, "low": score.low, "high": score.high, "n": score.n}
    return {name: float(value) for name, value in values.items() if value is not None}


def _lead(about: StrategyEvidence, evidence: Evidence) -> list[DecisionReason]:
    """That the choice is shown to be better than every other strategy, excluded ones included."""
    if evidence.recommendation is None:
        return []
    least = evidence.recommendation.candidate(about.label).least
    return [DecisionReason("shown_best", "notes", about.label, {"least": least})] if least is not None and least > 0 else []


def _replacements(about: StrategyEvidence, evidence: Evidence) -> list[DecisionReason]:
    """From which volume on the choice would be cheaper than each hosted strategy; of a hosted choice, which own one could replace it.

    Quality comes first: where the own strategy is not shown to be within Δ of the hosted one, its costs do not matter.
    """
    if evidence.recommendation is None:
        return []
    known = {candidate.name: candidate for candidate in evidence.recommendation.candidates}
    excluded = {each.label for each in evidence.strategies if list_exclusions(each)}
    notes = []
    for hosted in dict.fromkeys(each.hosted for each in evidence.replacements):
        rivals = [each for each in evidence.replacements if each.hosted == hosted and {each.strategy, hosted} <= set(known)]
        if about.label == hosted:
            rivals = [each for each in rivals if each.strategy not in excluded and known[each.strategy].leads[hosted].is_shown]
            rivals = sorted(rivals, key=_break_even_volume)[:1]
        else:
            rivals = [each for each in rivals if each.strategy == about.label]
        notes += [_replacement(each, known[each.strategy].leads[hosted], evidence.margin) for each in rivals]
    return notes


def _break_even_volume(replacement: HostedReplacement) -> float:
    point = replacement.break_even
    return 0.0 if point.code == "always" else math.inf if point.volume is None else point.volume


def _replacement(each: HostedReplacement, lead: Lead, margin: float) -> DecisionReason:
    point = each.break_even
    values = {"volume": point.volume, "low": point.low, "high": point.high, "margin": margin}
    numbers = {name: float(value) for name, value in values.items() if value is not None}
    when = point.code if lead.is_shown else "unproven"
    return DecisionReason("replacement", "notes", each.strategy, numbers, {"hosted": (each.hosted,), "when": (when,)})


def _cheaper(about: StrategyEvidence, evidence: Evidence, compared: Recommendation | None) -> list[DecisionReason]:
    """Strategies that cost less than the choice, and why they are not chosen."""
    if compared is None or compared.choice != about.label:
        return []
    own = compared.candidate(about.label).cost
    cheaper = [c for c in compared.candidates if c.cost is not None and (own is None or c.cost < own)]
    unclear = tuple(c.name for c in cheaper if c.standing == "undecided")
    unsafe = tuple(c.name for c in cheaper if c.standing == "within")
    notes: list[tuple[ReasonOfDecision, tuple[str, ...]]] = [("cheaper_undecided", unclear), ("cheaper_unsafe", unsafe)]
    return [DecisionReason(code, "notes", about.label, texts={"strategies": names}) for code, names in notes if names]
