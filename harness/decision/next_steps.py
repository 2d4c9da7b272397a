"""What would change a decision, or act on it: the most useful step first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

from harness.decision.check_results import CRITICAL_SCORES
from harness.decision.decision import Decision, DecisionReason, NextStep, NextStepCode, ReasonOfDecision
from harness.decision.evidence import Evidence
from harness.results import LEAK_METRICS

Selections: TypeAlias = Mapping[str, Mapping[str, str]]  # what selects a strategy in commands, by its label

_CANARIES, _MORE_CANARIES = 8, 24  # for each number of repeats
_POLICY = "policy.yaml"  # where the draft is written
_STEPS: Mapping[ReasonOfDecision, NextStepCode] = {
    "no_limit": "declare_limit",
    "task_unfit": "fix_test_set",
    "guardrail_undecided": "more_examples",
    "gate_undecided": "more_examples",
    "low_confidence": "more_examples",
    "guardrail_untrusted": "review_outputs",
    "guardrail_no_evidence": "review_outputs",
    "no_trusted_safety": "review_outputs",
    "gate_outdated": "run_gate",
    "gate_missing": "run_gate",
    "sanity_condition": "read_failures",
    "one_seed": "more_seeds",
    "seeds_could_change": "more_seeds",
    "run_unfinished": "finish_run",
    "asked_once": "ask_repeatedly",
    "price_unknown": "name_price",
    "targets_not_independent": "label_examples",
    "training_data_unknown": "ask_trainer",
}


def list_next_steps(decision: Decision, evidence: Evidence) -> tuple[NextStep, ...]:
    """The steps that follow from a decision, each once."""
    selections: Selections = {each.label: each.selection for each in evidence.strategies}
    steps = _promotion(decision, selections, evidence) if decision.state == "ship" and decision.headline == "ship" else []
    if decision.headline == "trivial_not_beaten":
        steps.append(_step("more_examples", decision, selections))
    if decision.headline == "too_close":
        steps.append(_more_examples_to_compare(decision, selections))
    if decision.headline == "totals_only":
        steps.append(NextStep("import_examples"))
    if decision.headline in ("one_strategy", "not_comparable"):
        steps.append(_step("run_more_strategies", decision, selections))
    failed = next((each.strategy for each in decision.standings if each.status == "excluded"), None)
    if decision.headline == "none_usable":
        steps += [_step("read_failures", decision, selections, failed), _step("improve", decision, selections)]
    steps += [
        _step_for(reason, decision, selections) for reason in decision.reasons if reason.code in _STEPS and not _is_beyond_raters(reason)
    ]
    merged: dict[tuple[str, str], NextStep] = {}
    for step in steps:
        known = merged.setdefault((step.code, step.strategy), step)
        if (step.examples or 0) > (known.examples or 0):
            merged[step.code, step.strategy] = replace(known, examples=step.examples, assumed=step.assumed)
    return tuple(_with_plan(step, evidence) if step.code == "more_examples" else step for step in merged.values())


def _with_plan(step: NextStep, evidence: Evidence) -> NextStep:
    """The step with the command that plans a larger test set; without one where it cannot name the task, or no two strategies differ."""
    candidates = evidence.recommendation.candidates if evidence.recommendation else ()
    differs = any(lead.observed for candidate in candidates for lead in candidate.leads.values())
    if not evidence.task_argument or not differs:
        return step
    return replace(step, command="plan", parameters={"task": evidence.task_argument})


def _promotion(decision: Decision, selections: Selections, evidence: Evidence) -> list[NextStep]:
    """Into service by a release policy, which is drafted first where the gate has not judged the strategy."""
    step = _step("promote", decision, selections, decision.strategy)
    if any(reason.code == "gate_passed" for reason in decision.reasons):
        return [step]
    draft = NextStep("draft_policy")
    if evidence.task_argument:
        draft = replace(draft, command="gate", parameters={"init": "", "task": evidence.task_argument, "out": _POLICY})
    return [draft, replace(step, parameters={**step.parameters, "policy": _POLICY})]


def _is_beyond_raters(reason: DecisionReason) -> bool:
    """Whether evidence is missing that a review cannot give: raters are asked about critical errors."""
    return reason.code == "guardrail_no_evidence" and reason.texts["score"][0] not in CRITICAL_SCORES and not _is_about_leaks(reason)


def _is_about_leaks(reason: DecisionReason) -> bool:
    """Whether the leak test would give evidence, or more of it."""
    return reason.code in ("guardrail_no_evidence", "guardrail_undecided") and reason.texts["score"][0] in LEAK_METRICS


def _step_for(reason: DecisionReason, decision: Decision, selections: Selections) -> NextStep:
    if _is_about_leaks(reason):
        planted = _MORE_CANARIES if reason.code == "guardrail_undecided" else _CANARIES
        return NextStep("plant_canaries", command="run", parameters={"canaries": str(planted)})
    code = _STEPS[reason.code]
    if reason.code == "sanity_condition" and not reason.strategy:
        code = "fix_test_set"
    named = code in ("review_outputs", "run_gate", "read_failures", "ask_trainer")
    step = _step(code, decision, selections, reason.strategy if named else None)
    if reason.code == "guardrail_undecided":
        step = _more_examples_for_guardrail(step, decision, reason.strategy, reason.texts["score"][0])
    if code in ("declare_limit", "fix_test_set", "ask_repeatedly", "name_price"):
        step = replace(step, texts=reason.texts)
    return step


def _step(code: NextStepCode, decision: Decision, selections: Selections, strategy: str | None = None) -> NextStep:
    selection = dict(selections.get(strategy or "", {}))
    if code in ("promote", "run_gate"):
        return NextStep(code, strategy or "", "promote" if code == "promote" else "gate", {**selection, "task": decision.task})
    if code == "review_outputs":
        name = selection.pop("strategy", strategy or "")
        return NextStep(code, strategy or "", "review export", {"strategies": name, **selection, "task": decision.task, "mode": "errors"})
    if code == "more_seeds":
        return NextStep(code, command="run", parameters={"seeds": "3" if decision.seeds is None or decision.seeds.fewest < 3 else "10"})
    return NextStep(code, strategy or "", "run" if code in ("finish_run", "run_more_strategies") else "")


def _more_examples_for_guardrail(step: NextStep, decision: Decision, strategy: str, score: str) -> NextStep:
    results = [each for each in decision.guardrails if each.strategy == strategy and each.rule.score == score and each.examples_needed]
    largest = max(results, key=lambda each: each.examples_needed or 0, default=None)
    return replace(step, examples=largest.examples_needed, assumed=largest.assumed) if largest else step


def _more_examples_to_compare(decision: Decision, selections: Selections) -> NextStep:
    """With the test examples that would show another strategy to be as good as the best."""
    step = _step("more_examples", decision, selections)
    if decision.recommendation is None:
        return step
    others = [c for c in decision.recommendation.candidates if c.name != decision.recommendation.best]
    largest = max((c.sample_size for c in others if c.sample_size), key=lambda size: size.examples, default=None)
    return replace(step, examples=largest.examples, assumed=largest.assumption) if largest else step
