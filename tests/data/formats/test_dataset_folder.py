"""Folders with a dataset: several configurations, and copies of repositories of the Hub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.data import load_splits
from harness.data.formats import DatasetSplits, open_data
from harness.data.records import Table
from harness.errors import BenchError
from harness.types import DataSpec, Task


def write(path: Path, count: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"input": f"{path.stem} {i}", "target": f"t {i}"}) + "\n" for i in range(count)))


def sizes(data: Table | DatasetSplits) -> dict[str, int]:
    assert isinstance(data, DatasetSplits)
    return {split: sum(1 for _ in table.rows()) for split, table in data.splits.items()}


def test_saved_configurations_are_one_choice(tmp_path: Path) -> None:
    import datasets

    for name, count in (("en", 20), ("de", 12)):
        datasets.Dataset.from_list([{"input": f"{name} {i}", "target": f"t {i}"} for i in range(count)]).save_to_disk(
            tmp_path / "set" / name
        )
    with pytest.raises(BenchError, match=r"set: has several configurations: de, en\. Choose one"):
        open_data(tmp_path / "set")
    with pytest.raises(BenchError, match=r"set: no configuration 'fr'.* There are: de, en"):
        open_data(tmp_path / "set", "fr")
    task = Task(
        name="t", kind="generation", prompt="{{ input }}", metrics=("rouge",), primary="rougeL", data=DataSpec(path="set", subset="de")
    )
    splits = load_splits(task, folder=tmp_path)
    assert sum(splits.report.sizes.values()) == 12
    assert all(e.inputs["input"].startswith("de ") for e in splits.train)
    with pytest.raises(BenchError, match=r"en: has no configurations\. Remove"):
        open_data(tmp_path / "set" / "en", "en")


README = """---
license: mit
configs:
- config_name: main
  default: true
  data_files:
  - {split: train, path: "main/train-*.jsonl"}
  - {split: test, path: main/test.jsonl}
- config_name: socratic
  data_files: socratic.jsonl
---
# About
"""


def test_a_repository_names_its_configurations(tmp_path: Path) -> None:
    """The shape of README.md in huggingface.co/datasets/openai/gsm8k."""
    (tmp_path / "README.md").write_text(README)
    for name, count in (("main/train-0.jsonl", 5), ("main/train-1.jsonl", 6), ("main/test.jsonl", 3), ("socratic.jsonl", 9)):
        write(tmp_path / name, count)
    assert sizes(open_data(tmp_path)) == {"train": 11, "test": 3}, "the default"
    other = open_data(tmp_path, "socratic")
    assert isinstance(other, Table) and sum(1 for _ in other.rows()) == 9
    (tmp_path / "README.md").write_text(README.replace("  default: true\n", ""))
    with pytest.raises(BenchError, match=r"has several configurations: main, socratic"):
        open_data(tmp_path)


@pytest.mark.parametrize(
    ("data_files", "reason"),
    [
        ("../*.jsonl", "leaves the folder"),
        ("gone-*.jsonl", "no file matches 'gone-\\*.jsonl'"),
        ("[{split: 3, path: a.jsonl}]", "'data_files' must name files by split"),
    ],
)
def test_files_of_a_configuration_are_in_its_folder(tmp_path: Path, data_files: str, reason: str) -> None:
    (tmp_path / "README.md").write_text(f"---\nconfigs:\n- config_name: a\n  data_files: {data_files}\n---\n")
    with pytest.raises(BenchError, match=f"README.md: configuration 'a': .*{reason}"):
        open_data(tmp_path)


@pytest.mark.parametrize("place", ["", "data/"])
def test_files_named_after_splits_are_a_dataset(tmp_path: Path, place: str) -> None:
    for name, count in (("train-00000-of-00002.jsonl", 5), ("train-00001-of-00002.jsonl", 5), ("test-00000-of-00001.jsonl", 4)):
        write(tmp_path / f"{place}{name}", count)
    (tmp_path / "README.md").write_text("# No configurations")
    assert sizes(open_data(tmp_path)) == {"test": 4, "train": 10}
    with pytest.raises(BenchError, match="has no configurations"):
        open_data(tmp_path, "main")


def test_other_folders_are_refused_with_what_was_looked_for(tmp_path: Path) -> None:
    write(tmp_path / "visits.jsonl", 3)
    with pytest.raises(BenchError, match=r"is a folder without a dataset: .*no README\.md names its configurations.*visits\.jsonl"):
        open_data(tmp_path)


def test_a_configuration_needs_one_folder_or_file() -> None:
    with pytest.raises(ValueError, match="'subset' needs 'hub', or a 'path' that is one folder or file"):
        DataSpec(path=("a.csv", "b.csv"), subset="x")
