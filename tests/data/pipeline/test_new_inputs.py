"""Inputs for a trained model: only the inputs are needed."""

from __future__ import annotations

import json

import pytest
from datasets import Dataset

from harness.data import load_inputs, load_splits, map_rows
from harness.errors import BenchError


@pytest.fixture
def at(tmp_path):
    def write(content: str, name: str = "new.csv"):
        (tmp_path / name).write_text(content)
        return tmp_path / name

    return write


def examples_of(*arguments, **options):
    return load_inputs(*arguments, **options).examples


FIELDS = {"question": "q", "context": "passage", "target": "gold", "group": "doc", "id": "nr"}


def test_mapping_of_the_task_is_used(at, make_task):
    task = make_task(kind="qa", path="old.csv", fields=FIELDS)
    rows = examples_of(task, at("nr,q,passage,gold,doc,extra\n7,who?,text,me,d1,x\n8,why?,text,,d2,y\n"))
    assert [(e.id, e.inputs, e.targets, e.group) for e in rows] == [
        ("7", {"question": "who?", "context": "text"}, ("me",), "d1"),
        ("8", {"question": "why?", "context": "text"}, (), "d2"),
    ]
    assert rows[0].meta == {"extra": "x"}


def test_inputs_alone_are_enough(at, make_task):
    task = make_task(kind="qa", path="old.csv", fields=FIELDS)
    rows = examples_of(task, at("q,passage\nwho?,text\nwho?,text\nwhy?,text\n"))
    assert [e.targets for e in rows] == [(), (), ()]
    assert len({e.id for e in rows}) == 3
    assert rows[1].id == f"{rows[0].id}-2"
    assert all(e.group is None and e.choices == () for e in rows)


def test_fields_replace_the_mapping_of_the_task(at, make_task):
    task = make_task(path="old.csv", fields={"input": "dialogue", "target": "note"})
    rows = examples_of(task, at(json.dumps({"turns": ["a", "b"], "target": "t"}) + "\n", "new.jsonl"), fields={"input": "turns"})
    assert (rows[0].inputs, rows[0].targets) == ({"input": "a\nb"}, ("t",))


def test_named_columns_must_exist(at, make_task):
    task = make_task(path="old.csv", fields={"input": "dialogue"})
    path = at("dialogue\na\n")
    with pytest.raises(BenchError, match="no column 'gold' for 'target'"):
        examples_of(task, path, fields={"target": "gold"})
    with pytest.raises(BenchError, match=r"no column 'dialogue' for 'input'.*The columns are: text"):
        examples_of(task, at("text\na\n"))


def test_targets_are_checked_against_the_labels(at, make_task):
    task = make_task(kind="classification", labels=("yes", "no"), path="old.csv")
    assert [e.targets for e in examples_of(task, at("input,target\na,yes\nb,\n"))] == [("yes",), ()]
    with pytest.raises(BenchError, match=r"new\.csv:2: target 'maybe'"):
        examples_of(task, at("input,target\na,maybe\n"))


def test_rows_are_not_folded(at, make_task):
    task = make_task(path="old.csv", fold_references_by="key")
    assert len(examples_of(task, at("input\na\na\n"))) == 2


def test_bad_rows_are_an_error(at, make_task):
    task = make_task(path="old.csv", skip_bad_rows=True)
    with pytest.raises(BenchError, match=r"(?s)1 bad row:.*new\.csv:3: input \(column 'input'\) is empty.*remove them") as caught:
        examples_of(task, at("input,x\na,1\n,2\n"))
    assert "skip_bad_rows" not in str(caught.value)
    with pytest.raises(BenchError, match="no rows"):
        examples_of(task, at("input,x\n"))


def test_saved_folder_keeps_the_order_of_rows(tmp_path, make_task):
    Dataset.from_dict({"input": [f"text {i}" for i in range(3000)]}).save_to_disk(str(tmp_path / "new"))
    rows = examples_of(make_task(path="old.csv"), tmp_path / "new")
    assert [e.inputs["input"] for e in rows] == [f"text {i}" for i in range(3000)]


def test_ids_equal_those_of_the_splits(at, make_task):
    path = at("input,target\n" + "".join(f"text {i},sum {i}\n" for i in range(20)))
    splits = load_splits(make_task(path=path.name), folder=path.parent)
    by_id = {e.id: e for e in examples_of(make_task(path=path.name), path)}
    assert all(by_id[e.id] == e for e in splits.test)


def test_rows_come_with_their_columns(at, make_task):
    task = make_task(path="old.csv", fields={"input": "note"})
    rows = load_inputs(task, at("note,nr\na,1\nb,2\n"))
    assert rows.columns == ({"note": "a", "nr": "1"}, {"note": "b", "nr": "2"})
    assert [(len(part.examples), len(part.columns)) for part in rows.parts(1)] == [(1, 1), (1, 1)]


def test_a_limit_reads_the_first_rows_of_a_saved_folder(tmp_path, make_task):
    Dataset.from_dict({"input": [f"text {i}" for i in range(10)]}).save_to_disk(str(tmp_path / "new"))
    rows = load_inputs(make_task(path="old.csv"), tmp_path / "new", limit=3)
    assert [row["input"] for row in rows.columns] == ["text 0", "text 1", "text 2"]


def test_rows_in_memory_are_mapped_in_parts_when_they_are_needed(make_task):
    taken = []

    def rows():
        for i in range(5):
            taken.append(i)
            yield {"input": f"text {i % 2}", "n": i}

    parts = map_rows(make_task(path="old.csv"), rows(), 2)
    first = next(parts)
    assert (taken, first.columns) == ([0, 1], ({"input": "text 0", "n": 0}, {"input": "text 1", "n": 1}))
    ids = [example.id for part in (first, *parts) for example in part.examples]
    assert ids[2:] == [f"{ids[0]}-2", f"{ids[1]}-2", f"{ids[0]}-3"]


@pytest.mark.parametrize(
    ("rows", "hint"),
    [
        ([], "data: has no rows"),
        (["text"], "data: row 1: str, not a dictionary"),
        ([{"input": "a"}, {"input": "\0"}], "data: row 2: field 'input' contains a NUL character"),
        ([{"input": "a"}, {"inptu": "b"}], "data: row 2: input: the row has no 'input'"),
    ],
)
def test_bad_rows_in_memory_are_named(make_task, rows, hint):
    with pytest.raises(BenchError, match=hint):
        list(map_rows(make_task(path="old.csv"), rows, 64))
