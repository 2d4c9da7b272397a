"""JSON documents with their own splits: rows as lists or objects."""

from __future__ import annotations

import json

import pytest

from harness.data import load_splits
from harness.errors import BenchError

TASK = {"kind": "classification", "fields": {"input": "value 1", "target": "value 2"}}


def rows(split: str, count: int) -> list[list[str]]:
    return [[f"{split} text {i}", ("card", "refund")[i % 2]] for i in range(count)]


def test_rows_as_lists_have_their_values_named_by_position(load):
    document = {"train": rows("train", 20), "val": rows("val", 4), "test": rows("test", 6), "oos_test": rows("other", 2)}
    splits = load(json.dumps(document), "intents.json", **TASK)
    assert splits.report.sizes == {"train": 20, "validation": 4, "test": 6}
    assert (splits.test[1].inputs, splits.test[1].targets) == ({"input": "test text 1"}, ("refund",))
    assert "intents.json: unused splits: oos_test" in splits.report.warnings


def test_splits_of_objects_without_validation(load):
    document = {"Training": [{"input": f"a {i}", "target": "x"} for i in range(10)], "test": [{"input": "b", "target": "x"}]}
    assert load("\ufeff" + json.dumps(document, indent=1), "notes.json").report.sizes == {"train": 9, "validation": 1, "test": 1}


def test_list_of_lists_without_splits(load):
    assert sum(load(json.dumps(rows("all", 20)), "intents.json", **TASK).report.sizes.values()) == 20
    assert sum(load(json.dumps({"rows": rows("all", 20)}), "intents.json", **TASK).report.sizes.values()) == 20


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"train": rows("train", 9), "test": [["only one"]]}, "intents.json[test]: item 1: a list, not an object"),
        ({"train": rows("train", 9), "test": [["a", "card"], ["b", "card", "c"]]}, "intents.json[test]: item 2: a list of 3 values"),
        ({"train": rows("train", 9), "test": [["a", "card"], 3]}, "intents.json[test]: item 2: a number, not an object"),
    ],
)
def test_bad_row_names_its_split(refused, document, place):
    assert place in refused(json.dumps(document), "intents.json", **TASK)


def test_file_with_splits_is_not_one_table(tmp_path, make_task, refused):
    document = json.dumps({"train": rows("train", 9), "test": rows("test", 9)})
    (tmp_path / "b.csv").write_text("value 1,value 2\na,card\n")
    (tmp_path / "a.json").write_text(document)
    with pytest.raises(BenchError, match=r"a\.json: the file contains the splits train, test\. Name it alone"):
        load_splits(make_task(path=("a.json", "b.csv")), folder=tmp_path)
