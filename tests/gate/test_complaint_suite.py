"""Is it fixed? What counts as fixed, the rule of a policy, and the trail from a complaint to the model that fixed it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.api import add_feedback, decide_complaints, follow_complaint, promote
from harness.errors import BenchError
from harness.gate import CaseOutcome, ComplaintCase, digest_output, judge_case, policy_to_plain, read_policy
from harness.lifecycle.feedback import FeedbackStore
from harness.reporting.wording.gate.rule_sentences import reason_sentence
from harness.reporting.wording.lifecycle import feedback_sentences
from harness.results import RunResults
from harness.types import Prediction
from tests.gate.conftest import Runs, judged, only

TASK = "summarization"
RULE: Mapping[str, Any] = {"rules": [{"rule": "not_worse", "score": "rougeL"}], "complaints": {"at_most_broken": 0}}
WRONG, RIGHT = "Take 20 mg of lisinopril daily.", "Take 10 mg of lisinopril daily."


def outcome(answer: str | None, faulty: str | None = WRONG, corrected: str | None = RIGHT, *, chooses: bool = False, **more: Any) -> str:
    case = ComplaintCase("a", {"input": "x"}, faulty, corrected, **more)
    return judge_case(case, None if answer is None else Prediction("a", answer), chooses=chooses).outcome


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (RIGHT, "fixed"),
        (f"  {RIGHT}\n", "fixed"),
        (WRONG, "broken"),
        ("TAKE 10 mg of lisinopril daily, please. Call us if you feel unwell.", "fixed"),
        ("Take 10 mg of lisinopril every day.", "unclear"),
        ("Take 10 mg of aspirin daily.", "unclear"),
        ("Avoid 10 mg of lisinopril daily.", "unclear"),
        ("10", "unclear"),
        ("Take 15 mg of lisinopril daily.", "broken"),
        ("Take lisinopril daily.", "broken"),
        ("Do not take 10 mg of lisinopril daily.", "unclear"),
        ("", "unclear"),
        (None, "unclear"),
    ],
)
def test_texts_are_compared_by_their_critical_errors(answer: str | None, expected: str) -> None:
    assert outcome(answer) == expected


def test_what_the_scores_cannot_see_a_person_must_look_at() -> None:
    style = {"faulty": "The patient is unhappy.", "corrected": "The patient is sad today."}
    assert outcome("The patient feels sad.", **style) == "unclear"
    assert outcome("The patient is sad today.", **style) == "fixed"
    assert outcome("anything", corrected=None) == outcome("anything", faulty=None) == "unclear"
    assert outcome(WRONG, corrected=None) == "broken"
    allergy = {"faulty": "The patient has an allergy.", "corrected": "The patient has no allergy."}
    assert outcome("She is well. The patient has no allergy.", **allergy) == "fixed"
    assert outcome("The patient has no pain, and an allergy.", **allergy) == "unclear"
    invented = {"faulty": "The patient is stable. She knows Dr. Miller.", "corrected": "The patient is stable."}
    assert outcome("The patient is well.", **invented) == "unclear", "that something is gone cannot be seen in other words"
    assert outcome("服用10毫克", faulty="服用20毫克", corrected="每天服用10毫克") == "unclear"


@pytest.mark.parametrize(
    ("answer", "corrected", "expected"),
    [("high", "high", "fixed"), ("low", "high", "broken"), ("mid", None, "unclear"), ("low", None, "broken")],
)
def test_labels_are_right_or_wrong(answer: str, corrected: str | None, expected: str) -> None:
    assert outcome(answer, "low", corrected, chooses=True) == expected


def test_what_a_person_decided_about_an_output_comes_first() -> None:
    decided: Mapping[str, CaseOutcome] = {digest_output(WRONG): "fixed"}
    assert outcome(WRONG, judged=decided) == "fixed"
    assert outcome("Take 20 mg daily.", judged=decided) == "broken"


@pytest.fixture
def registry(runs: Runs, tmp_path: Path) -> Path:
    """A champion with three confirmed complaints, and one that is not confirmed."""
    folder = tmp_path / "registry"
    promote(runs(0.3).path, "base", registry=folder, new_registry=True, force=True, reason="a test", fingerprint=False)
    rows = [
        {"id": f"v{i}", "verdict": "complaint", "input": f"text {i}", "output": WRONG, "corrected": RIGHT, "reason": "dose"}
        for i in range(4)
    ]
    add_feedback(TASK, rows, registry=folder, today=date(2026, 3, 1))
    decide_complaints(TASK, ["v0", "v1", "v2"], "confirmed", registry=folder, today=date(2026, 3, 2))
    return folder


def let_answer(monkeypatch: pytest.MonkeyPatch, answers: Mapping[str, str]) -> None:
    """The candidate answers the complaints so."""

    def answer(model: object, cases: Any, model_path: object = None) -> Any:
        return tuple(
            judge_case(case, Prediction(case.id, answers[case.id]) if case.id in answers else None, chooses=False) for case in cases
        )

    monkeypatch.setattr(sys.modules["harness.gate.judge"], "run_complaints", answer)


@pytest.mark.parametrize(
    ("answers", "allowed", "expected", "sentence"),
    [
        ((RIGHT, RIGHT, RIGHT), 0, "PASS", "3 of 3 confirmed complaints fixed."),
        (
            (RIGHT, RIGHT, WRONG),
            0,
            "FAIL",
            "2 of 3 confirmed complaints fixed, 1 still wrong (v2). See the outputs: `bench feedback check`.",
        ),
        ((RIGHT, RIGHT, WRONG), 1, "PASS", "2 of 3 confirmed complaints fixed, 1 still wrong (v2)."),
        ((RIGHT, RIGHT, ""), 0, "INCONCLUSIVE", "2 of 3 confirmed complaints fixed, 1 must be looked at by a person (v2)."),
        (
            (RIGHT, "", WRONG),
            1,
            "INCONCLUSIVE",
            "1 of 3 confirmed complaints fixed, 1 still wrong (v2), 1 must be looked at by a person (v1).",
        ),
    ],
)
def test_the_rule_counts_what_is_still_wrong(
    runs: Runs,
    registry: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: tuple[str, ...],
    allowed: int,
    expected: str,
    sentence: str,
) -> None:
    let_answer(monkeypatch, {f"v{i}": answer for i, answer in enumerate(answers)})
    verdict = judged(runs(0.9), tmp_path, policy={**RULE, "complaints": {"at_most_broken": allowed}}, registry=registry)
    rule = only(verdict, "of users still wrong")
    assert (rule.outcome, rule.n) == (expected, 3) and reason_sentence(rule).startswith(sentence)
    assert verdict.outcome == expected, "the other rules pass"
    assert all("v2" not in each.example_ids for each in verdict.without_text().rules)


def test_external_outputs_cannot_answer_again(runs: Runs, registry: Path, tmp_path: Path) -> None:
    verdict = judged(runs(0.9, tuned="vendor"), tmp_path, "vendor", policy=dict(RULE), registry=registry)
    assert only(verdict, "of users still wrong").outcome == "INCONCLUSIVE"


def test_a_confirmed_complaint_that_no_model_can_answer_is_not_passed_over(runs: Runs, registry: Path, tmp_path: Path) -> None:
    decide_complaints(TASK, ["v0", "v1", "v2"], "dismissed", registry=registry)
    add_feedback(TASK, [{"id": "v9", "verdict": "complaint"}], registry=registry)
    decide_complaints(TASK, ["v9"], "confirmed", registry=registry)
    verdict = judged(runs(0.9), tmp_path, policy=dict(RULE), registry=registry)
    rule = only(verdict, "of users still wrong")
    assert (verdict.outcome, rule.outcome, rule.n) == ("INCONCLUSIVE", "INCONCLUSIVE", 1)
    assert "1 of them could not be answered again: the inputs are not known" in reason_sentence(rule)


def test_a_policy_without_the_rule_does_not_pass_over_complaints_in_silence(runs: Runs, registry: Path, tmp_path: Path) -> None:
    verdict = judged(runs(0.9), tmp_path, policy={"rules": RULE["rules"]}, registry=registry)
    assert verdict.outcome == "PASS" and [note.numbers for note in verdict.notes if note.code == "complaints_not_judged"] == [{"cases": 3}]


def test_without_complaints_the_rule_passes_and_without_a_rule_nothing_is_answered(runs: Runs, tmp_path: Path) -> None:
    verdict = judged(runs(0.9), tmp_path, policy=dict(RULE))
    rule = only(verdict, "of users still wrong")
    assert (rule.outcome, reason_sentence(rule)) == ("PASS", "No complaint is confirmed.")
    plain = judged(runs(0.9), tmp_path, policy={"rules": RULE["rules"]})
    assert "complaints" not in plain.policy and not (tmp_path / "registry" / "feedback").exists()


def test_the_digest_of_a_policy_without_the_rule_is_as_before(runs: Runs, tmp_path: Path) -> None:
    """Otherwise every evaluation of a test set would count as another one."""
    results = RunResults(runs(0.9).folder).by_task[TASK]
    digests = set()
    for name, more in (("a", ""), ("b", "complaints: {at_most_broken: 0}\n"), ("c", "complaints: {at_most_broken: 1}\n")):
        (file := tmp_path / f"{name}.yaml").write_text(f"{more}rules: [{{rule: not_worse, score: rougeL}}]\n")
        policy = read_policy(file, results.task, results.metrics)
        digests.add(policy.digest)
        assert ("complaints" in policy_to_plain(policy)) == bool(more)
    assert len(digests) == 3
    (file := tmp_path / "d.yaml").write_text("complaints: {at_most_broken: -1}\nrules: [{rule: not_worse, score: rougeL}]\n")
    with pytest.raises(BenchError, match=r"d\.yaml:1.*at_most_broken"):
        read_policy(file, results.task, results.metrics)


def test_the_trail_leads_from_the_complaint_to_the_model_that_fixed_it(
    runs: Runs, registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, worse, better = dict(RULE), runs(0.8, tuned="few-shot"), runs(0.9, tuned="few-shot")
    let_answer(monkeypatch, {"v0": WRONG, "v1": RIGHT, "v2": RIGHT})
    assert judged(worse, tmp_path, "few-shot", policy=policy, registry=registry).outcome == "FAIL"
    let_answer(monkeypatch, dict.fromkeys(("v0", "v1", "v2"), RIGHT))
    for _ in range(2):  # the same evaluation is recorded once
        assert judged(better, tmp_path, "few-shot", policy=policy, registry=registry).outcome == "PASS"
    trail = follow_complaint(TASK, "v0", registry=registry)
    assert [(step.kind, step.text) for step in trail.steps] == [
        ("complaint", "dose"),
        ("confirmed", ""),
        ("broken", f"{worse.name}:few-shot"),
        ("fixed", f"{better.name}:few-shot"),
    ]
    assert not trail.fixed_by, "it is not in service yet"
    promote(better.path, "few-shot", policy=tmp_path / "policy.yaml", baseline=f"{better.path}:base", registry=registry, fingerprint=False)
    trail = follow_complaint(TASK, "v0", registry=registry)
    assert trail.fixed_by == f"{better.name}:few-shot" and trail.steps[-1].kind == "promoted"
    lines = feedback_sentences.list_trail_lines(trail)
    assert lines[0] == "2026-03-01  complaint: dose" and lines[-1] == f"Fixed by {better.name}:few-shot."
    let_answer(monkeypatch, dict.fromkeys(("v0", "v1", "v2"), WRONG))
    options: dict[str, Any] = {"policy": tmp_path / "policy.yaml", "baseline": f"{worse.path}:base", "registry": registry}
    promote(worse.path, "few-shot", force=True, reason="a test", fingerprint=False, **options)
    (*_, last) = feedback_sentences.list_trail_lines(follow_complaint(TASK, "v0", registry=registry))
    assert last == f"Fixed by {better.name}:few-shot. The model in service, {worse.name}:few-shot, does not answer it rightly."
    with pytest.raises(BenchError, match=r"no complaint about the answer 'v9'\. Known: v0, v1, v2, v3"):
        follow_complaint(TASK, "v9", registry=registry)
    assert len(FeedbackStore(registry, TASK).read().parts) == 5
