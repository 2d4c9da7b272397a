"""Which column plays which role where one plays none, where a row lacks one, and where a name is none for a prompt."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.data import load_inputs, load_splits
from harness.errors import BenchError
from harness.types import DataSpec, Task

ASKS = "{% if context is defined %}Text: {{ context }}\n{% endif %}Question: {{ question }}"
NEEDS = "Text: {{ context }}\nQuestion: {{ question }}"


def lines(*rows: dict) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def questions(*contexts: Any) -> list[dict[str, Any]]:
    given = [{} if context is ... else {"context": context} for context in contexts]
    return [{"id": i, "question": f"q {i}?", "target": f"a {i}", **more} for i, more in enumerate([*given, *[{"context": "c"}] * 6])]


@pytest.fixture
def load_with(tmp_path):
    def run(rows: list[dict[str, Any]], prompt: str, **task: Any):
        (tmp_path / "a.jsonl").write_text(lines(*rows))
        values = {"kind": "qa", "metrics": ("squad",), "primary": "f1"} | task
        return load_splits(Task(name="a", data={"path": "a.jsonl"}, prompt=prompt, **values), folder=tmp_path)

    return run


# ---------------------------------------------------------------------------------------------------- no group and no id


def test_none_is_no_group_and_no_id_whatever_the_columns_are_called(load):
    content = "ID,input,target,group\n" + "".join(f"same,text {i},sum,{'ab'[i % 2]}\n" for i in range(40))
    splits = load(content, fields={"group": None, "id": None})
    rows = [*splits.train, *splits.validation, *splits.test]
    assert {row.group for row in rows} == {None}
    assert len({row.id for row in rows}) == len(rows) == 40
    assert rows[0].meta.keys() == {"ID", "group"}


def test_only_group_and_id_can_be_none():
    with pytest.raises(ValueError, match="'target' needs a column; only 'group' and 'id' may be null"):
        DataSpec(path="a.csv", fields={"target": None})


# --------------------------------------------------------------------------------------------------- inputs that rows lack


def test_a_row_goes_without_what_the_prompt_only_asks_for(load_with, in_order):
    found = in_order(load_with(questions("text", ..., "", " ", None, [], ["", None], ["a", "b"]), ASKS))
    assert [dict(row.inputs).get("context") for row in found[:8]] == ["text", None, None, None, None, None, None, "a\nb"]
    assert all(row.inputs["question"] for row in found)


def test_rows_to_be_answered_go_without_it_as_well(tmp_path):
    (tmp_path / "new.jsonl").write_text(lines({"question": "q"}, {"question": "r", "context": "c"}))
    task = Task(name="a", kind="qa", data={"path": "x"}, prompt=ASKS, metrics=("squad",), primary="f1")
    assert [row.inputs for row in load_inputs(task, tmp_path / "new.jsonl")] == [{"question": "q"}, {"question": "r", "context": "c"}]


def test_what_the_prompt_needs_must_be_there_and_the_message_says_how_to_go_without(load_with):
    with pytest.raises(BenchError) as caught:
        load_with(questions("text", ...), NEEDS)
    message = str(caught.value)
    assert "a.jsonl:2: context: the row has no 'context'" in message
    assert "{% if context is defined %}…{{ context }}…{% endif %}" in message


def test_a_row_without_any_input_is_bad(load_with):
    rows = [{"id": i, "input": "" if i == 3 else f"text {i}", "target": "x"} for i in range(9)]
    with pytest.raises(BenchError, match=r"a\.jsonl:4: all inputs are empty \(input\)"):
        load_with(rows, "{{ input|default('') }}", kind="generation", metrics=("chrf",), primary="chrf")


# ------------------------------------------------------------------------------------------------ references that are blank


@pytest.mark.parametrize("task", [{}, {"target_lists": "join", "join": "; "}, {"kind": "classification"}])
def test_blank_references_are_dropped_where_another_is_there(load, in_order, task):
    content = lines(*({"id": i, "input": f"text {i}", "target": ["", f"a{i % 2}", None, " "]} for i in range(8)))
    assert in_order(load(content, "a.jsonl", **task))[1].targets == ("a1",)


def test_blank_references_are_dropped_for_questions(load, in_order):
    content = lines(*({"id": i, "question": f"q {i}", "target": ["", f"a{i}", "b", None]} for i in range(8)))
    for options in ({"no_answer": "none"}, {}):
        assert in_order(load(content, "a.jsonl", kind="qa", **options))[1].targets == ("a1", "b")


# ------------------------------------------------------------------------------------------------ names that are none


@pytest.mark.parametrize(
    ("name", "better"),
    [("choices", "options"), ("self", "self_text"), ("my var", "my_var"), ("1st", "field_1st"), ("in", "in_text"), ("é-t", "é_t")],
)
def test_an_input_whose_name_no_prompt_can_read(refused, name, better):
    message = refused("input,target,text\na,b,c\n", fields={name: "text"})
    assert message.startswith(f"visits.csv: an input cannot be called '{name}'")
    assert f'fields={{"{better}": "text"}}' in message


def test_a_place_that_is_no_line_is_named_as_it_is(refused):
    rows = [{"id": name, "input": f"text {name}", "target": "x"} for name in "abca"]
    assert "a.json: item 4: id 'a' (column 'id') is already used in a.json: item 1. If the column identifies" in refused(
        json.dumps(rows), "a.json"
    )
