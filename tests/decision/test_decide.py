"""Each rule of the decision, on evidence made by hand."""

from __future__ import annotations

import pytest
from evidence_factory import CEILING, evidence, score, strategy

from harness.decision import (
    CandidateStatus,
    Decision,
    Evidence,
    GateEvidence,
    SanityFinding,
    StrategyEvidence,
    decide,
)
from harness.gate import GuardrailResult, GuardrailStatus
from harness.types import Rule


def outcome(made: Evidence) -> tuple[str, str, str | None]:
    decision = decide(made)
    return decision.state, decision.headline, decision.strategy


def codes(decision: Decision, severity: str = "conditions") -> set[str]:
    return {reason.code for reason in decision.reasons if reason.severity == severity}


def limited(label: str, value: float, status: GuardrailStatus = "kept", **more: object) -> StrategyEvidence:
    """A strategy with a result for the limit on critical errors."""
    result = GuardrailResult(CEILING, label, status, estimate=0.01, n=200, examples_needed=900)
    return strategy(label, value, guardrails=(result,), critical={"critical_error_rate": score(0.01)}, **more)


def test_the_cheapest_within_the_margin_ships() -> None:
    assert outcome(evidence([strategy("base", 0.2), strategy("lora", 0.80), strategy("full", 0.805)])) == ("ship", "ship", "lora")


def test_an_untuned_model_that_is_good_enough_is_kept() -> None:
    assert outcome(evidence([strategy("base", 0.80), strategy("full", 0.805)])) == ("ship", "keep_base", "base")


def test_a_broken_guardrail_excludes_the_strategy_and_the_next_one_is_chosen() -> None:
    made = evidence([limited("base", 0.2), limited("lora", 0.8, "broken"), limited("full", 0.78)], rules=(CEILING,))
    decision = decide(made)
    assert (decision.state, decision.strategy) == ("ship", "full")
    assert decision.standing("lora").status == "excluded"
    assert [reason.code for reason in decision.standing("lora").excluded_by] == ["guardrail_broken"]


def test_nothing_ships_where_every_strategy_breaks_a_guardrail() -> None:
    """Critical errors in every output of every strategy: the best score does not matter."""
    made = evidence([limited("base", 0.2, "broken"), limited("full", 0.9, "broken")], rules=(CEILING,))
    decision = decide(made)
    assert (decision.state, decision.headline, decision.strategy, decision.leader) == ("do_not_ship", "none_usable", None, None)


@pytest.mark.parametrize("status", ["undecided", "no_evidence", "untrusted"])
def test_missing_evidence_for_a_guardrail_is_a_condition(status: GuardrailStatus) -> None:
    decision = decide(evidence([limited("base", 0.2), limited("lora", 0.8, status)], rules=(CEILING,)))
    assert (decision.state, decision.strategy) == ("ship_with_conditions", "lora")
    assert codes(decision) == {f"guardrail_{status}"}


def test_a_guardrail_without_a_result_is_missing_evidence() -> None:
    decision = decide(evidence([limited("base", 0.2), strategy("lora", 0.8)], rules=(CEILING,)))
    assert decision.state == "ship_with_conditions"
    assert codes(decision) == {"guardrail_no_evidence"}


def test_a_strategy_that_keeps_every_guardrail_is_preferred_to_a_cheaper_one_that_may_not() -> None:
    decision = decide(evidence([limited("base", 0.2), limited("lora", 0.8, "undecided"), limited("full", 0.8)], rules=(CEILING,)))
    assert (decision.state, decision.strategy) == ("ship", "full")
    assert "cheaper_unsafe" in codes(decision, "notes")


def test_critical_errors_without_a_limit_ask_for_one() -> None:
    rates = {"critical_error_rate": score(1.0)}
    decision = decide(evidence([strategy("base", 0.2, critical=rates), strategy("full", 0.9, critical=rates)]))
    assert (decision.state, decision.headline, decision.strategy, decision.leader) == ("undecided", "best_of_tested", None, "full")
    assert [step.code for step in decision.next_steps] == ["declare_limit"]


def test_free_text_needs_a_trusted_safety_score_or_raters() -> None:
    tested = [strategy("base", 0.2), strategy("lora", 0.8)]
    decision = decide(evidence(tested, generates_text=True))
    assert (decision.state, codes(decision)) == ("ship_with_conditions", {"no_trusted_safety"})
    rated = [strategy("base", 0.2), strategy("lora", 0.8, rated=30)]
    assert decide(evidence(rated, generates_text=True)).state == "ship"
    trusted = [limited("base", 0.2), limited("lora", 0.8)]
    assert decide(evidence(trusted, generates_text=True, rules=(CEILING,))).state == "ship"
    length = Rule(rule="ceiling", score="output_words", value=100)
    short = [
        strategy(label, value, guardrails=(GuardrailResult(length, label, "kept", 30.0, n=200, about_quality=False),))
        for label, value in (("base", 0.2), ("lora", 0.8))
    ]
    assert codes(decide(evidence(short, generates_text=True, rules=(length,)))) == {"no_trusted_safety"}, "short is not safe"


