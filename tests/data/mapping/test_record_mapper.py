"""From records to examples: optional inputs, blank references, questions without an answer and labels."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.data import load_inputs, load_splits
from harness.errors import BenchError
from harness.types import Task


def lines(*rows: dict) -> str:
    return "".join(json.dumps({"id": i, **row}, ensure_ascii=False) + "\n" for i, row in enumerate(rows))


FILL = [{"question": f"q{i}", "context": f"c{i}", "answers": {"text": ["x"], "answer_start": [0]}} for i in range(8)]


ASKS = "{% if context is defined %}Text: {{ context }}\n{% endif %}Question: {{ question }}"


def to_jsonl(*rows: dict) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def questions(*contexts: Any) -> list[dict[str, Any]]:
    given = [{} if context is ... else {"context": context} for context in contexts]
    return [{"id": i, "question": f"q {i}?", "target": f"a {i}", **more} for i, more in enumerate([*given, *[{"context": "c"}] * 6])]


@pytest.fixture
def load_with(tmp_path):
    def run(rows: list[dict[str, Any]], prompt: str, **task: Any):
        (tmp_path / "a.jsonl").write_text(to_jsonl(*rows))
        values = {"kind": "qa", "metrics": ("squad",), "primary": "f1"} | task
        return load_splits(Task(name="a", data={"path": "a.jsonl"}, prompt=prompt, **values), folder=tmp_path)

    return run


NEEDS = "Text: {{ context }}\nQuestion: {{ question }}"


def test_question_layout_of_the_hub(load, in_order):
    first = {"question": "who?", "context": "text", "answers": {"text": ["one", "two"], "answer_start": [3, 9]}, "title": "t"}
    none = {"question": "why?", "context": "text", "answers": {"text": [], "answer_start": []}, "title": "t"}
    found = in_order(load(lines(first, none, *FILL), "a.jsonl", kind="qa", no_answer="none"))
    assert found[0].inputs == {"question": "who?", "context": "text"}
    assert [e.targets for e in found[:2]] == [("one", "two"), ()]
    assert found[0].meta == {"title": "t"}


@pytest.mark.parametrize("value", ["", " ", None, [], [None, ""], "Unanswerable ", " UNANSWERABLE"])
def test_blank_targets_mean_no_answer(load, in_order, refused, value):
    content = lines({"question": "why?", "target": value}, *({"question": f"q{i}", "target": "a"} for i in range(8)))
    assert in_order(load(content, "a.jsonl", kind="qa", no_answer="unanswerable"))[0].targets == ()
    if not value or value == [None, ""] or not str(value).strip():
        assert "set 'no_answer'" in refused(content, "a.jsonl", kind="qa")
    else:
        assert in_order(load(content, "a.jsonl", kind="qa"))[0].targets == (value,)


def test_missing_key_means_no_answer_but_missing_column_is_an_error(load, in_order, refused):
    content = lines({"question": "why?"}, *({"question": f"q{i}", "target": "a"} for i in range(8)))
    assert in_order(load(content, "a.jsonl", kind="qa", no_answer="none"))[0].targets == ()
    assert "no column for the target" in refused(lines({"question": "why?"}), "a.jsonl", kind="qa", no_answer="none")


def test_no_answer_applies_to_questions_only(refused):
    message = refused(lines({"input": "a", "target": ""}), "a.jsonl", kind="summarization")
    assert "target (column 'target') is empty" in message
    assert "no_answer" not in message


def test_lists_are_joined_as_the_task_says(load, in_order):
    content = lines(*({"input": ["one\r\nline", "", None, i, True], "target": [f"a{i}", "b"], "n": i} for i in range(6)))
    row = in_order(load(content, "a.jsonl", join=" | "))[0]
    assert (row.inputs, row.targets) == ({"input": "one\nline |  | 0 | true"}, ("a0", "b"))
    assert in_order(load(content, "a.jsonl", join="; ", target_lists="join"))[0].targets == ("a0; b",)


def test_a_question_with_labels_is_a_choice(load, refused):
    content = lines(*({"question": f"q{i}", "context": "c", "answer": ["yes", "no"][i % 2]} for i in range(12)))
    splits = load(content, "a.jsonl", kind="qa", labels=("yes", "no", "maybe"))
    for example in (*splits.train, *splits.validation, *splits.test):
        assert example.choices == ("yes", "no", "maybe")
        assert example.targets[0] in ("yes", "no")
    bad = content + json.dumps({"id": 99, "question": "x", "context": "c", "answer": "perhaps"}) + "\n"
    assert "target 'perhaps' (column 'answer') is not one of the task's labels" in refused(bad, "a.jsonl", kind="qa", labels=("yes", "no"))
    empty = content + json.dumps({"id": 99, "question": "x", "context": "c", "answer": ""}) + "\n"
    message = refused(empty, "a.jsonl", kind="qa", labels=("yes", "no"), no_answer="none")
    assert "a.jsonl:13: target (column 'answer') is empty" in message
    assert "no_answer" not in message


def test_optional_input_may_be_blank(load_with, in_order):
    found = in_order(load_with(questions("text", ..., "", " ", None, [], ["", None], ["a", "b"]), ASKS))
    assert [dict(row.inputs).get("context") for row in found[:8]] == ["text", None, None, None, None, None, None, "a\nb"]
    assert all(row.inputs["question"] for row in found)


def test_optional_input_may_be_blank_in_new_inputs(tmp_path):
    (tmp_path / "new.jsonl").write_text(to_jsonl({"question": "q"}, {"question": "r", "context": "c"}))
    task = Task(name="a", kind="qa", data={"path": "x"}, prompt=ASKS, metrics=("squad",), primary="f1")
    rows = load_inputs(task, tmp_path / "new.jsonl")
    assert [example.inputs for example in rows.examples] == [{"question": "q"}, {"question": "r", "context": "c"}]


def test_required_input_must_be_present_and_the_message_says_how_to_make_it_optional(load_with):
    with pytest.raises(BenchError) as caught:
        load_with(questions("text", ...), NEEDS)
    message = str(caught.value)
    assert "a.jsonl:2: context: the row has no 'context'" in message
    assert "{% if context is defined %}…{{ context }}…{% endif %}" in message


def test_row_without_any_input_is_bad(load_with):
    rows = [{"id": i, "input": "" if i == 3 else f"text {i}", "target": "x"} for i in range(9)]
    with pytest.raises(BenchError, match=r"a\.jsonl:4: all inputs are empty \(input\)"):
        load_with(rows, "{{ input|default('') }}", kind="generation", metrics=("chrf",), primary="chrf")


@pytest.mark.parametrize("task", [{}, {"target_lists": "join", "join": "; "}, {"kind": "classification"}])
def test_blank_references_are_dropped(load, in_order, task):
    content = to_jsonl(*({"id": i, "input": f"text {i}", "target": ["", f"a{i % 2}", None, " "]} for i in range(8)))
    assert in_order(load(content, "a.jsonl", **task))[1].targets == ("a1",)


def test_blank_references_are_dropped_for_questions(load, in_order):
    content = to_jsonl(*({"id": i, "question": f"q {i}", "target": ["", f"a{i}", "b", None]} for i in range(8)))
    for options in ({"no_answer": "none"}, {}):
        assert in_order(load(content, "a.jsonl", kind="qa", **options))[1].targets == ("a1", "b")
