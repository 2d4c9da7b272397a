"""JSON that pandas wrote, and numbers that JSON cannot hold."""

from __future__ import annotations

import json

import pandas
import pytest

FRAME = pandas.DataFrame([{"id": str(i), "input": f"text {i}", "target": f"sum {i}"} for i in range(12)])


@pytest.mark.parametrize("orient", [None, "columns", "records", "index", "table"])
def test_layouts_of_pandas(load, in_order, orient):
    rows = in_order(load(FRAME.to_json(orient=orient), "a.json"))
    assert [(row.id, row.inputs, row.targets) for row in rows[:2]] == [
        ("0", {"input": "text 0"}, ("sum 0",)),
        ("1", {"input": "text 1"}, ("sum 1",)),
    ]


def test_some_rows_of_a_frame_with_a_hole(load, refused):
    frame = FRAME.drop(columns="id")[FRAME.index % 2 == 0]
    frame.loc[4, "input"] = None
    assert "a.json: item 3: input (column 'input') is empty" in refused(frame.to_json(), "a.json")
    assert sum(load(frame.to_json(), "a.json", skip_bad_rows=True).report.sizes.values()) == 5


def test_the_layout_split_is_told_what_to_write(refused):
    message = refused(FRAME.to_json(orient="split"), "a.json")
    assert "no rows found in the document" in message
    assert 'use orient="records"' in message


def test_an_object_of_rows_with_numbers_for_columns_is_none(load, in_order):
    rows = {str(i): {"0": f"text {i}", "1": "x"} for i in range(12)}
    assert in_order(load(json.dumps(rows), "a.json", fields={"input": "0", "target": "1"}))[3].inputs == {"input": "text 3"}


@pytest.mark.parametrize("number", ["1e400", "-1e999"])
def test_a_number_that_is_infinite_is_refused(load, refused, number):
    good = "".join(json.dumps({"input": f"in {i}", "target": 1.5 * i}) + "\n" for i in range(5))
    row, reason = f'{{"input": "a", "target": {number}}}', f"broken JSON: the number '{number}' is too large"
    assert f"a.jsonl:6: {reason}" in refused(good + row, "a.jsonl")
    assert f"a.json: {reason}" in refused(f"[{row}]", "a.json")
    assert {row.targets[0] for row in load(good, "a.jsonl").train} <= {"0.0", "1.5", "3.0", "4.5", "6.0"}
