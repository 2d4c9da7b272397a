"""Labels: where they come from, and which are refused."""

from __future__ import annotations

import pytest


def csv_of(labels, start=0):
    return "input,target\n" + "".join(f"text {i},{label}\n" for i, label in enumerate(labels, start))


def test_labels_of_the_data_are_sorted_and_stripped(load):
    splits = load(csv_of(["no", " yes ", "no", "maybe"] * 5), kind="classification")
    for example in (*splits.train, *splits.validation, *splits.test):
        assert example.choices == ("maybe", "no", "yes")
        assert example.targets[0] in example.choices


def test_labels_of_the_task_keep_their_order(load):
    splits = load(csv_of(["no", "yes"] * 5), kind="classification", labels=("yes", "no", "maybe"))
    assert splits.test[0].choices == ("yes", "no", "maybe")


def test_label_outside_of_the_task_is_a_bad_row(refused, load):
    content = csv_of(["no", "yes"] * 5 + ["yess"])
    message = refused(content, kind="classification", labels=("yes", "no"))
    assert "visits.csv:12: target 'yess' (column 'target') is not one of the task's labels. Did you mean 'yes'?" in message
    assert len(load(content, kind="classification", labels=("yes", "no"), skip_bad_rows=True).report.skipped) == 1


def test_boolean_labels(load):
    content = "".join(f'{{"input": "t{i}", "target": {str(i % 2 == 0).lower()}}}\n' for i in range(10))
    assert load(content, "a.jsonl", kind="classification").test[0].choices == ("false", "true")


def test_single_label_is_refused(refused):
    message = refused(csv_of(["no"] * 9), kind="classification")
    assert "every row has the label 'no'" in message


@pytest.mark.parametrize("labels", [[f"sentence {i}" for i in range(6)] * 1 + ["x"] * 3, [f"l{i}" for i in range(501)] * 3])
def test_too_many_labels_are_refused(refused, labels):
    message = refused(csv_of(labels), kind="classification", fields={"target": "target"})
    assert "different labels in" in message
    assert "Check that 'target' is the target." in message
    assert 'task="summarization"' in message


def test_several_labels_in_one_row_are_refused(refused):
    message = refused('{"input": "a", "target": ["x", "y"]}\n', "a.jsonl", kind="classification")
    assert "a.jsonl:1: target (column 'target') has 2 labels" in message


def test_labels_missing_from_train_are_reported(load):
    splits = load({"train": csv_of(["a", "b"] * 10), "test": csv_of(["a", "c", "c", "d"], start=50)}, kind="classification")
    assert splits.report.unseen_labels == {"c": 2, "d": 1}
    assert splits.test[0].choices == ("a", "b", "c", "d")
    assert [line for line in splits.report.warnings if "missing from train: c, d" in line]


def test_unseen_labels_are_counted_after_the_limit(load):
    splits = load({"train": csv_of(["a", "b"] * 10), "test": csv_of(["a", "b"], start=50)}, kind="classification", limit=1)
    in_train, in_test = splits.train[0].targets[0], splits.test[0].targets[0]
    assert splits.report.unseen_labels == ({} if in_train == in_test else {in_test: 1})
    assert splits.test[0].choices == ("a", "b"), "labels are collected before the limit applies"


def test_similar_spellings_are_reported(load):
    warnings = load(csv_of(["Yes", "no", "yes", "no"] * 3), kind="classification").report.warnings
    assert any("'Yes' and 'yes'" in line for line in warnings)
