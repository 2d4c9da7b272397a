"""Complaints: confirmed or dismissed by a person, and what follows for training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.api import add_feedback, decide_complaints, harvest_feedback, list_complaints, show_feedback
from harness.data.pipeline.harvested_examples import read_corrections
from harness.errors import BenchError
from harness.lifecycle.feedback import FeedbackStore
from tests.lifecycle.feedback.conftest import TASK, TODAY


def add(registry: Path, *rows: dict[str, Any]) -> None:
    add_feedback(TASK, rows, registry=registry, today=TODAY)


def complain(registry: Path, id_: str = "a", **more: Any) -> None:
    add(registry, {"id": id_, "verdict": "complaint", "input": f"text {id_}", "output": "20 mg", "corrected": "10 mg", "user": "u", **more})


def decide(registry: Path, outcome: Any, *ids: str, **options: Any) -> None:
    decide_complaints(TASK, ids, outcome, registry=registry, today=TODAY, **options)


def states(registry: Path) -> dict[str, str]:
    return {each.id: each.state for each in list_complaints(TASK, registry=registry)}


def test_only_confirmed_complaints_are_trained_on(registry: Path, tmp_path: Path) -> None:
    for id_ in "abc":
        complain(registry, id_)
    decide(registry, "confirmed", "a", corrected="5 mg")
    decide(registry, "confirmed", "b")
    decide(registry, "dismissed", "c")
    assert states(registry) == {"a": "confirmed", "b": "confirmed", "c": "dismissed"}
    assert show_feedback(TASK, registry=registry).complaints == {"open": 0, "confirmed": 2, "dismissed": 1}
    out = tmp_path / "rows.jsonl"
    assert harvest_feedback(TASK, out, registry=registry) == 2
    assert out.stat().st_mode & 0o777 == 0o600
    assert [(c.example.inputs["input"], c.example.targets) for c in read_corrections([out])] == [
        ("text a", ("5 mg",)),
        ("text b", ("10 mg",)),
    ]
    first = json.loads(out.read_text().splitlines()[0])
    assert first["provenance"] == {"task": TASK, "feedback": "a", "source": "complaint"}
    with pytest.raises(BenchError, match=r"already exists\. Name another file"):
        harvest_feedback(TASK, out, registry=registry)
    assert harvest_feedback(TASK, out, registry=registry, force=True) == 2


def test_rows_count_since_their_confirmation(registry: Path) -> None:
    complain(registry)
    before = FeedbackStore(registry, TASK).read().position
    decide(registry, "confirmed", "a")
    log = FeedbackStore(registry, TASK).read()
    assert [(row.id, row.source) for row in log.corrected_rows(before)] == [("a", "complaint")]
    assert log.corrected_rows(log.position) == ()


def test_a_new_complaint_opens_a_dismissed_one_again(registry: Path) -> None:
    complain(registry)
    decide(registry, "dismissed", "a", reason="the dose is right")
    assert states(registry) == {"a": "dismissed"}
    complain(registry, user="another")
    assert states(registry) == {"a": "open"}
    decide(registry, "confirmed", "a")
    complain(registry, user="a third one")
    assert states(registry) == {"a": "confirmed"}


@pytest.mark.parametrize("user", ["u", None])
@pytest.mark.parametrize("verdict", ["accepted", "edited"])
def test_a_confirmed_complaint_stays_whatever_is_said_later(registry: Path, user: str | None, verdict: str) -> None:
    """Otherwise one click on another day would take it from the tests of every candidate."""
    complain(registry, user=user)
    decide(registry, "confirmed", "a", corrected="5 mg")
    add(registry, {"id": "a", "verdict": verdict, "user": user, "corrected": "20 mg" if verdict == "edited" else None})
    assert states(registry) == {"a": "confirmed"}
    (case,) = FeedbackStore(registry, TASK).read().cases
    assert (case.inputs, case.faulty, case.corrected) == ({"input": "text a"}, "20 mg", "5 mg")


def test_only_the_same_user_can_withdraw_a_complaint(registry: Path) -> None:
    complain(registry, "a", user="u")
    complain(registry, "b", user=None)
    add(registry, *({"id": id_, "verdict": "accepted", "user": user} for id_, user in (("a", "u"), ("b", None))))
    assert states(registry) == {"b": "open"}, "nobody knows whether it was the same person"


def test_confirming_what_no_model_can_answer_says_so_until_the_inputs_are_added(registry: Path) -> None:
    from harness.reporting.wording import feedback_sentences

    add(registry, {"id": "a", "verdict": "complaint"}, {"id": "b", "verdict": "complaint", "input": "text b"})
    decided = decide_complaints(TASK, ["a", "b", "a"], "confirmed", registry=registry, today=TODAY)
    told = feedback_sentences.describe_decided(decided, dismissed=False)
    assert told.startswith("2 complaints confirmed. 1 cannot be answered again, because the inputs are missing")
    complain(registry, "a", user=None)
    assert all(case.inputs for case in FeedbackStore(registry, TASK).read().cases)


def test_nothing_to_harvest_and_unknown_complaints_are_errors(registry: Path, tmp_path: Path) -> None:
    add(registry, {"id": "a", "verdict": "accepted"})
    complain(registry, "b", input=None)
    decide(registry, "confirmed", "b")
    with pytest.raises(BenchError, match="there is nothing to harvest"):
        harvest_feedback(TASK, tmp_path / "rows.jsonl", registry=registry)
    for name in ("rows.csv", "none/rows.jsonl"):
        with pytest.raises(BenchError, match=r"name a \.jsonl file"):
            harvest_feedback(TASK, tmp_path / name, registry=registry)
    with pytest.raises(BenchError, match="no complaint about the answer 'a'"):
        decide(registry, "confirmed", "a")
    with pytest.raises(BenchError, match="is the right text of one answer, not of 2"):
        decide(registry, "confirmed", "b", "b", corrected="x")
    with pytest.raises(BenchError, match="must be 'confirmed' or 'dismissed'"):
        decide(registry, "fixed", "b")


def test_a_correction_must_be_a_label_of_a_task_with_labels(registry: Path) -> None:
    add_feedback("intents", [{"id": "a", "verdict": "complaint"}], registry=registry, today=TODAY)
    with pytest.raises(BenchError, match="is not one of the task's labels"):
        decide_complaints("intents", ["a"], "confirmed", corrected="something", registry=registry)
