"""From a path to a reader: extensions, missing files and suggestions."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from message_checks import assert_contains

from harness.data import load_splits, peek
from harness.data.formats import open_data
from harness.errors import BenchError

GOOD = "input,target\n" + "".join(f"text {i},summary {i}\n" for i in range(20))


def error_for(task, folder: Path) -> str:
    with pytest.raises(BenchError) as caught:
        load_splits(task, folder=folder)
    return str(caught.value)


CSV = "id,input,target\n" + "".join(f"{i},text {i},sum\n" for i in range(12))


def test_missing_file_suggests_a_similar_one(tmp_path, make_task):
    (tmp_path / "visits.csv").write_text(GOOD)
    (tmp_path / "visits.pdf").write_text("")
    message = error_for(make_task(path="vists.csv"), tmp_path)
    assert_contains(message, "vists.csv: no such file", "Did you mean 'visits.csv'?")
    assert "pdf" not in message


def test_missing_folder_is_named(tmp_path, make_task):
    assert_contains(error_for(make_task(path="nowhere/visits.csv"), tmp_path), "no such file", "nowhere does not exist")


def test_folder_suggests_its_data_files(tmp_path, make_task):
    (tmp_path / "visits").mkdir()
    (tmp_path / "visits" / "a.csv").write_text(GOOD)
    assert_contains(error_for(make_task(path="visits"), tmp_path), "is a folder", "a.csv")


def test_pipe_is_refused(tmp_path, make_task):
    os.mkfifo(tmp_path / "a.csv")
    assert_contains(error_for(make_task(path="a.csv"), tmp_path), "a.csv: is not a regular file")


def test_text_in_place_of_a_path(tmp_path, make_task):
    assert_contains(error_for(make_task(path="patient says " * 40 + ".csv"), tmp_path), "cannot be read", "patient says")


@pytest.mark.parametrize(
    ("name", "advice"),
    [("a.xls", "save it as .xlsx"), ("a.ods", "save it as .xlsx"), ("a.txt", "rename"), ("a.tar", "Unpack it")],
)
def test_unknown_extension_says_what_to_do(refused, name, advice):
    assert_contains(refused(GOOD, name), f"{name}: ", ".csv, .tsv, .jsonl, .ndjson, .json, .parquet, .xlsx", advice)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.tsv.csv", CSV),
        ("r.tsv.jsonl", "".join(json.dumps({"id": i, "input": f"text {i}", "target": "sum"}) + "\n" for i in range(12))),
        ("r.csv.tsv", CSV.replace(",", "\t")),
    ],
)
def test_last_extension_picks_the_reader(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    table = peek(tmp_path / name, rows=3)
    assert table.columns == ("id", "input", "target")
    assert [record.values["input"] for record in table.records] == ["text 0", "text 1", "text 2"]


def test_saved_folder_with_the_name_of_a_table(tmp_path: Path) -> None:
    import datasets

    datasets.Dataset.from_list([{"input": f"text {i}", "target": "sum"} for i in range(5)]).save_to_disk(str(tmp_path / "my.tsv.saved"))
    assert len(peek(tmp_path / "my.tsv.saved").records) == 5


def test_peek_scans_only_the_head_of_a_tsv(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(CSV.replace(",", "\t").encode() * 1000 + b"\xff\n")
    assert len(peek(tmp_path / "a.tsv", rows=3).records) == 3


def test_files_that_macos_adds_to_an_archive_are_ignored(load, in_order) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in {"in/a.csv": CSV, "in/.DS_Store": "x", ".DS_Store": "x", "__MACOSX/in/._a.csv": "x"}.items():
            archive.writestr(name, text)
    assert in_order(load(file.getvalue(), "a.zip"))[0].inputs == {"input": "text 0"}


def test_only_data_files_are_suggested(tmp_path: Path) -> None:
    for name in ("a.csv", "b.jsonl.gz", "c.csv.yaml", "d.parquet.md", "e.xlsx.gz", "task.yaml"):
        (tmp_path / name).write_text("")
    for missing in (tmp_path, tmp_path / "zzzzzzzz"):
        with pytest.raises(BenchError) as caught:
            open_data(missing)
        assert str(caught.value).endswith(" Known: a.csv, b.jsonl.gz.")
