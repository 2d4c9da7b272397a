"""Folders saved by `datasets`, and the Hub: split names, origins and errors."""

from __future__ import annotations

import os
import subprocess
import sys

import datasets
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value

from harness.data import load_splits, peek
from harness.errors import BenchError


def rows(split: str, n: int = 20, **columns) -> Dataset:
    return Dataset.from_dict({"input": [f"{split} {i}" for i in range(n)], "target": [f"sum {i}" for i in range(n)], **columns})


def texts(examples) -> set[str]:
    return {example.inputs["input"].split()[0] for example in examples}


def saved(folder, **splits) -> None:
    DatasetDict(splits).save_to_disk(str(folder))


@pytest.fixture
def refused_at(make_task):
    def run(folder, **data) -> str:
        with pytest.raises(BenchError) as caught:
            load_splits(make_task(**data), folder=folder)
        return str(caught.value)

    return run


SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A Hub with one dataset, downloaded from a commit; yields the calls of `load_dataset`."""
    saved(tmp_path / "squad", train=rows("train"), validation=rows("val", 6))
    asked = []

    def load_dataset(path, name=None, revision=None):
        asked.append((path, name, revision))
        data = datasets.load_from_disk(str(tmp_path / "squad"))
        for split in data.values():
            split.info.download_checksums = {f"hf://datasets/{path}@{SHA}/train.parquet": {}}
        return data

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return asked


def test_saved_folder_with_one_table(tmp_path, make_task):
    rows("only").save_to_disk(str(tmp_path / "notes"))
    splits = load_splits(make_task(path="notes"), folder=tmp_path)
    assert splits.report.sizes == {"train": 16, "validation": 2, "test": 2}
    assert splits.report.origin["file"] == "notes"
    assert len(splits.report.origin["file sha256"]) == 64
    assert len(peek(tmp_path / "notes", rows=3).records) == 3


@pytest.mark.parametrize("validation", ["validation", "valid", "dev", "val", "Validation"])
def test_splits_of_a_saved_folder(tmp_path, make_task, validation):
    saved(tmp_path / "notes", train=rows("train"), test=rows("test", 5), **{validation: rows("val", 6)})
    splits = load_splits(make_task(path="notes"), folder=tmp_path)
    assert splits.report.sizes == {"train": 20, "validation": 6, "test": 5}
    assert (texts(splits.train), texts(splits.validation), texts(splits.test)) == ({"train"}, {"val"}, {"test"})
    assert splits.report.origin["test"] == "notes/test"
    assert splits.report.warnings == ()
    assert [record.values["input"] for record in peek(tmp_path / "notes", rows=1).records] == ["train 0"]


def test_validation_becomes_the_test_set_if_test_is_missing(tmp_path, make_task):
    saved(tmp_path / "notes", train=rows("train"), validation=rows("val", 6))
    splits = load_splits(make_task(path="notes"), folder=tmp_path)
    assert splits.report.sizes == {"train": 18, "validation": 2, "test": 6}
    assert (texts(splits.validation), texts(splits.test)) == ({"train"}, {"val"})
    assert any("no split 'test': 'validation' is the test set, and 10% of train" in line for line in splits.report.warnings)


def test_test_split_without_targets_is_replaced_by_validation(tmp_path, make_task):
    label = Features({"input": Value("string"), "target": ClassLabel(names=["bad", "good"])})

    def labelled(split, labels):
        return Dataset.from_dict({"input": [f"{split} {i}" for i in range(len(labels))], "target": labels}, features=label)

    saved(tmp_path / "sst", train=labelled("train", [0, 1] * 10), validation=labelled("val", [0, 1]), test=labelled("test", [-1] * 4))
    splits = load_splits(make_task(kind="classification", path="sst"), folder=tmp_path)
    assert texts(splits.test) == {"val"}
    assert splits.test[0].choices == ("bad", "good")
    assert any("sst/test has no targets: sst/validation is the test set" in line for line in splits.report.warnings)


def test_other_split_names(tmp_path, make_task, refused_at):
    saved(tmp_path / "one", unsupervised=rows("all"))
    assert load_splits(make_task(path="one"), folder=tmp_path).report.sizes["test"] == 2
    saved(tmp_path / "more", train=rows("train"), test=rows("test"), unsupervised=rows("x"))
    assert any("unused splits: unsupervised" in line for line in load_splits(make_task(path="more"), folder=tmp_path).report.warnings)
    saved(tmp_path / "none", a=rows("a"), b=rows("b"))
    assert "the splits are a, b. There must be one called train" in refused_at(tmp_path, path="none")


def test_folder_of_splits_is_refused_where_one_table_is_needed(tmp_path, refused_at, make_task):
    saved(tmp_path / "notes", train=rows("train"), test=rows("test"))
    assert "the folder contains the splits train, test. Name the folder of one" in refused_at(tmp_path, path=("notes",))
    files = {"train": "notes/train", "test": "notes/test"}
    assert load_splits(make_task(path=files), folder=tmp_path).report.sizes == {"train": 18, "validation": 2, "test": 20}


def test_nested_values_and_classes(tmp_path, make_task, in_order):
    answer, tags = ClassLabel(names=["no", "yes"]), List(ClassLabel(names=["x", "y"]))
    features = Features({"id": Value("int32"), "input": List(Value("string")), "target": answer, "tags": tags})
    data = {"id": list(range(12)), "input": [[f"a{i}", "b"] for i in range(12)], "target": [0, 1] * 6, "tags": [[0, 1]] * 12}
    Dataset.from_dict(data, features=features).save_to_disk(str(tmp_path / "d"))
    row = in_order(load_splits(make_task(kind="classification", path="d"), folder=tmp_path))[1]
    assert (row.inputs, row.targets, row.meta) == ({"input": "a1\nb"}, ("yes",), {"tags": ["x", "y"]})


def test_bad_row_names_its_split(tmp_path, refused_at):
    saved(tmp_path / "notes", train=rows("train"), test=Dataset.from_dict({"input": ["a", None], "target": ["b", "c"]}))
    assert "notes/test: row 2: input (column 'input') is empty" in refused_at(tmp_path, path="notes")


def test_damaged_folder_is_explained(tmp_path, refused_at):
    rows("only").save_to_disk(str(tmp_path / "notes"))
    (tmp_path / "notes" / "state.json").write_text("{}")
    assert "notes: cannot be read as a folder saved by datasets" in refused_at(tmp_path, path="notes")


def test_sample_of_a_large_folder_is_the_same_when_read_again(tmp_path, make_task, monkeypatch):
    rows("only", 300).save_to_disk(str(tmp_path / "notes"))
    kept = load_splits(make_task(path="notes"), folder=tmp_path, limit=7)
    monkeypatch.setattr("harness.data.pipeline.file_rows.KEPT_FOR_SAMPLE", 10)
    assert load_splits(make_task(path="notes"), folder=tmp_path, limit=7) == kept


def test_hub_dataset_records_the_commit(hub, make_task, tmp_path):
    splits = load_splits(make_task(hub="org/squad", subset="plain", revision="main"), folder=tmp_path)
    assert hub == [("org/squad", "plain", "main")]
    assert splits.report.sizes == {"train": 18, "validation": 2, "test": 6}
    assert splits.report.origin == {"hub": "org/squad", "revision": SHA, "subset": "plain"}
    assert any("org/squad has no split 'test'" in line for line in splits.report.warnings)


def test_revision_other_than_the_cached_one_is_refused(hub, refused_at, tmp_path):
    message = refused_at(tmp_path, hub="org/squad", revision="f" * 40)
    assert f"revision {'f' * 40} is not in the cache (which has {SHA})" in message


@pytest.mark.parametrize("name", ["squad", "csv", "../evil", "a/b/c", "org/../x", "/etc/passwd"])
def test_invalid_hub_name_is_refused(refused_at, tmp_path, name):
    assert "look like org/name" in refused_at(tmp_path, hub=name)


def test_local_folder_with_the_name_is_refused(refused_at, tmp_path, monkeypatch):
    (tmp_path / "org" / "squad").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert "a local folder has this name" in refused_at(tmp_path, hub="org/squad")


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ConnectionError("Couldn't reach 'org/squad' on the Hub (ConnectError)"), "the Hub cannot be reached"),
        (datasets.exceptions.DatasetNotFoundError("Dataset 'org/squad' doesn't exist on the Hub."), "Check the name and your access"),
        (datasets.exceptions.DatasetNotFoundError("Dataset 'org/squad' is a gated dataset on the Hub."), "hf auth login"),
        (RuntimeError("Dataset scripts are no longer supported, but found squad.py"), "which is never run"),
        (ValueError("Config name is missing.\nPlease pick one among: ['en', 'de']"), "['en', 'de']. Name one as 'subset'"),
    ],
)
def test_errors_of_the_hub_are_one_line_with_advice(refused_at, tmp_path, monkeypatch, error, advice):
    def load_dataset(*args, **kwargs):
        raise error

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    message = refused_at(tmp_path, hub="org/squad")
    assert message.startswith("hub: org/squad: ")
    assert advice in message
    assert "\n" not in message


def test_offline_is_one_line_with_advice(tmp_path):
    code = (
        "from pathlib import Path; from harness.data import load_splits; from harness.types import Task\n"
        "task = Task(name='n', kind='qa', data={'hub': 'org/squad'}, prompt='x', metrics=('rouge',), primary='rougeL')\n"
        "try: load_splits(task, folder=Path('.'))\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, cwd=tmp_path, timeout=120, check=True)
    assert done.stdout.startswith("BenchError hub: org/squad: the Hub cannot be reached and the dataset is not in the cache")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
