"""Files are taken for what their last extension says, wherever else a format's name stands."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from harness.data import peek
from harness.data.formats import open_data
from harness.errors import BenchError

CSV = "id,input,target\n" + "".join(f"{i},text {i},sum\n" for i in range(12))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("r.tsv.csv", CSV),
        ("r.tsv.jsonl", "".join(json.dumps({"id": i, "input": f"text {i}", "target": "sum"}) + "\n" for i in range(12))),
        ("r.csv.tsv", CSV.replace(",", "\t")),
    ],
)
def test_the_reader_is_that_of_the_last_extension(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    table = peek(tmp_path / name, rows=3)
    assert table.columns == ("id", "input", "target")
    assert [record.values["input"] for record in table.records] == ["text 0", "text 1", "text 2"]


def test_a_saved_folder_that_is_called_like_a_table(tmp_path: Path) -> None:
    import datasets

    datasets.Dataset.from_list([{"input": f"text {i}", "target": "sum"} for i in range(5)]).save_to_disk(str(tmp_path / "my.tsv.saved"))
    assert len(peek(tmp_path / "my.tsv.saved").records) == 5


def test_the_quotes_of_a_large_tsv_are_not_looked_for_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(CSV.replace(",", "\t").encode() * 1000 + b"\xff\n")
    assert len(peek(tmp_path / "a.tsv", rows=3).records) == 3


def test_what_a_mac_adds_to_an_archive_is_no_file_of_the_users(load, in_order) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in {"in/a.csv": CSV, "in/.DS_Store": "x", ".DS_Store": "x", "__MACOSX/in/._a.csv": "x"}.items():
            archive.writestr(name, text)
    assert in_order(load(file.getvalue(), "a.zip"))[0].inputs == {"input": "text 0"}


def test_only_data_files_are_offered(tmp_path: Path) -> None:
    for name in ("a.csv", "b.jsonl.gz", "c.csv.yaml", "d.parquet.md", "e.xlsx.gz", "task.yaml"):
        (tmp_path / name).write_text("")
    for missing in (tmp_path, tmp_path / "zzzzzzzz"):
        with pytest.raises(BenchError) as caught:
            open_data(missing)
        assert str(caught.value).endswith(" Known: a.csv, b.jsonl.gz.")
