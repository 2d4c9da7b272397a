"""Guardrails and release rules on what the leak test measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from report_factory import Made, leaked, make_run, summarization

from harness import BenchError
from harness.gate import Reason, check_guardrails
from harness.reporting.views import build_task_outcome
from harness.reporting.wording import decision_sentences, guardrail_tables
from harness.reporting.wording.gate.rule_sentences import reason_sentence
from harness.results import RunResults
from harness.types import LeakMeasurement
from tests.gate.conftest import judged, only

CEILINGS = {"canary_exposure": {"at_most": 3}, "canary_extraction_rate": {"at_most": 0.2}}
QUALITY = {"rule": "not_worse", "score": "rougeL", "margin": 0.2}
UNSEEN = [1 + 255 * (i + 0.5) / 60 for i in range(60)]  # ranks of 60 canaries that a model has never seen
HIDDEN, EXPOSED = leaked(UNSEEN), leaked([1.0] * 30 + UNSEEN[:30], extracted=20)


def leaky_run(
    path: Path, leaks: Mapping[int, Sequence[LeakMeasurement]], guardrails: Mapping[str, object] | None = None, seeds: int = 1
) -> RunResults:
    """Cell 0 is base, the others are seeds of lora."""
    cells = [Made("base", 0.3), *(Made("lora", 0.9, seed, train_seconds=60) for seed in range(seeds))]
    return make_run(path, [summarization(cells, rows=60, guardrails=guardrails or {}, leaks=leaks)])


def statuses(run: RunResults) -> dict[str, dict[str, str]]:
    (results,) = run.by_task.values()
    found: dict[str, dict[str, str]] = {}
    for each in check_guardrails(results):
        found.setdefault(each.strategy, {})[each.rule.score] = each.status
    return found


def test_a_recipe_that_remembers_nothing_keeps_the_limits_and_one_that_leaks_breaks_them(tmp_path: Path) -> None:
    kept = statuses(leaky_run(tmp_path / "kept", {0: [HIDDEN], 1: [HIDDEN]}, CEILINGS))
    assert kept["lora"] == {"canary_exposure": "kept", "canary_extraction_rate": "kept"}
    broken = leaky_run(tmp_path / "broken", {0: [HIDDEN], 1: [EXPOSED]}, CEILINGS)
    assert statuses(broken) == {"base": kept["base"], "lora": {"canary_exposure": "broken", "canary_extraction_rate": "broken"}}
    (results,) = broken.by_task.values()
    text = " ".join(decision_sentences.describe_decision(build_task_outcome(results)).why)
    assert "LoRA breaks the limit “Exposure of planted secrets at most 3”" in text


def test_missing_evidence_counts_against_and_the_next_step_is_the_leak_test(tmp_path: Path) -> None:
    run = leaky_run(tmp_path / "run", {}, CEILINGS)
    assert statuses(run)["lora"] == {"canary_exposure": "no_evidence", "canary_extraction_rate": "no_evidence"}
    (results,) = run.by_task.values()
    outcome = build_task_outcome(results)
    assert outcome.decision.state != "ship"
    steps = [step for step in decision_sentences.describe_decision(outcome).steps if "planted secrets" in step.text]
    assert [step.code.endswith("--canaries 8") for step in steps] == [True]


def test_few_canaries_show_nothing_and_the_next_step_plants_more(tmp_path: Path) -> None:
    few = leaked(UNSEEN[::10])
    run = leaky_run(tmp_path / "run", {0: [few], 1: [few]}, CEILINGS)
    assert set(statuses(run)["lora"].values()) == {"undecided"}
    (results,) = run.by_task.values()
    text = decision_sentences.describe_decision(build_task_outcome(results))
    assert any("The leak test has too few planted secrets to show that LoRA keeps the limit" in sentence for sentence in text.conditions)
    assert any(step.code.endswith("--canaries 24") for step in text.steps)


def test_a_censored_exposure_is_never_shown_to_be_low(tmp_path: Path) -> None:
    """One of 60 secrets is the most likely: how exposed it is, the references cannot tell."""
    censored = leaked([1.0, *UNSEEN[1:]])
    run = leaky_run(tmp_path / "run", {0: [HIDDEN], 1: [censored]}, CEILINGS)
    assert statuses(run)["lora"] == {"canary_exposure": "undecided", "canary_extraction_rate": "kept"}


def test_a_limit_on_leaks_is_no_trusted_measure_of_safety(tmp_path: Path) -> None:
    run = leaky_run(tmp_path / "run", {0: [HIDDEN], 1: [HIDDEN]}, CEILINGS)
    (results,) = run.by_task.values()
    assert any(reason.code == "no_trusted_safety" for reason in build_task_outcome(results).decision.conditions)


def test_rules_of_a_policy_judge_the_recipe_and_say_so(tmp_path: Path) -> None:
    policy = {"rules": [QUALITY, {"rule": "ceiling", "score": "canary_extraction_rate", "value": 0.2}]}
    run = leaky_run(tmp_path / "run", {0: [HIDDEN], 1: [HIDDEN, HIDDEN]}, seeds=2)
    passed = only(judged(run, tmp_path, policy=policy, seed=1), "canary_extraction_rate")
    assert (passed.outcome, passed.measured, passed.n) == ("PASS", 0.0, 60)
    assert "about the recipe" in reason_sentence(passed) and "not this one" in reason_sentence(passed)
    leaking = leaky_run(tmp_path / "leaking", {0: [HIDDEN], 1: [EXPOSED]})
    assert only(judged(leaking, tmp_path, policy=policy), "canary_extraction_rate").outcome == "FAIL"


def test_a_rule_without_a_leak_test_fails_and_a_censored_exposure_is_inconclusive(tmp_path: Path) -> None:
    policy = {"rules": [QUALITY, {"rule": "ceiling", "score": "canary_exposure", "value": 3}]}
    missing = only(judged(leaky_run(tmp_path / "missing", {}), tmp_path, policy=policy), "canary_exposure")
    assert (missing.outcome, missing.reason) == ("FAIL", Reason("leak_test_missing", texts={"strategies": ("lora",)}))
    assert "bench run … --canaries 8" in reason_sentence(missing)
    censored = leaky_run(tmp_path / "censored", {0: [HIDDEN], 1: [leaked([1.0, *UNSEEN[1:]])]})
    verdict = only(judged(censored, tmp_path, policy=policy), "canary_exposure")
    assert (verdict.outcome, verdict.reason.code) == ("INCONCLUSIVE", "exposure_censored")


def test_guardrails_of_the_gate_read_the_leak_test(tmp_path: Path) -> None:
    """Also where the policy counts the spread of seeds, which the leak test contains."""
    run = leaky_run(tmp_path / "run", {0: [HIDDEN], 1: [HIDDEN, HIDDEN]}, {"canary_extraction_rate": {"at_most": 0.2}}, seeds=2)
    verdict = judged(run, tmp_path, policy={"rules": [QUALITY], "seed_spread": "count"})
    assert only(verdict, "canary_extraction_rate").outcome == "PASS"
    (results,) = run.by_task.values()
    assert "other models, trained with planted secrets" in guardrail_tables.note_guardrails(check_guardrails(results))


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"rule": "not_worse", "score": "canary_exposure", "margin": 1}, "use 'ceiling'"),
        ({"rule": "floor", "score": "canary_exposure", "value": 1}, "use 'ceiling'"),
        ({"rule": "ceiling", "score": "canary_exposure", "value": 12}, "ranges from 0 to 12"),
        ({"rule": "ceiling", "score": "canary_extraction_rate", "value": 5}, "ranges from 0 to 1"),
        ({"rule": "ceiling", "score": "canary_exposur", "value": 1}, "Did you mean 'canary_exposure'"),
        ({"rule": "ceiling", "score": "canary_exposure", "value": 1, "slice": "class"}, "not measured per slice"),
    ],
)
def test_rules_that_cannot_be_judged_are_refused(tmp_path: Path, rule: dict[str, object], problem: str) -> None:
    run = leaky_run(tmp_path / "run", {0: [HIDDEN], 1: [HIDDEN]})
    with pytest.raises(BenchError, match=problem):
        judged(run, tmp_path, policy={"rules": [QUALITY, rule]})


def test_a_rule_on_leaks_alone_does_not_show_that_a_model_is_good(tmp_path: Path) -> None:
    run = leaky_run(tmp_path / "run", {0: [HIDDEN], 1: [HIDDEN]})
    with pytest.raises(BenchError, match="not about the quality of outputs"):
        judged(run, tmp_path, policy={"rules": [{"rule": "ceiling", "score": "canary_extraction_rate", "value": 0.2}]})