def test_a_failed_gate_excludes_and_an_undecided_one_is_a_condition() -> None:
    passed, undecided, failed = (GateEvidence(outcome, "p") for outcome in ("PASS", "INCONCLUSIVE", "FAIL"))
    base = strategy("base", 0.2)
    assert outcome(evidence([base, strategy("lora", 0.8, gates=(passed,))])) == ("ship", "ship", "lora")
    decision = decide(evidence([base, strategy("lora", 0.8, gates=(undecided,))]))
    assert (decision.state, codes(decision)) == ("ship_with_conditions", {"gate_undecided"})
    decision = decide(evidence([base, strategy("lora", 0.8, gates=(passed, failed)), strategy("full", 0.8)]))
    assert (decision.state, decision.strategy, codes(decision)) == ("ship_with_conditions", "full", {"gate_missing"})


def test_the_baseline_of_a_verdict_needs_no_verdict_of_its_own() -> None:
    made = evidence([strategy("base", 0.8), strategy("lora", 0.8, gates=(GateEvidence("FAIL", "p", against="base"),))])
    assert outcome(made) == ("ship", "keep_base", "base")


def test_the_baseline_of_one_gate_has_to_pass_the_others() -> None:
    """The best passed a gate against the other strategy, then failed a stricter policy: the other one was "Ship" without a verdict."""
    gates = (GateEvidence("PASS", "p", against="lora"), GateEvidence("FAIL", "strict"))
    decision = decide(evidence([strategy("lora", 0.6), strategy("full", 0.9, gates=gates)]))
    assert (decision.state, decision.strategy, codes(decision)) == ("ship_with_conditions", "lora", {"gate_missing"})


@pytest.mark.parametrize(
    ("severity", "state", "chosen"),
    [("blocks", "ship", "full"), ("conditions", "ship_with_conditions", "lora"), ("notes", "ship", "lora")],
)
def test_a_sanity_finding_acts_by_its_severity(severity: str, state: str, chosen: str) -> None:
    finding = SanityFinding("constant_output", severity, "lora")  # type: ignore[arg-type]
    decision = decide(evidence([strategy("base", 0.2), strategy("lora", 0.8, sanity=(finding,)), strategy("full", 0.8)]))
    assert (decision.state, decision.strategy) == (state, chosen)


@pytest.mark.parametrize(("gain", "state", "headline"), [(0.1, "undecided", "trivial_not_beaten"), (-0.1, "do_not_ship", "none_usable")])
def test_nothing_ships_that_is_not_shown_to_beat_the_trivial_baseline(gain: float, state: str, headline: str) -> None:
    """A lead that is not shown asks for more examples; without a lead there is nothing to show."""
    tested = [
        strategy(label, 0.5, sanity=(SanityFinding("not_better_than_trivial", "blocks", label, {"gain": gain}),))
        for label in ("base", "lora")
    ]
    assert outcome(evidence(tested)) == (state, headline, None)


def test_a_test_set_that_cannot_tell_allows_no_choice() -> None:
    unfit = SanityFinding("single_class_test_set", "blocks")
    decision = decide(evidence([strategy("base", 0.2), strategy("lora", 1.0)], sanity=(unfit,)))
    assert (decision.state, decision.headline, decision.strategy) == ("undecided", "test_set_unfit", None)


def test_nothing_is_chosen_where_the_best_cannot_be_told_apart() -> None:
    decision = decide(evidence([strategy("base", 0.2), strategy("lora", 0.80), strategy("full", 0.81)], error=0.2))
    assert (decision.state, decision.headline, decision.strategy, decision.leader) == ("undecided", "too_close", None, "lora")
    assert next((step.code, step.examples) for step in decision.next_steps) == ("more_examples", 500)


def test_unreliable_limits_are_a_condition() -> None:
    decision = decide(evidence([strategy("base", 0.2), strategy("lora", 0.8)], reason="fewer than 30 examples"))
    assert (decision.state, codes(decision)) == ("ship_with_conditions", {"low_confidence"})


def test_other_seeds_may_change_the_choice() -> None:
    one = [strategy("base", 0.2), strategy("lora", 0.8, varies_by_seed=True)]
    assert codes(decide(evidence(one))) == {"one_seed"}
    three = [strategy("base", 0.2), strategy("lora", 0.8, varies_by_seed=True, planned=3, finished=3)]
    assert codes(decide(evidence(three, seed_risks={("lora", "base"): 0.5}))) == {"seeds_could_change"}
    assert codes(decide(evidence(three, seed_risks={("lora", "base"): -0.5}))) == set()


