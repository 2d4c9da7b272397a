"""Bad news about a strategy never improves its standing, nor any state in which it is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from evidence_factory import CEILING, evidence, score
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.decision import CANDIDATE_STATUSES, STATES, Evidence, GateEvidence, SanityFinding, StrategyEvidence, decide
from harness.gate import GuardrailResult

NAMES = ("base", "lora", "qlora", "full")
FLOOR = CEILING.model_copy(update={"rule": "floor", "score": "recall"})
WORSE_GUARDRAILS = {
    "kept": ("undecided", "no_evidence", "untrusted", "broken"),
    "undecided": ("no_evidence", "untrusted", "broken"),
    "no_evidence": ("broken",),
    "untrusted": ("no_evidence", "broken"),
    "broken": (),
}
WORSE_GATES = {"PASS": ("INCONCLUSIVE", "FAIL"), "INCONCLUSIVE": ("FAIL",), "FAIL": ()}
CODES = ("not_better_than_trivial", "constant_output", "empty_outputs", "repeats_prompt")


@st.composite
def cases(draw: st.DrawFn) -> Evidence:
    labels = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    rules = draw(st.sampled_from([(), (CEILING,), (FLOOR,), (CEILING, FLOOR)]))
    values = st.one_of(st.none(), st.sampled_from([0.5, 0.79, 0.8, 0.81, 0.9]))
    strategies = []
    for label in labels:
        value = draw(values)
        statuses = {rule: draw(st.sampled_from([*WORSE_GUARDRAILS, None])) for rule in rules}
        planned = draw(st.integers(1, 3))
        strategies.append(
            StrategyEvidence(
                label,
                score(value),
                is_base=label == "base",
                planned=planned,
                finished=draw(st.integers(1, planned)) if value is not None else 0,
                varies_by_seed=label != "base" and draw(st.booleans()),
                guardrails=tuple(GuardrailResult(rule, label, status) for rule, status in statuses.items() if status),
                sanity=tuple(SanityFinding(code, draw(SEVERITIES), label) for code in draw(st.lists(st.sampled_from(CODES), max_size=1))),
                gates=tuple(GateEvidence(outcome, "p") for outcome in draw(st.lists(st.sampled_from(list(WORSE_GATES)), max_size=2))),
                critical={"critical_error_rate": score(0.1)} if CEILING in rules or draw(st.integers(0, 9)) == 0 else {},
                rated=draw(st.sampled_from([0, 30])),
                preferred=tuple(draw(st.lists(st.sampled_from(NAMES), max_size=1))),
            )
        )
    return evidence(
        strategies,
        error=draw(st.sampled_from([0.005, 0.03, 0.3])),
        costs={label: float(draw(st.integers(1, 3))) for label in labels},
        reason=draw(st.sampled_from(["", "too few"])),
        rules=rules,
        generates_text=draw(st.booleans()),
        seed_risks={(a, b): draw(st.sampled_from([-0.1, 0.1])) for a in labels for b in labels if a != b},
        sanity=tuple(SanityFinding("few_examples_per_class", draw(SEVERITIES)) for _ in range(draw(st.integers(0, 1)))),
    )


SEVERITIES = st.sampled_from(["blocks", "conditions", "notes"])


def change(case: Evidence, label: str, **fields: Any) -> Evidence:
    strategies = tuple(replace(each, **fields) if each.label == label else each for each in case.strategies)
    return replace(case, strategies=strategies)


def lose_score(case: Evidence, label: str) -> Evidence:
    """All cells of the strategy fail."""
    case = change(case, label, score=None, finished=0)
    scored = [each.label for each in case.strategies if each.scored]
    return replace(case, recommendation=case.recommendation.among(scored) if case.recommendation and len(scored) > 1 else None)


def score_less(case: Evidence, label: str, by: float) -> Evidence:
    """The primary score is lower: so is the lead over each of the others, and theirs over it is higher."""
    if case.recommendation is None:
        return case

    def moved(lead: Any, sign: float) -> Any:
        limits = replace(lead.limits, low=lead.limits.low + sign * by)
        return replace(lead, observed=lead.observed + sign * by, limits=limits, most=lead.most + sign * by)

    candidates = []
    for candidate in case.recommendation.candidates:
        signs = {other: -1.0 if candidate.name == label else 1.0 if other == label else 0.0 for other in candidate.leads}
        candidates.append(replace(candidate, leads={other: moved(lead, signs[other]) for other, lead in candidate.leads.items()}))
    basis = replace(case.recommendation, candidates=tuple(candidates))
    return replace(case, recommendation=basis.among([c.name for c in candidates]))


def cost_more(case: Evidence, label: str) -> Evidence:
    if case.recommendation is None:
        return case
    candidates = tuple(replace(c, cost=(c.cost or 0.0) + 5.0) if c.name == label else c for c in case.recommendation.candidates)
    return replace(case, recommendation=replace(case.recommendation, candidates=candidates).among([c.name for c in candidates]))


@st.composite
def bad_news(draw: st.DrawFn, case: Evidence, label: str) -> Evidence:
    own = next(each for each in case.strategies if each.label == label)

    def worse_guardrail() -> Evidence:
        changed = [
            replace(result, status=draw(st.sampled_from((result.status, *WORSE_GUARDRAILS[result.status])))) for result in own.guardrails
        ]
        return change(case, label, guardrails=tuple(changed))

    def worse_gate() -> Evidence:
        changed = [replace(gate, outcome=draw(st.sampled_from((gate.outcome, *WORSE_GATES[gate.outcome])))) for gate in own.gates]
        return change(case, label, gates=tuple(changed))

    def more_findings() -> Evidence:
        return change(case, label, sanity=(*own.sanity, SanityFinding(draw(st.sampled_from(CODES)), draw(SEVERITIES), label)))

    news: list[Callable[[], Evidence]] = [
        worse_guardrail,
        worse_gate,
        more_findings,
        lambda: change(case, label, guardrails=own.guardrails[1:]) if own.guardrails and own.guardrails[0].status != "broken" else case,
        lambda: change(case, label, gates=(*own.gates, GateEvidence(draw(st.sampled_from(["INCONCLUSIVE", "FAIL"])), "q"))),
        lambda: change(case, label, finished=max(1, own.finished - 1)) if own.scored else case,
        lambda: change(case, label, planned=own.planned + 1, interrupted=own.interrupted + 1),
        lambda: change(case, label, preferred=(*own.preferred, "full")),
        lambda: change(case, label, rated=0),
        lambda: lose_score(case, label),
        lambda: score_less(case, label, draw(st.sampled_from([0.01, 0.1, 1.0]))),
        lambda: cost_more(case, label),
        lambda: replace(case, seed_risks={pair: worst + (0.5 if pair[0] == label else 0.0) for pair, worst in case.seed_risks.items()}),
    ]
    return draw(st.sampled_from(news))()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_bad_news_never_helps_the_strategy_it_is_about(data: st.DataObject) -> None:
    case = data.draw(cases())
    label = data.draw(st.sampled_from([each.label for each in case.strategies]))
    before, after = decide(case), decide(data.draw(bad_news(case, label)))
    rank = CANDIDATE_STATUSES.index
    assert rank(after.standing(label).status) >= rank(before.standing(label).status)
    if before.strategy == after.strategy == label:
        assert STATES.index(after.state) >= STATES.index(before.state)


@settings(max_examples=150, deadline=None)
@given(case=cases())
def test_a_decision_does_not_contradict_itself(case: Evidence) -> None:
    decision = decide(case)
    chosen = [each.strategy for each in decision.standings if each.status == "chosen"]
    assert chosen == ([decision.strategy] if decision.strategy else [])
    assert (decision.strategy is not None) == (decision.state in ("ship", "ship_with_conditions"))
    assert (decision.state == "ship") == (decision.strategy is not None and not decision.conditions)
    assert decision.strategy is None or decision.leader is None
    for label in filter(None, (decision.strategy, decision.leader)):
        own = next(each for each in case.strategies if each.label == label)
        assert own.scored
        assert not any(result.status == "broken" for result in own.guardrails)
        assert not any(gate.outcome == "FAIL" for gate in own.gates)
        assert not any(finding.severity == "blocks" for finding in own.sanity)
    if decision.state == "ship":
        own = next(each for each in case.strategies if each.label == decision.strategy)
        assert all(result.status == "kept" for result in own.guardrails)
        assert {result.rule for result in own.guardrails} == set(case.rules)
