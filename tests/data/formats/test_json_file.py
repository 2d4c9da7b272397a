"""JSON documents: the layouts that contain rows, and what is wrong with the others."""

from __future__ import annotations

import json

import pandas
import pytest
from file_contents import ROWS

FRAME = pandas.DataFrame([{"id": str(i), "input": f"text {i}", "target": f"sum {i}"} for i in range(12)])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "a.json: the file is empty"),
        (" \n", "a.json: the file is empty"),
        ("[]", "a.json: the list is empty"),
        ("{}", "a.json: no rows found in the document"),
        ('{"name": "x", "n": 3}', "Its keys: name, n"),
        ('"text"', "a.json: the document is a string, but it must be a list of objects"),
        ('[\n {"input": "a", "target": "b"},\n {"input" "a"}\n]', "a.json:3: broken JSON at column 11"),
        ('{"north": [{"input": "a"}], "south": [{"input": "b"}]}', "several lists of rows (north, south)"),
        ('[{"input": "a", "target": "b"}, 3]', "a.json: item 2: a number, not an object"),
        ('[{"input": "a", "target": "b"}, {"input": "", "target": "c"}]', "a.json: item 2: input (column 'input') is empty"),
        ('[{"input": "a\\ud83d", "target": "b"}, {"input": "x", "target": "b"}]', "item 1: field 'input' contains a lone surrogate"),
        ('[{"input": "a", "input": "b"}]', "the key 'input' occurs twice"),
        ("[" * 100_000, "nested too deeply"),
        ('[{"input": Infinity}]', "Infinity is not a JSON value"),
    ],
)
def test_document_without_rows_is_explained(refused, content, reason):
    assert reason in refused(content, "a.json")


def test_json_document_named_jsonl_suggests_the_right_extension(refused):
    assert "Rename it to .json" in refused(json.dumps(ROWS, indent=1), "a.jsonl")


@pytest.mark.parametrize("orient", [None, "columns", "records", "index", "table"])
def test_layouts_of_pandas_are_read(load, in_order, orient):
    rows = in_order(load(FRAME.to_json(orient=orient), "a.json"))
    assert [(row.id, row.inputs, row.targets) for row in rows[:2]] == [
        ("0", {"input": "text 0"}, ("sum 0",)),
        ("1", {"input": "text 1"}, ("sum 1",)),
    ]


def test_filtered_data_frame_with_a_missing_value(load, refused):
    frame = FRAME.drop(columns="id")[FRAME.index % 2 == 0]
    frame.loc[4, "input"] = None
    assert "a.json: item 3: input (column 'input') is empty" in refused(frame.to_json(), "a.json")
    assert sum(load(frame.to_json(), "a.json", skip_bad_rows=True).report.sizes.values()) == 5


def test_split_layout_of_pandas_suggests_records(refused):
    message = refused(FRAME.to_json(orient="split"), "a.json")
    assert "no rows found in the document" in message
    assert 'use orient="records"' in message


def test_rows_with_numeric_columns_are_not_a_data_frame(load, in_order):
    rows = {str(i): {"0": f"text {i}", "1": "x"} for i in range(12)}
    assert in_order(load(json.dumps(rows), "a.json", fields={"input": "0", "target": "1"}))[3].inputs == {"input": "text 3"}


@pytest.mark.parametrize("number", ["1e400", "-1e999"])
def test_infinite_number_is_refused(load, refused, number):
    good = "".join(json.dumps({"input": f"in {i}", "target": 1.5 * i}) + "\n" for i in range(5))
    row, reason = f'{{"input": "a", "target": {number}}}', f"broken JSON: the number '{number}' is too large"
    assert f"a.jsonl:6: {reason}" in refused(good + row, "a.jsonl")
    assert f"a.json: {reason}" in refused(f"[{row}]", "a.json")
    assert {row.targets[0] for row in load(good, "a.jsonl").train} <= {"0.0", "1.5", "3.0", "4.5", "6.0"}
