"""Inputs for a trained model: only the inputs are needed."""

from __future__ import annotations

import json

import pytest
from datasets import Dataset

from harness.data import load_inputs, load_splits
from harness.errors import BenchError


@pytest.fixture
def at(tmp_path):
    def write(content: str, name: str = "new.csv"):
        (tmp_path / name).write_text(content)
        return tmp_path / name

    return write


FIELDS = {"question": "q", "context": "passage", "target": "gold", "group": "doc", "id": "nr"}


def test_mapping_of_the_task_is_used(at, make_task):
    task = make_task(kind="qa", path="old.csv", fields=FIELDS)
    rows = load_inputs(task, at("nr,q,passage,gold,doc,extra\n7,who?,text,me,d1,x\n8,why?,text,,d2,y\n"))
    assert [(e.id, e.inputs, e.targets, e.group) for e in rows] == [
        ("7", {"question": "who?", "context": "text"}, ("me",), "d1"),
        ("8", {"question": "why?", "context": "text"}, (), "d2"),
    ]
    assert rows[0].meta == {"extra": "x"}


def test_inputs_alone_are_enough(at, make_task):
    task = make_task(kind="qa", path="old.csv", fields=FIELDS)
    rows = load_inputs(task, at("q,passage\nwho?,text\nwho?,text\nwhy?,text\n"))
    assert [e.targets for e in rows] == [(), (), ()]
    assert len({e.id for e in rows}) == 3
    assert rows[1].id == f"{rows[0].id}-2"
    assert all(e.group is None and e.choices == () for e in rows)


def test_fields_replace_the_mapping_of_the_task(at, make_task):
    task = make_task(path="old.csv", fields={"input": "dialogue", "target": "note"})
    rows = load_inputs(task, at(json.dumps({"turns": ["a", "b"], "target": "t"}) + "\n", "new.jsonl"), fields={"input": "turns"})
    assert (rows[0].inputs, rows[0].targets) == ({"input": "a\nb"}, ("t",))


def test_named_columns_must_exist(at, make_task):
    task = make_task(path="old.csv", fields={"input": "dialogue"})
    path = at("dialogue\na\n")
    with pytest.raises(BenchError, match="no column 'gold' for 'target'"):
        load_inputs(task, path, fields={"target": "gold"})
    with pytest.raises(BenchError, match=r"no column 'dialogue' for 'input'.*The columns are: text"):
        load_inputs(task, at("text\na\n"))


def test_targets_are_checked_against_the_labels(at, make_task):
    task = make_task(kind="classification", labels=("yes", "no"), path="old.csv")
    assert [e.targets for e in load_inputs(task, at("input,target\na,yes\nb,\n"))] == [("yes",), ()]
    with pytest.raises(BenchError, match=r"new\.csv:2: target 'maybe'"):
        load_inputs(task, at("input,target\na,maybe\n"))


def test_rows_are_not_folded(at, make_task):
    task = make_task(path="old.csv", fold_references_by="key")
    assert len(load_inputs(task, at("input\na\na\n"))) == 2


def test_bad_rows_are_an_error(at, make_task):
    task = make_task(path="old.csv", skip_bad_rows=True)
    with pytest.raises(BenchError, match=r"(?s)1 bad row:.*new\.csv:3: input \(column 'input'\) is empty.*remove them") as caught:
        load_inputs(task, at("input,x\na,1\n,2\n"))
    assert "skip_bad_rows" not in str(caught.value)
    with pytest.raises(BenchError, match="no rows"):
        load_inputs(task, at("input,x\n"))


def test_saved_folder_keeps_the_order_of_rows(tmp_path, make_task):
    Dataset.from_dict({"input": [f"text {i}" for i in range(3000)]}).save_to_disk(str(tmp_path / "new"))
    rows = load_inputs(make_task(path="old.csv"), tmp_path / "new")
    assert [e.inputs["input"] for e in rows] == [f"text {i}" for i in range(3000)]


def test_ids_equal_those_of_the_splits(at, make_task):
    path = at("input,target\n" + "".join(f"text {i},sum {i}\n" for i in range(20)))
    splits = load_splits(make_task(path=path.name), folder=path.parent)
    by_id = {e.id: e for e in load_inputs(make_task(path=path.name), path)}
    assert all(by_id[e.id] == e for e in splits.test)
