"""Which column has which role, and clear errors when none fits."""

from __future__ import annotations

import json

import pytest
from message_checks import assert_contains

from harness.types import DataSpec


def lines(*rows: dict) -> str:
    return "".join(json.dumps({"id": i, **row}, ensure_ascii=False) + "\n" for i, row in enumerate(rows))


def rows_of(header: str, n: int = 6) -> str:
    names = header.split(",")
    return header + "\n" + "".join(",".join(str(i) if name == "id" else f"{name} {i}" for name in names) + "\n" for i in range(n))


@pytest.mark.parametrize(
    ("row", "fields", "inputs"),
    [
        ({"question": "q", "context": "c", "answer": "a"}, {}, {"question": "q", "context": "c"}),
        ({"QUESTION": "q", "CONTEXTS": ["c", "d"], "Answer": "a"}, {}, {"question": "q", "context": "c\nd"}),
        ({"question": "q", "answers": ["a"]}, {}, {"question": "q"}),
        ({"text": "q", "context": "c", "target": "a"}, {"input": "text"}, {"input": "q", "question": "q", "context": "c"}),
        ({"q": "q", "passage": "c", "target": "a"}, {"question": "q", "context": "passage"}, {"question": "q", "context": "c"}),
        ({"question": "q", "passage": "c", "answer": "a"}, {"context": "passage"}, {"question": "q", "context": "c"}),
        ({"input": "q", "target": "a"}, {}, {"input": "q", "question": "q"}),
        ({"prompt": "q", "completion": "a"}, {}, {"prompt": "q", "input": "q", "question": "q"}),
        ({"question": "q", "input": "other", "target": "a"}, {}, {"question": "q"}),
    ],
)
def test_default_columns_of_a_question(load, in_order, row, fields, inputs):
    fill = ({key: ([f"{i}"] if isinstance(value, list) else f"{value}{i}") for key, value in row.items()} for i in range(5))
    found = in_order(load(lines(row, *fill), "a.jsonl", kind="qa", fields=fields))[0]
    assert (found.inputs, found.targets) == (inputs, ("a",))


def test_precedence_of_answer_columns(load, in_order):
    row = {"question": "q", "answer": "4", "answers": {"text": ["2"], "n": 1}, "target": "1"}
    rest = [{key: "x" if key == "question" else value for key, value in row.items()} | {"question": f"q{i}"} for i in range(5)]

    def first(*without):
        kept = [{k: v for k, v in r.items() if k not in without} for r in (row, *rest)]
        return in_order(load(lines(*kept), "a.jsonl", kind="qa"))[0].targets

    assert first() == ("1",)
    assert first("target") == ("2",)
    assert first("target", "answers") == ("4",)


def test_question_column_is_required(refused):
    message = refused(lines({"q": "q", "context": "c", "answer": "a"}), "a.jsonl", kind="qa")
    assert "no column for the input. The columns are: id, q, context, answer. Name them with fields=" in message


def test_role_names_match_in_any_case(load, in_order):
    content = "ID,Input,TARGET,Group\n" + "".join(f"{i},text {i},sum,g{i}\n" for i in range(6))
    row = in_order(load(content))[3]
    assert (row.inputs, row.targets, row.group, dict(row.meta)) == ({"input": "text 3"}, ("sum",), "g3", {})


def test_columns_named_like_roles_need_no_mapping(load, in_order):
    row = in_order(load(rows_of("id,input,target,group,age")))[2]
    assert (row.id, row.inputs, row.targets, row.group, row.meta) == ("2", {"input": "input 2"}, ("target 2",), "group 2", {"age": "age 2"})


def test_named_fields_take_precedence(load, in_order):
    fields = {"question": "q", "context": "passage", "target": "a", "group": "doc"}
    row = in_order(load(rows_of("id,q,passage,a,doc,input"), fields=fields))[1]
    assert row.inputs == {"question": "q 1", "context": "passage 1"}
    assert (row.targets, row.group, row.meta) == (("a 1",), "doc 1", {"input": "input 1"})


def test_naming_only_the_target(load, in_order):
    row = in_order(load(rows_of("id,input,label,target"), fields={"target": "label"}))[1]
    assert (row.inputs, row.targets, row.meta) == ({"input": "input 1"}, ("label 1",), {"target": "target 1"})


def test_naming_only_the_input(load, in_order):
    row = in_order(load(rows_of("id,text,target"), fields={"input": "text"}))[1]
    assert (row.inputs, row.targets) == ({"input": "text 1"}, ("target 1",))


def test_prompt_and_completion_columns(load, in_order):
    row = in_order(load(rows_of("id,prompt,completion,source")))[1]
    assert row.inputs == {"prompt": "prompt 1", "input": "prompt 1"}
    assert (row.targets, row.meta) == (("completion 1",), {"source": "source 1"})


def test_column_called_id_can_be_the_group(load):
    content = "id,input,target\n" + "".join(f"p{i // 3},text {i},sum\n" for i in range(12))
    splits = load(content, fields={"group": "id"})
    assert {e.group for e in splits.train} | {e.group for e in splits.test} <= {"p0", "p1", "p2", "p3"}
    assert not {e.group for e in splits.train} & {e.group for e in splits.test}


def test_null_disables_group_and_id(load):
    content = "ID,input,target,group\n" + "".join(f"same,text {i},sum,{'ab'[i % 2]}\n" for i in range(40))
    splits = load(content, fields={"group": None, "id": None})
    rows = [*splits.train, *splits.validation, *splits.test]
    assert {row.group for row in rows} == {None}
    assert len({row.id for row in rows}) == len(rows) == 40
    assert rows[0].meta.keys() == {"ID", "group"}


def test_only_group_and_id_can_be_null():
    with pytest.raises(ValueError, match="'target' needs a column; only 'group' and 'id' may be null"):
        DataSpec(path="a.csv", fields={"target": None})


@pytest.mark.parametrize(
    ("name", "better"),
    [("choices", "options"), ("self", "self_text"), ("my var", "my_var"), ("1st", "field_1st"), ("in", "in_text"), ("é-t", "é_t")],
)
def test_input_name_that_no_prompt_can_use_is_refused(refused, name, better):
    message = refused("input,target,text\na,b,c\n", fields={name: "text"})
    assert message.startswith(f"visits.csv: an input cannot be called '{name}'")
    assert f'fields={{"{better}": "text"}}' in message


def test_missing_column_lists_the_others(refused):
    message = refused("dialogue,section_text,who\na,b,c\n", fields={"input": "dialog", "target": "section_text"}, skip_bad_rows=True)
    assert_contains(message, "no column 'dialog' for 'input'", "Did you mean 'dialogue'?", "The columns are: dialogue, section_text, who")


def test_named_column_in_another_case_is_suggested(refused):
    assert_contains(refused("Text,Label\na,b\n", fields={"input": "TEXT", "target": "Label"}), "Did you mean 'Text'?")


def test_no_input_column_shows_how_to_name_it(refused):
    message = refused("dialogue,section_text\na,b\n")
    assert_contains(
        message,
        "no column for the input and no column for the target",
        "dialogue, section_text",
        'fields={"input": "COLUMN"}',
        'fields={"target": "COLUMN"}',
    )


def test_missing_input_column_with_a_target(refused):
    message = refused("dialogue,target\na,b\n")
    assert_contains(message, "no column for the input.", 'fields={"input": "COLUMN"}')


def test_target_as_input_is_refused(refused):
    assert_contains(
        refused("a,b\n1,2\n", fields={"input": "a", "target": "a"}), "column 'a' is both the target and the input", "show the answer"
    )
