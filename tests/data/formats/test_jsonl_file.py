"""JSON Lines: values are kept, and every defect names its line."""

from __future__ import annotations

import json

import pytest
from message_checks import assert_contains


def test_values_are_kept(load, in_order):
    lines = [
        {"id": 0, "input": "line\u2028separator\x85", "target": ["one", "two"], "n": 3, "nested": {"a": [1]}},
        {"id": 1, "input": 4.5, "target": 7, "n": None},
        {"id": 2, "input": True, "target": False},
        *({"id": i, "input": f"f{i}", "target": "x"} for i in range(3, 9)),
    ]
    content = "\ufeff" + "\r\n\r\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    rows = in_order(load(content, "a.ndjson"))
    assert [row.inputs["input"] for row in rows[:3]] == ["line\u2028separator\x85", "4.5", "true"]
    assert [row.targets for row in rows[:3]] == [("one", "two"), ("7",), ("false",)]
    assert [row.meta for row in rows[:3]] == [{"n": 3, "nested": {"a": [1]}}, {"n": None}, {}]


def test_escaped_emoji(load, in_order):
    content = "".join(json.dumps({"id": i, "input": f"🩺{i}", "target": "x"}) + "\n" for i in range(5))
    assert in_order(load(content, "a.jsonl"))[4].inputs["input"] == "🩺4"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"input": "a", "target" "b"}', "broken JSON at column 25"),
        (
            '{"input": "a", "target": "b"}\r{"input": "c", "target": "d"}',
            "a second object on the line, at column 31. End each line with a line",
        ),
        ('{"input": "a", "target": "b"} {"input": "c", "target": "d"}', "a second object on the line, at column 31"),
        ('{"input": "a", "target": "b"} x', "broken JSON at column 31: Extra data"),
        ("[1, 2]", "a list, not an object"),
        ('"text"', "a string, not an object"),
        ("null", "null, not an object"),
        ('{"input": "a\\u0000", "target": "b"}', "'input' contains a NUL"),
        ('{"input": "a\\ud83d", "target": "b"}', "'input' contains a lone surrogate (\\ud83d)"),
        ('{"input": "a", "target": "b", "x": {"y": ["\\udc00"]}}', "'x' contains a lone surrogate"),
        ('{"input": "a", "target": "b", "\\ud800": 1}', "lone surrogate"),
        ('{"input": "a", "input": "b", "target": "c"}', "the key 'input' occurs twice"),
        ('{"input": Infinity, "target": "b"}', "Infinity is not a JSON value"),
        ('{"input": ' + "1" * 5000 + ', "target": "b"}', "broken JSON"),
        ('{"input": ' + "[" * 100_000 + ', "target": "b"}', "nested too deeply"),
        ('{"input": {"role": "user"}, "target": "b"}', "input (column 'input') is an object, found '{'role': 'user'}'"),
        ('{"input": {"role": "user"}, "target": "b"}', "Name a part of it with a dot, such as input.role"),
        ('{"input": [{"role": "user"}], "target": "b"}', "Name a part of it with a dot, such as input.role"),
        ('{"input": [["a"]], "target": "b"}', "input (column 'input') is a list inside a list"),
        ('{"input": [], "target": "b"}', "input (column 'input') is empty"),
        ('{"input": [null, " "], "target": "b"}', "input (column 'input') is empty"),
        ('{"input": "a", "target": [["b"]]}', "target (column 'target') is a list"),
        ('{"input": "a", "target": []}', "target (column 'target') is empty"),
        ('{"input": "a", "target": [null, ""]}', "target (column 'target') is empty"),
        ('{"input": "a", "target": null}', "target (column 'target') is empty"),
        ('{"input": "a", "target": NaN}', "target (column 'target') is empty"),
        ('{"input": "a"}', "target"),
        ('{"target": "b"}', "input: the row has no 'input'"),
    ],
)
def test_bad_line_is_explained(refused, load, line, reason):
    good = "".join(f'{{"input": "text {i}", "target": "sum {i}"}}\n' for i in range(5))
    content = good + "\n" + line + "\n"
    message = refused(content, "a.jsonl")
    assert_contains(message, "1 bad row:", "a.jsonl:7: ", reason)
    report = load(content, "a.jsonl", skip_bad_rows=True).report
    assert sum(report.sizes.values()) == 5
    assert len(report.skipped) == 1


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_deeply_nested_values_are_read(load, name):
    deep = "[" * 900 + '"\\u00e9"' + "]" * 900
    objects = [f'{{"input": "text {i}", "target": "x", "deep": {deep}}}' for i in range(5)]
    content = "\n".join(objects) if name == "a.jsonl" else "[" + ",".join(objects) + "]"
    assert sum(load(content, name).report.sizes.values()) == 5


@pytest.mark.parametrize("content", ['[\n{"input": "a", "target": "b"}\n]', '[{"input": "a", "target": "b"}]', '{\n"input": "a"\n}'])
def test_one_document_instead_of_lines_is_refused(refused, content):
    assert_contains(refused(content, "a.jsonl", skip_bad_rows=True), "a.jsonl:1: the file is one JSON document", "jq -c")