def test_cells_without_a_result_are_conditions() -> None:
    decision = decide(evidence([strategy("base", 0.2), strategy("lora", 0.8, planned=3, finished=2, interrupted=1)]))
    assert (decision.state, codes(decision)) == ("ship_with_conditions", {"seeds_missing", "run_unfinished"})


def test_raters_who_prefer_another_strategy_are_a_condition() -> None:
    decision = decide(evidence([strategy("base", 0.2), strategy("lora", 0.8, rated=30, preferred=("base",))]))
    assert (decision.state, codes(decision)) == ("ship_with_conditions", {"raters_prefer"})


@pytest.mark.parametrize(
    ("strategies", "headline"),
    [
        ([], "no_scores"),
        ([strategy("base", None), strategy("lora", None)], "no_scores"),
        ([strategy("lora", 0.8)], "one_strategy"),
        ([strategy("base", None), strategy("lora", 0.8)], "one_strategy"),
    ],
)
def test_without_two_scores_there_is_nothing_to_choose(strategies: list[StrategyEvidence], headline: str) -> None:
    assert outcome(evidence(strategies)) == ("undecided", headline, None)


def test_scores_that_cannot_be_compared_leave_it_open() -> None:
    assert outcome(evidence([strategy("base", 0.2), strategy("lora", 0.8)], recommendation=None)) == ("undecided", "not_comparable", None)


def test_every_strategy_has_a_standing() -> None:
    made = evidence(
        [limited("base", 0.2), limited("lora", 0.8), limited("full", 0.805), limited("dora", 0.9, "broken"), strategy("qlora", None)],
        rules=(CEILING,),
    )
    statuses: dict[str, CandidateStatus] = {each.strategy: each.status for each in decide(made).standings}
    assert statuses == {"base": "worse", "lora": "chosen", "full": "admissible", "dora": "excluded", "qlora": "no_score"}


def test_the_same_step_is_listed_once_with_the_largest_size() -> None:
    other = CEILING.model_copy(update={"score": "omission_rate"})
    results = tuple(GuardrailResult(rule, "lora", "undecided", examples_needed=n) for rule, n in ((CEILING, 300), (other, 700)))
    decision = decide(evidence([strategy("base", 0.2), strategy("lora", 0.8, guardrails=results)], rules=(CEILING, other)))
    assert [(step.code, step.examples) for step in decision.next_steps] == [("more_examples", 700)]


def test_next_steps_name_commands_that_run() -> None:
    tested = [strategy("base", 0.2), strategy("lora", 0.80), strategy("full", 0.81)]
    (plan, *_) = decide(evidence(tested, error=0.2)).next_steps
    assert (plan.command, dict(plan.parameters)) == ("plan", {"task": "triage.yaml"})
    (plan, *_) = decide(evidence(tested, error=0.2, task_argument="")).next_steps
    assert plan.command == "", "the task cannot be named without its data"
    equal = [strategy("lora", 0.8), strategy("full", 0.8)]
    (plan, *_) = decide(evidence(equal, error=0.2)).next_steps
    assert plan.command == "", "no two strategies differ, so there is no spread to plan with"
    draft, promote = decide(evidence([strategy("base", 0.2), strategy("lora", 0.8)])).next_steps
    assert (draft.code, dict(draft.parameters)) == ("draft_policy", {"init": "", "task": "triage.yaml", "out": "policy.yaml"})
    assert (promote.code, promote.parameters["policy"]) == ("promote", "policy.yaml"), "a first promotion needs a policy"


def test_what_is_not_known_about_a_hosted_model_is_said_with_the_step_that_would_tell() -> None:
    incumbent = strategy("incumbent", 0.8, asked_once=True, has_no_price=True)
    decision = decide(evidence([strategy("base", 0.2), incumbent, strategy("other", None, asked_once=True)]))
    notes = {reason.code: reason.texts["strategies"] for reason in decision.reasons if reason.code in ("asked_once", "price_unknown")}
    assert notes == {"asked_once": ("incumbent",), "price_unknown": ("incumbent",)}
    assert {"ask_repeatedly", "name_price"} <= {step.code for step in decision.next_steps}


def test_targets_that_are_outputs_of_a_model_are_a_condition_that_labels_would_settle() -> None:
    decision = decide(evidence([strategy("base", 0.2), strategy("lora", 0.8)], targets_from="incumbent"))
    assert decision.state == "ship_with_conditions" and "targets_not_independent" in codes(decision)
    assert "label_examples" in {step.code for step in decision.next_steps}
