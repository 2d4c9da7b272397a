"""A column names the split of each row: the rows are used as given files would be."""

from __future__ import annotations

import pytest
from message_checks import assert_contains
from pydantic import ValidationError

from harness.api import open_catalog
from harness.data import load_splits
from harness.errors import BenchError
from harness.grid import Request, read_tasks
from harness.types import SplitSpec

BY_COLUMN = {"split": {"column": "fold"}}
NAMES = ("train", "train", "dev", "test")


def csv_of(folds, header="input,target,fold"):
    return header + "\n" + "".join(f"text {i},summary {i},{fold}\n" for i, fold in enumerate(folds))


def texts(examples):
    return [e.inputs["input"] for e in examples]


def test_rows_are_in_the_split_that_the_column_names(load):
    splits = load(csv_of(NAMES * 10), **BY_COLUMN)
    assert splits.report.sizes == {"train": 20, "validation": 10, "test": 10}
    assert texts(splits.test) == [f"text {i}" for i in range(40) if i % 4 == 3]
    assert texts(splits.validation) == [f"text {i}" for i in range(40) if i % 4 == 2]


def test_usual_names_of_splits_are_understood_in_any_case(load):
    folds = ["Training", "TRAIN", "val", "Validation", "valid", "dev ", "test", "Testing", "eval"]
    assert load(csv_of(folds), **BY_COLUMN).report.sizes == {"train": 2, "validation": 4, "test": 3}


def test_without_validation_rows_a_tenth_of_train_is_used(load):
    assert load(csv_of(["train"] * 100 + ["test"] * 20), **BY_COLUMN).report.sizes == {"train": 90, "validation": 10, "test": 20}


def test_copies_of_test_rows_and_rows_of_test_groups_leave_training(load):
    rows = [("a", "g1", "train"), ("b", "g2", "train"), ("c", "g3", "train"), ("A", "g4", "test"), ("d", "g3", "test"), ("e", "g5", "dev")]
    text = "input,target,group,fold\n" + "".join(f"{text},x,{group},{fold}\n" for text, group, fold in rows)
    splits = load(text, **BY_COLUMN)
    assert texts(splits.train) == ["b"]
    assert texts(splits.test) == ["A", "d"]


def test_column_chooses_the_rows_only(load):
    """The same rows by another split give another digest, and the same split by other words the same one."""
    one = load(csv_of(NAMES * 10), **BY_COLUMN)
    assert load(csv_of(("Training", "train", "val", "testing") * 10), **BY_COLUMN).digest == one.digest
    assert load(csv_of(("train", "test", "dev", "train") * 10), **BY_COLUMN).digest != one.digest


def test_limit_samples_each_split(load):
    assert load(csv_of(NAMES * 10), limit=5, **BY_COLUMN).report.sizes == {"train": 5, "validation": 5, "test": 5}


@pytest.mark.parametrize(("value", "problem"), [("holdout", "is 'holdout'. It must be train, validation, dev or test"), (" ", "is empty")])
def test_row_of_no_split_is_a_bad_row(load, refused, value, problem):
    text = csv_of([*NAMES * 5, value])
    assert_contains(refused(text, **BY_COLUMN), f"visits.csv:22: split (column 'fold') {problem}")
    splits = load(text, skip_bad_rows=True, **BY_COLUMN)
    assert (sum(splits.report.sizes.values()), splits.report.skipped_rows) == (20, 1)


def test_missing_column_is_one_error_with_a_suggestion(refused):
    assert_contains(refused(csv_of(NAMES * 5), split={"column": "folds"}), "no column 'folds' for 'split.column'. Did you mean 'fold'?")


@pytest.mark.parametrize(
    ("folds", "missing"), [(["train", "dev"], "test"), (["test", "dev"], "train"), (["dev"], "train and none for test")]
)
def test_splits_without_training_or_test_rows_are_refused(refused, folds, missing):
    assert_contains(refused(csv_of(folds * 5), **BY_COLUMN), f"column 'fold': no usable row is for {missing} (rows: ")


def test_files_of_given_splits_take_precedence_over_the_column(load):
    splits = load({"train": csv_of(["test"] * 40), "test": "input,target\nother,x\n"}, **BY_COLUMN)
    assert splits.report.sizes["test"] == 1
    assert any("'split.column' (fold) is ignored" in warning for warning in splits.report.warnings)


def test_column_and_shares_exclude_each_other():
    with pytest.raises(ValidationError, match="set either 'column' or the shares"):
        SplitSpec(column="fold", train=0.7, validation=0.2, test=0.1)


def test_file_that_is_tested_as_a_whole_keeps_its_splits(tmp_path, make_task):
    (tmp_path / "data.csv").write_text(csv_of(NAMES * 10))
    splits = load_splits(make_task(path="data.csv", **BY_COLUMN), folder=tmp_path, whole_as_test=True)
    assert splits.report.sizes == {"train": 20, "validation": 10, "test": 10}


def test_other_data_needs_the_column_unless_its_splits_are_files(tmp_path):
    (tmp_path / "task.yaml").write_text("name: notes\nkind: summarization\ndata: {path: data.csv, split: {column: fold}}\n")
    (tmp_path / "other.csv").write_text(csv_of(("train", "test", "test", "dev") * 10))
    (tmp_path / "bare.csv").write_text("input,target\n" + "".join(f"text {i},x\n" for i in range(40)))
    (tmp_path / "bare-test.csv").write_text("input,target\nanother,x\n")

    def sizes(**data):
        request = Request(tasks=(str(tmp_path / "task.yaml"),), strategies=(), **data)
        ((_, splits),) = read_tasks(request, open_catalog(), tmp_path)
        return splits.report.sizes

    assert sizes(data=("other.csv",)) == {"train": 10, "validation": 10, "test": 20}
    assert sizes(train=("bare.csv",), test=("bare-test.csv",)) == {"train": 36, "validation": 4, "test": 1}
    with pytest.raises(BenchError, match=r"bare\.csv: no column 'fold' for 'split\.column'"):
        sizes(data=("bare.csv",))
