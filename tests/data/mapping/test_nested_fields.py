"""Dotted column names reach into nested values."""

from __future__ import annotations

import json

import pytest


def lines(*rows: dict) -> str:
    return "".join(json.dumps({"id": i, **row}, ensure_ascii=False) + "\n" for i, row in enumerate(rows))


NESTED = [
    {
        "turns": [{"who": "p", "text": f"hello {i}"}, {"who": f"d{i}", "text": "yes"}, {"who": "d"}],
        "note": {"parts": {"plan": f"plan {i}"}},
        "a.b": f"literal {i}",
        "a": {"b": "nested"},
    }
    for i in range(8)
]


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("turns.0.text", "hello 0"),
        ("turns.text", "hello 0\nyes"),
        ("turns.1.who", "d0"),
        ("note.parts.plan", "plan 0"),
        ("a.b", "literal 0"),
    ],
)
def test_a_dot_reaches_into_nested_values(load, in_order, column, text):
    content = lines(*({**row, "target": "x"} for row in NESTED))
    found = in_order(load(content, "a.jsonl", fields={"input": column}))[0]
    assert found.inputs == {"input": text}
    assert column.split(".")[0] not in found.meta or column == "a.b"


def test_missing_nested_name_lists_the_alternatives(refused):
    content = lines(*({**row, "target": "x"} for row in NESTED))
    message = refused(content, "a.jsonl", fields={"input": "note.parts.plans"})
    assert "no column 'note.parts.plans' for 'input'. Did you mean 'note.parts.plan'?" in message
    assert "The columns are: id, turns.who, turns.text, note.parts.plan, a.b, target" in message


def test_list_of_columns_is_shortened(refused):
    content = lines({f"column {i}": {"deep": {f"k{j}": j for j in range(30)}} for i in range(200)})
    message = refused(content, "a.jsonl", fields={"input": "colum 7"})
    assert len(message) < 1000
    assert "and 5981 more" in message


def test_row_without_a_nested_value_is_bad(refused):
    content = lines({"turns": [{"text": "a"}], "target": "x"}, {"turns": [], "target": "x"}, {"target": "x"})
    message = refused(content, "a.jsonl", fields={"input": "turns.0.text"})
    assert "a.jsonl:2: input: the row has no 'turns.0.text'" in message
    assert "a.jsonl:3: input: the row has no 'turns.0.text'" in message
