"""Bad rows are collected and reported, and late columns are found."""

from __future__ import annotations

import json

import pytest
from message_checks import assert_contains

GOOD = "input,target\n" + "".join(f"text {i},summary {i}\n" for i in range(20))


def test_columns_that_first_appear_late_are_found(load, refused, in_order):
    """Columns are not determined by the first thousand rows alone."""
    early = [{"input": f"text {i}", "target": "x"} for i in range(1500)]
    content = "".join(json.dumps(row) + "\n" for row in [*early, {"input": "late", "target": "x", "group": "g"}])
    assert "1500 bad rows" in refused(content, "a.jsonl"), "rows without a group, although another row has one"
    splits = load(content.replace('"group"', '"note"'), "a.jsonl")
    assert sum(splits.report.sizes.values()) == 1501
    rows = [{"input": f"text {i}", "target": "x"} | ({"deep": {"k": "v"}} if i > 1200 else {}) for i in range(1300)]
    late = "".join(json.dumps(row) + "\n" for row in rows)
    assert "1201 bad rows" in refused(late, "a.jsonl", fields={"input": "deep.k"})
    assert "no column 'deep.q'" in refused(late, "a.jsonl", fields={"input": "deep.q"})


def test_repeated_id_names_the_item_of_a_json_document(refused):
    rows = [{"id": name, "input": f"text {name}", "target": "x"} for name in "abca"]
    assert "a.json: item 4: id 'a' (column 'id') is already used in a.json: item 1. If the column identifies" in refused(
        json.dumps(rows), "a.json"
    )


def test_files_with_different_inputs_are_refused(refused):
    message = refused({"train": "prompt,completion\na,b\n", "test": "input,target\nc,d\n"})
    assert_contains(message, "test.csv: the inputs are input", "prompt")


def test_bad_rows_are_collected_in_one_error(refused):
    content = "input,target\n" + "good,fine\n" + "text,\n" * 4 + ",target\n" + "a,b,c\n" * 3
    message = refused(content)
    assert_contains(
        message, "8 bad rows", "visits.csv:3: target (column 'target') is empty", "visits.csv:7: input (column 'input') is empty"
    )
    assert_contains(message, "and 3 more", "skip them with skip_bad_rows=True")
    assert message.count("visits.csv:") == 5


def test_bad_rows_of_all_files_are_in_one_error(refused):
    message = refused({"train": "input,target\na,\n", "test": "input,target\nb,c\nb,\n"})
    assert_contains(message, "2 bad rows", "train.csv:2:", "test.csv:3:")


def test_many_bad_rows_are_counted_but_not_kept(refused, load):
    content = GOOD + "text,\n" * 5000
    assert_contains(refused(content), "5000 bad rows:", "and 4995 more")
    skipped = load(content, skip_bad_rows=True).report.skipped
    assert len(skipped) < 500
    assert skipped[-1] == f"and {5000 - len(skipped) + 1} more bad rows"


def test_bad_rows_are_skipped_and_listed(load):
    splits = load(GOOD + "text,   \nmore,cells,here\nfewer\n", skip_bad_rows=True)
    assert sum(splits.report.sizes.values()) == 20
    assert splits.report.skipped[0] == "visits.csv:22: target (column 'target') is empty"
    assert "visits.csv:23: 3 cells, more than the 2 columns" in splits.report.skipped[1]
    assert "visits.csv:24: 1 cell, fewer than the 2 columns" in splits.report.skipped[2]


@pytest.mark.parametrize(
    ("name", "content"), [("a.csv", "input,target\na,\n,b\n"), ("a.jsonl", "{broken\n[1]\n"), ("b.csv", "input,target\na,b,c\n")]
)
def test_file_without_usable_rows_is_refused(refused, name, content):
    assert_contains(refused(content, name, skip_bad_rows=True), f"{name}: no usable rows", "the first:")


def test_repeated_id_is_a_bad_row(refused, load):
    content = "id,input,target\n" + "".join(f"v{i},text {i},sum {i}\n" for i in range(10)) + "v3,other,another\n"
    assert_contains(refused(content), "visits.csv:12: id 'v3'", "already used in visits.csv:5", "make it the group")
    assert len(load(content, skip_bad_rows=True).report.skipped) == 1


def test_empty_group_is_a_bad_row(refused):
    assert_contains(refused("input,target,group\na,b,p1\nc,d,\n"), "visits.csv:3: group (column 'group') is empty")
