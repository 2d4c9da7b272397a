"""Test examples never occur in training or validation."""

from __future__ import annotations


def csv_of(rows, header="input,target"):
    return header + "\n" + "".join(",".join(row) + "\n" for row in rows)


def texts(examples):
    return [e.inputs["input"] for e in examples]


MANY = [(f"text {i}", f"sum {i}") for i in range(200)]


def test_copies_of_inputs_are_removed(load):
    splits = load(
        {
            "train": csv_of([("Fever  today", "a"), ("cough", "b"), ("rash", "c"), ("rash", "c"), ("pain", "d")]),
            "validation": csv_of([("COUGH", "b"), ("burn", "e"), ("itch", "i")]),
            "test": csv_of([("fever today", "a"), ("burn", "e"), ("fever today ", "z")]),
        }
    )
    assert texts(splits.train) == ["rash", "rash", "pain"]
    assert texts(splits.validation) == ["COUGH", "itch"]
    assert len(splits.test) == 3, "test is never changed"
    report = splits.report
    assert (report.removed_from_train, report.removed_from_validation, report.shared_groups_removed) == (2, 1, 0)
    assert report.duplicates == {
        "train": 1, "validation": 0, "test": 1, "train/test": 1, "train/validation": 1, "validation/test": 1,
    }  # fmt: skip
    assert "2 training examples removed: the same inputs occur in validation or test" in report.warnings
    assert "1 validation example removed: the same inputs occur in test" in report.warnings


def test_shared_groups_are_removed(load):
    head = "input,target,group"
    splits = load(
        {
            "train": csv_of([("a", "x", "p1"), ("b", "x", "p2"), ("c", "x", "p3")], head),
            "validation": csv_of([("d", "x", "p2"), ("e", "x", "p4")], head),
            "test": csv_of([("f", "x", "p1"), ("g", "x", "p4")], head),
        }
    )
    assert texts(splits.train) == ["c"]
    assert texts(splits.validation) == ["d"]
    assert splits.report.shared_groups_removed == 3
    assert splits.report.removed_from_train == 0


def test_same_file_twice_is_refused(refused):
    message = refused({"train": csv_of(MANY), "test": csv_of(MANY)})
    assert "no training rows are left" in message
    assert "same file is not given twice" in message
