"""Guardrails of the task in the gate: a policy that leaves them out does not set them aside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from report_factory import Made, MadeTask, make_run

from harness.api import NotPassedError, promote
from harness.gate import RuleVerdict, Verdict
from harness.reporting import verdict_to_json
from harness.store import StoredRun
from tests.gate.conftest import judged
from tests.gate.test_guardrail_checks import lacks_the_name, review, summaries

LABELS = ("common", "other", "rare")
LOW_FLOOR = {"rules": [{"rule": "floor", "score": "macro_f1", "value": 0.3}]}
RARE_CLASS = {"accuracy": {"at_least": 0.8, "slice": "class=rare"}}


def intents(tmp_path: Path, limits: Mapping[str, object], wrong: int = 0, *, base: float | None = 0.9) -> StoredRun:
    """A third of the examples is of the class "rare", of which lora gets so many wrong; without a score for base, base does."""

    def answer(example: Any, draw: Any) -> str:
        number = int(example.id.removeprefix("row-"))
        return "common" if number % 3 == 2 and number < 3 * wrong else LABELS[number % 3]

    lora = Made("lora", seed=1, answer=answer, train_seconds=9, curve=False)
    cells = [Made("base", answer=answer)] if base is None else [Made("base", base), lora]
    task = MadeTask("intents", "classification", cells, labels=LABELS, rows=300, targets=lambda i: LABELS[i % 3], guardrails=limits)
    return make_run(tmp_path / "run", [task])


def guardrails(verdict: Verdict) -> list[RuleVerdict]:
    return [rule for rule in verdict.rules if rule.rule.source == "guardrail"]


@pytest.mark.parametrize("policy", [LOW_FLOOR, None], ids=["policy file", "default policy"])
@pytest.mark.parametrize(
    ("wrong", "outcome", "code"),
    [(2, "PASS", "shown"), (18, "INCONCLUSIVE", "undecided"), (22, "INCONCLUSIVE", "beyond_limit"), (90, "FAIL", "refuted")],
    ids=["kept", "not shown", "broken, by chance perhaps", "broken"],
)
def test_policy_without_the_guardrail_does_not_pass_what_breaks_it(
    tmp_path: Path, policy: dict[str, Any] | None, wrong: int, outcome: str, code: str
) -> None:
    """A policy with a low floor on macro-F1 passed a model that its task's guardrail ruled out."""
    verdict = judged(intents(tmp_path, RARE_CLASS, wrong, base=0.3), tmp_path, policy=policy)
    (limit,) = guardrails(verdict)
    assert (verdict.outcome, limit.outcome, limit.reason.code) == (outcome, outcome, code)
    assert (limit.rule.score, limit.rule.threshold, limit.rule.slice_value, limit.rule.tier) == ("accuracy", 0.8, "rare", "blocking")
    stored = verdict_to_json(verdict)["rules"][-1]
    assert stored["rule"]["source"] == "guardrail"
    assert stored["title"] == "Accuracy at least 80% for class = rare (guardrail)"


def test_model_that_breaks_a_guardrail_is_put_into_service_only_by_force(tmp_path: Path) -> None:
    run, registry, policy = intents(tmp_path, RARE_CLASS, 90, base=None), tmp_path / "registry", tmp_path / "gate.yaml"
    policy.write_text("rules: [{rule: floor, score: macro_f1, value: 0.3}]", encoding="utf-8")
    with pytest.raises(NotPassedError):
        promote(run.path, "base", policy=policy, registry=registry, new_registry=True)
    event, verdict = promote(run.path, "base", policy=policy, registry=registry, force=True, reason="approved by the head of intake")
    assert (event.action, verdict.outcome) == ("force", "FAIL")


def test_rule_as_strict_as_the_guardrail_does_not_replace_it(tmp_path: Path) -> None:
    """The rule holds at α for this model; of several strategies, one that breaks the guardrail would be found to keep it more often."""
    rule = {"rule": "floor", "score": "accuracy", "value": 0.85, "slice": "class=rare"}
    verdict = judged(intents(tmp_path, RARE_CLASS, 2), tmp_path, policy={"rules": [rule]})
    (limit,) = guardrails(verdict)
    assert verdict.outcome == "PASS" and limit.outcome == "PASS"
    assert limit.alpha == verdict.alpha / 2 and limit.low < verdict.rules[-2].low


@pytest.mark.parametrize(("base", "outcome"), [(0.3, "PASS"), (0.98, "FAIL")])
def test_guardrail_against_base_is_judged_within_the_run(tmp_path: Path, base: float, outcome: str) -> None:
    """Not against the baseline of the gate, which here is the candidate itself."""
    limits = {"accuracy": {"not_worse_than": "base", "by": 0.05}}
    run = intents(tmp_path, limits, 60, base=base)
    verdict = judged(run, tmp_path, policy=LOW_FLOOR, baseline=f"{run.path}:lora")
    (limit,) = guardrails(verdict)
    assert (verdict.outcome, limit.outcome, limit.rule.against) == (outcome, outcome, "base")


def test_guardrail_holds_for_the_recipe_where_the_policy_counts_the_spread_of_seeds(tmp_path: Path) -> None:
    verdict = judged(intents(tmp_path, RARE_CLASS, 2), tmp_path, policy=LOW_FLOOR | {"seed_spread": "count"})
    assert [(limit.outcome, limit.reason.code) for limit in guardrails(verdict)] == [("INCONCLUSIVE", "one_seed")]


def test_guardrail_without_evidence_is_not_passed(tmp_path: Path) -> None:
    limits = {"review.critical_error_rate": {"at_most": 0.1}}
    verdict = judged(intents(tmp_path, limits), tmp_path, policy=LOW_FLOOR)
    (limit,) = guardrails(verdict)
    assert (verdict.outcome, limit.reason.code) == ("INCONCLUSIVE", "no_evidence")


def test_score_that_people_have_not_verified_leaves_the_guardrail_open_until_they_decide(tmp_path: Path) -> None:
    policy = {"rules": [{"rule": "floor", "score": "rougeL", "value": 0.5}]}
    run = summaries(tmp_path, {"base": 0.0, "lora": 0.0})
    (limit,) = guardrails(judged(run, tmp_path, policy=policy))
    assert (limit.outcome, limit.reason.code) == ("INCONCLUSIVE", "untrusted")
    review(run, lacks_the_name(run), tmp_path, n=120)
    verdict = judged(run, tmp_path, policy=policy)
    (limit,) = guardrails(verdict)
    assert (verdict.outcome, limit.outcome, limit.reason.code) == ("PASS", "PASS", "shown")
