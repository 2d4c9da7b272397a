"""`add_feedback`: forms, tools, doubles, and what is refused with line and field."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from harness.api import AddedFeedback, add_feedback, show_feedback
from harness.errors import BenchError
from harness.lifecycle.feedback import AnswerFeedback, FeedbackStore
from tests.lifecycle.feedback.conftest import TASK, TODAY, Row, argilla_record, label_studio_task, make_rows, write_json, write_lines


def add(registry: Path, data: Any, **options: Any) -> AddedFeedback:
    return add_feedback(TASK, data, registry=registry, **{"today": TODAY, **options})


def stored(registry: Path) -> tuple[AnswerFeedback, ...]:
    return FeedbackStore(registry, TASK).read().answers


def refusal(registry: Path, data: Any, **options: Any) -> str:
    with pytest.raises(BenchError) as refused:
        add(registry, data, **options)
    assert not (registry / "feedback" / TASK / "log.jsonl").exists(), "nothing is half-written"
    return str(refused.value)


def test_the_same_file_counts_once_also_when_it_grows(registry: Path, tmp_path: Path) -> None:
    rows = make_rows(20)
    first = add(registry, write_lines(tmp_path / "a.jsonl", rows))
    assert (first.new, first.known, first.total) == (20, 0, 20)
    log = registry / "feedback" / TASK / "log.jsonl"
    before = log.read_bytes()
    again = add(registry, tmp_path / "a.jsonl", today=date(2026, 6, 2))
    assert (again.new, again.known, again.total) == (0, 20, 20) and log.read_bytes() == before
    more = add(registry, write_lines(tmp_path / "a.jsonl", [*rows, rows[0], *make_rows(5, seed=2)]))
    assert (more.new, more.known, more.total) == (5, 21, 25)
    assert log.read_bytes().startswith(before), "the log only grows"


def test_rows_without_a_date_count_once_on_any_day(registry: Path) -> None:
    row = {"id": "a", "verdict": "accepted"}
    assert add(registry, [row]).new == 1
    assert add(registry, [row], today=date(2026, 6, 9)).known == 1
    assert stored(registry)[0].at == "2026-06-01"


def test_what_a_user_says_later_replaces_what_was_said_before(registry: Path) -> None:
    add(registry, [{"id": "a", "user": "u", "verdict": "accepted", "date": "2026-03-05"}])
    later = add(registry, [{"id": "a", "user": "u", "verdict": "complaint", "date": "2026-03-06T10:00:00+02:00"}])
    older = add(registry, [{"id": "a", "user": "u", "verdict": "rejected", "date": "2026-03-04"}])
    other = add(registry, [{"id": "a", "user": "v", "verdict": "accepted", "date": "2026-03-04"}])
    assert (later.changed, older.outdated, other.new, other.total) == (1, 1, 1, 2)
    assert sorted((each.verdict, each.at) for each in stored(registry)) == [
        ("accepted", "2026-03-04"),
        ("complaint", "2026-03-06T08:00:00Z"),
    ]


def test_a_form_with_its_own_columns_and_words(registry: Path, tmp_path: Path) -> None:
    (tmp_path / "form.csv").write_text(
        "Case,How was it?,What should it say?,Who,Unused\r\nv1,👎,,Müller,x\r\nv2,Edited,better text,Müller,y\r\nv3,,,Ana,z\r\n",
        encoding="utf-8",
    )
    fields = {"id": "Case", "verdict": "How was it?", "corrected": "What should it say?", "user": "Who"}
    added = add(registry, tmp_path / "form.csv", fields=fields)
    assert (added.new, added.unanswered, added.unused, added.without_inputs) == (2, 1, ("Unused",), 1)
    first, second = sorted(stored(registry), key=lambda each: each.id)
    assert (first.verdict, second.verdict, second.corrected) == ("rejected", "edited", "better text")
    assert first.user == second.user != "Müller", "a hash"
    assert b"M\\u00fcller" not in (registry / "feedback" / TASK / "log.jsonl").read_bytes()


def test_events_of_an_ab_test_are_feedback(registry: Path) -> None:
    """The same columns and words: time, unit, and outcomes with 1 and 0."""
    rows = [
        {"id": "a", "time": 1772000000, "unit": "u1", "variant": "champion", "accepted": 1, "complaint": 0, "minutes": 2.5},
        {"id": "b", "time": "2026-03-01T10:00:00Z", "unit": "u2", "variant": "champion", "accepted": "no", "complaint": "yes"},
        {"id": "c", "time": "2026-03-01T11:00:00Z", "unit": "u2", "variant": "champion", "accepted": 0.0, "complaint": ""},
    ]
    assert add(registry, rows).unused == ()
    assert {each.id: each.verdict for each in stored(registry)} == {"a": "accepted", "b": "complaint", "c": "rejected"}


def test_answers_complete_the_rows_by_their_ids(registry: Path, tmp_path: Path) -> None:
    answers = [{"id": f"v{i}", "input": f"the text {i}", "output": f"the output {i}", "ward": "A"} for i in range(3)]
    rows = [{"id": "v1", "verdict": "complaint", "output": ""}, {"id": " v2 ", "verdict": "accepted"}]
    assert add(registry, rows, answers=write_lines(tmp_path / "answers.jsonl", answers)).without_inputs == 0
    first = next(each for each in stored(registry) if each.id == "v1")
    assert (first.inputs, first.output, first.slices) == ({"input": "the text 1"}, "the output 1", {"ward": "A"})


def test_unknown_and_doubled_ids_of_answers_are_named(registry: Path, tmp_path: Path) -> None:
    answers = write_lines(tmp_path / "answers.jsonl", [{"id": "v1", "output": "x"}])
    assert refusal(registry, [{"id": "v1", "verdict": "yes"}, {"id": "w9", "verdict": "yes"}], answers=answers) == (
        "feedback: row 2: id: 'w9' is no answer of the file of answers"
    )
    doubled = write_lines(tmp_path / "answers.jsonl", [{"id": "v1"}, {"id": "v1"}])
    assert "answers.jsonl:2: id: 'v1' is in the file twice" in refusal(registry, [{"id": "v1", "verdict": "yes"}], answers=doubled)


def test_label_studio_export(registry: Path, tmp_path: Path) -> None:
    choice = {"from_name": "verdict", "to_name": "text", "type": "choices", "value": {"choices": ["complaint"]}}
    text = {"from_name": "corrected", "to_name": "text", "type": "textarea", "value": {"text": ["line 1", "line 2"]}}
    stars = {"from_name": "rating", "to_name": "text", "type": "rating", "value": {"rating": 2}}
    skipped = label_studio_task("v2")
    skipped["annotations"][0]["was_cancelled"] = True
    tasks = [label_studio_task("v1", choice, text, stars, input="the text", output="the output"), skipped]
    added = add(registry, write_json(tmp_path / "project-1.json", tasks))
    assert (added.new, added.unanswered) == (1, 1)
    (only,) = stored(registry)
    assert (only.id, only.verdict, only.corrected, only.rating, only.minutes) == ("v1", "complaint", "line 1\nline 2", 2.0, 1.5)
    assert only.inputs == {"input": "the text"} and only.at == "2026-03-02T09:00:00Z" and only.user


def test_argilla_export(registry: Path, tmp_path: Path) -> None:
    records = [
        argilla_record("v1", {"verdict": "edited", "corrected": "better", "rating": 4}, input="the text", output="the output"),
        argilla_record("v2", {}, input="another text"),
    ]
    records[0]["responses"]["verdict"].append({"value": "accepted", "user_id": "u-2"})
    added = add(registry, write_json(tmp_path / "records.json", records))
    assert (added.new, added.unanswered) == (2, 1)
    assert sorted((each.verdict, each.corrected, each.inputs["input"]) for each in stored(registry)) == [
        ("accepted", None, "the text"),
        ("edited", "better", "the text"),
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"verdict": "accepted"}, "id: is missing"),
        ({"id": "a", "verdict": "great"}, "verdict: must be one of accepted, edited, rejected, complaint, not 'great'"),
        ({"id": "a", "verdict": "accepted", "rating": 6}, "rating: must be a number from 1 to 5, not '6'"),
        ({"id": "a", "verdict": "accepted", "rating": "1_0"}, "rating: must be a number"),
        ({"id": "a", "verdict": "accepted", "minutes": -1}, "minutes: must be a number from 0 to 1440, not '-1'"),
        ({"id": "a", "verdict": "accepted", "minutes": "nan minutes"}, "minutes: must be a number"),
        ({"id": "a", "verdict": "accepted", "date": "2026-06-03"}, "date: '2026-06-03' lies ahead; today is 2026-06-01"),
        ({"id": "a", "verdict": "accepted", "date": "1999-12-31"}, "is before 2000"),
        ({"id": "a", "verdict": "accepted", "date": "yesterday"}, "date: 'yesterday' is no date. Write dates as"),
        ({"id": "a", "verdict": "accepted", "date": 1e300}, "is no date"),
        ({"id": "a", "verdict": "accepted", "model": "lora"}, "model: 'lora' is no model of this task in the registry"),
        ({"id": "a", "corrected": "better"}, "verdict: is missing beside a corrected text"),
        ({"id": "a" * 201, "verdict": "accepted"}, "id: has 201 characters; at most 200 are allowed"),
        ({"id": "a", "verdict": "accepted", "output": ["x"]}, "output: must be text"),
        ({"id": "a", "verdict": "accepted", "reason": "\ud800"}, "lone surrogate"),
        ({"id": "a", "accepted": "perhaps"}, "accepted: must be yes or no, or 1 or 0, not 'perhaps'"),
        ({"id": "a", "data": {}, "annotations": [{"result": "x"}]}, "annotations: each must be an object with the list 'result'"),
        ({"id": "a", "fields": {}, "responses": {"verdict": "x"}}, "responses: those of 'verdict' must be a list of objects"),
    ],
)
def test_malformed_rows_are_refused_with_row_and_field(registry: Path, row: Row, message: str) -> None:
    text = refusal(registry, [{"id": "ok", "verdict": "accepted"}, row])
    assert text.startswith("feedback: row 2: ") and message in text


def test_many_problems_are_counted(registry: Path, tmp_path: Path) -> None:
    text = refusal(registry, write_lines(tmp_path / "a.jsonl", [{"id": f"a{i}", "verdict": "?"} for i in range(30)]))
    assert "a.jsonl:1: verdict" in text and "a.jsonl: 20 more problems of this kind" in text


def test_empty_files_and_tasks_without_a_champion_are_one_error(registry: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,verdict\n")
    assert "a.csv" in refusal(registry, tmp_path / "a.csv")
    assert refusal(registry, []) == "feedback: has no rows. Each needs the columns id and verdict"
    for call in (add_feedback, show_feedback):
        with pytest.raises(BenchError, match=r"nothing was promoted for 'sumarization'\. Did you mean 'summarization'"):
            call("sumarization", *([[]] if call is add_feedback else []), registry=registry)  # type: ignore[operator]
    with pytest.raises(BenchError, match="does not exist"):
        add_feedback(TASK, [{"id": "a", "verdict": "yes"}], registry=tmp_path / "none")


def test_corrections_must_be_labels_of_a_task_with_labels(registry: Path) -> None:
    row = {"id": "a", "verdict": "complaint", "corrected": "card_lost_1"}
    with pytest.raises(BenchError, match=r"corrected: 'card_lost_1' is not one of the task's labels\. Did you mean 'card lost_1'"):
        add_feedback("intents", [row], registry=registry)


def test_an_unknown_role_is_an_error(registry: Path) -> None:
    with pytest.raises(BenchError, match=r"unknown role.*Did you mean 'verdict'"):
        add(registry, [{"id": "a"}], fields={"verdikt": "x"})


def test_clocks_that_go_back_are_counted(registry: Path) -> None:
    dates = ("2026-03-02", "2026-03-01", "2026-03-03T10:00:00Z", "2026-03-03T09:59:59Z")
    added = add(registry, [{"id": f"a{i}", "verdict": "accepted", "date": day} for i, day in enumerate(dates)])
    assert (added.new, added.out_of_order) == (4, 2)
