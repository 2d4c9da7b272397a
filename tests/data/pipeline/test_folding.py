"""Folding: in validation and test, rows of one example are merged; in training, each reference is trained on."""

from __future__ import annotations

import json

import pytest

MEANINGS = 30


def csv_of(rows, header="id,input,target,key"):
    return header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


ROWS = [(f"{m}-{r}", f"meaning {m}", f"text {m} {r % 2}", f"k{m}") for r in range(3) for m in range(MEANINGS)]


@pytest.mark.parametrize("column", ["input", "key"])
def test_rows_with_the_same_value_become_one_example(load, column):
    splits = load(csv_of(ROWS), fold_references_by=column)
    report = splits.report
    for split in (splits.validation, splits.test):
        assert len(split) == MEANINGS // 10
        for example in split:
            number = example.inputs["input"].split()[1]
            # the third row repeats the text of the first
            assert example.targets == (f"text {number} 0", f"text {number} 1")
            assert example.id == f"{number}-0"
    assert len(splits.train) == 3 * (MEANINGS - 6)
    assert all(len(example.targets) == 1 for example in splits.train)
    assert report.folded == {"validation": 6, "test": 6}
    assert report.sizes == {"train": 72, "validation": 3, "test": 3}
    assert load(csv_of(ROWS)).report.folded == {}


def test_rows_with_the_same_value_stay_in_one_split(load):
    splits = load(csv_of(ROWS), fold_references_by="key")
    homes = [{e.meta["key"] for e in part} for part in (splits.train, splits.validation, splits.test)]
    assert len(set.union(*homes)) == sum(map(len, homes)) == MEANINGS


def test_rows_with_the_same_value_and_different_inputs_are_refused(refused):
    rows = [*ROWS, ("x", "another meaning", "text", "k7")]
    message = refused(csv_of(rows), fold_references_by="key")
    assert "visits.csv:69 and visits.csv:92 have the same 'key', by which references are folded, but different inputs." in message
    assert "leave it out" in message


def test_missing_column_and_empty_value(refused):
    message = refused(csv_of(ROWS), fold_references_by="kee")
    assert "no column 'kee' for 'fold_references_by'. Did you mean 'key'?" in message
    message = refused(csv_of([*ROWS, ("x", "a", "b", "")]), fold_references_by="key")
    assert "visits.csv:92: fold_references_by (column 'key') is empty" in message


def test_given_splits_are_folded_separately(load):
    head = "input,target,key"
    given = {
        "train": csv_of([(f"train {i // 2}", f"t{i}", i // 2) for i in range(20)], head),
        "test": csv_of([(f"test {i // 4}", f"t{i}", i // 4) for i in range(8)], head),
    }
    splits = load(given, fold_references_by="key")
    # validation is split off train and folded as well
    assert splits.report.sizes == {"train": 18, "validation": 1, "test": 2}
    assert splits.report.folded == {"validation": 1, "test": 6}
    assert [e.targets for e in splits.test] == [("t0", "t1", "t2", "t3"), ("t4", "t5", "t6", "t7")]


def test_limit_counts_examples(load):
    splits = load(csv_of(ROWS), fold_references_by="key", limit=2)
    assert splits.report.sizes == {"train": 2, "validation": 2, "test": 2}
    assert all(len(example.targets) == 2 for example in splits.test)
    full = load(csv_of(ROWS), fold_references_by="key")
    assert {e.id for e in splits.test} <= {e.id for e in full.test}


def test_folded_examples_are_the_same_when_read_again(load, monkeypatch):
    kept = load(csv_of(ROWS), fold_references_by="key", limit=2)
    monkeypatch.setattr("harness.data.pipeline.file_rows.KEPT_FOR_SAMPLE", 5)
    assert load(csv_of(ROWS), fold_references_by="key", limit=2) == kept


def test_nested_column_with_values_other_than_text(load):
    rows = [{"input": f"m{i // 2}", "target": f"t{i}", "of": {"key": [i // 2, "x"]}} for i in range(40)]
    splits = load("".join(json.dumps(row) + "\n" for row in rows), "a.jsonl", fold_references_by="of.key")
    assert [len(e.targets) for e in splits.test] == [2, 2]


def test_labels_are_not_folded(refused):
    message = refused(csv_of(ROWS), kind="classification", fold_references_by="key")
    assert "applies to written answers only" in message
