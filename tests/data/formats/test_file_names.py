"""Names of data files: patterns, and lists after an @."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from message_checks import assert_contains

from harness.api import load_task
from harness.data import load_splits
from harness.data.formats import find_files
from harness.errors import BenchError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shards" / "deep").mkdir(parents=True)
    for name in ("shards/b.csv", "shards/a.csv", "shards/deep/c.csv", "shards/x.jsonl", "[1].csv", "@odd.csv", "Größe.csv"):
        (tmp_path / name).write_text("input,target\n" + "".join(f"{name} {i},s\n" for i in range(4)), encoding="utf-8")
    return tmp_path


def found(names: str | tuple[str, ...], folder: Path) -> list[str]:
    return [os.path.relpath(file, folder) for file in find_files(names, folder)]


def refusal(names: str | tuple[str, ...], folder: Path) -> str:
    with pytest.raises(BenchError) as caught:
        find_files(names, folder)
    return str(caught.value)


def test_pattern_gives_files_sorted_and_names_keep_their_order(folder):
    assert found("shards/*.csv", folder) == ["shards/a.csv", "shards/b.csv"]
    assert found("shards/**/*.csv", folder) == ["shards/a.csv", "shards/b.csv", "shards/deep/c.csv"]
    assert found(("shards/b.csv", "shards/deep/*", "shards/a.csv"), folder) == ["shards/b.csv", "shards/deep/c.csv", "shards/a.csv"]
    assert found(str(folder / "shards" / "?.csv"), folder) == ["shards/a.csv", "shards/b.csv"]
    assert found(("[1].csv", "./@odd.csv"), folder) == ["[1].csv", "@odd.csv"]
    assert found(("missing.csv",), folder) == ["missing.csv"]  # opening it says what is there instead


def test_list_names_files_relative_to_itself(folder):
    (folder / "shards" / "files.txt").write_bytes("\ufeff# ours\r\n../Größe.csv\r\n\r\n  deep/*.csv\r\na.csv".encode())
    assert found("@shards/files.txt", folder) == ["Größe.csv", "shards/deep/c.csv", "shards/a.csv"]
    assert found((f"@{folder}/shards/files.txt", "shards/b.csv"), Path("/"))[-1] == os.path.relpath("/shards/b.csv", "/")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "files.txt: the list names no file. Write one data file per line"),
        ("# a.csv\n\n", "files.txt: the list names no file"),
        ("shards/a.csv\nshards/z.csv\n", "files.txt:2: 'shards/z.csv': no such file"),
        ("files.txt\n", "files.txt:1: 'files.txt' names the list itself"),
        ("*.txt\n", "files.txt:1: '*.txt' names the list itself"),
        ("\n@other.txt\n", "files.txt:2: names another list, '@other.txt'"),
        ("shards/a.csv\nshards/../shards/a.csv\n", "files.txt:2: names"),
        ("shards/a.csv\nnowhere/*.csv\n", "files.txt:2: nowhere/*.csv: no file matches this pattern"),
        ("shards/d*\n", "files.txt:1: shards/d*: only folders match"),
        ("a\0b.csv", "files.txt:1: the name contains a NUL character"),
        ("x" * 5000, "files.txt:1: 'xxx"),
        ("shards/a.csv\n\udcff", "files.txt:2: not UTF-8"),
        ("a.csv\n" * 200_000, "larger than 1 MiB"),
    ],
)
def test_defect_of_a_list_names_its_line(folder, content, message):
    (folder / "files.txt").write_bytes(content.encode("utf-8", "surrogateescape"))
    problem = refusal("@files.txt", folder)
    assert message in problem
    assert len(problem) < 500


def test_file_that_is_named_twice(folder):
    assert_contains(refusal(("shards/a.csv", "shards/*.csv"), folder), "'shards/*.csv'", "'shards/a.csv' names already", "count twice")
    assert "no such file" in refusal("@none.txt", folder)
    assert "no file matches" in refusal("none/*", folder)
    assert "no such file" in refusal("@shards", folder)


def test_order_of_files_is_the_order_given_and_digests_cover_all(folder, make_task):
    (folder / "files.txt").write_text("shards/b.csv\nshards/a.csv\n")
    test = "Größe.csv"

    def load(*train: str):
        return load_splits(make_task(path={"train": train, "test": test}), folder=folder)

    listed = load("@files.txt")
    texts = [example.inputs["input"] for example in (*listed.train, *listed.validation)]
    assert {text.partition(" ")[0] for text in texts} == {"shards/a.csv", "shards/b.csv"}
    assert listed.report.origin["train"] == "b.csv, a.csv"
    assert listed.digest == load("shards/b.csv", "shards/a.csv").digest != load("shards/*.csv").digest
    (folder / "shards" / "a.csv").write_text("input,target\nchanged,s\n")
    assert load("@files.txt").digest != listed.digest


def test_files_with_other_columns_are_named(folder, make_task):
    (folder / "shards" / "c.csv").write_text("text,target\nx,y\n")
    with pytest.raises(BenchError, match=r"c\.csv: no column for the input\. The columns are: text, target"):
        load_splits(make_task(path="shards/*.csv"), folder=folder)


def test_task_read_in_python_finds_its_files_from_any_folder(folder, monkeypatch):
    (folder / "files.txt").write_text("shards/*.csv\n")
    declared = "name: t\nkind: summarization\ndata: {train: '@files.txt', test: ['Größe.csv']}\n"
    (folder / "t.yaml").write_text(declared, encoding="utf-8")
    task = load_task(folder / "t.yaml")
    monkeypatch.chdir("/")
    assert load_splits(task, folder=Path("/")).report.sizes["test"] == 4


def test_splits_and_path_contradict_each_other(folder):
    (folder / "t.yaml").write_text("name: t\nkind: summarization\ndata: {path: a.csv, train: b.csv, test: c.csv}\n")
    with pytest.raises(BenchError, match="'path' and 'train' both name files"):
        load_task(folder / "t.yaml")
