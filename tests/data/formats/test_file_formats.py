"""Every file format yields the same rows."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma

import pyarrow as pa
import pytest
from file_contents import CSV, JSONL, ROWS, parquet_of, workbook, zipped

from harness.data import load_splits, peek
from harness.data.formats.open_data import READABLE
from harness.errors import BenchError


def zstd(text: str) -> bytes:
    # two frames, as `cat a.zst b.zst` makes
    half = len(text) // 2
    return b"".join(pa.compress(part.encode(), codec="zstd", asbytes=True) for part in (text[:half], text[half:]))


FILES: dict[str, str | bytes] = {
    "a.csv": CSV,
    "a.tsv": CSV.replace(",", "\t"),
    "a.jsonl": JSONL,
    "a.ndjson": JSONL,
    "lines.json": JSONL,
    "list.json": json.dumps(ROWS, indent=1),
    "one-line.json": json.dumps(ROWS),
    "data.json": json.dumps({"version": 1, "authors": ["x"], "data": ROWS}),
    "keyed.json": json.dumps({r["id"]: {k: v for k, v in r.items() if k != "id"} for r in ROWS}),
    "keyed-with-ids.json": json.dumps({f"k{r['id']}": r for r in ROWS}),
    "A.PARQUET": parquet_of(pa.Table.from_pylist(ROWS)),
    "a.xlsx": workbook([["id", "input", "target"], *([int(r["id"]), r["input"], r["target"]] for r in ROWS)]),
    "a.csv.gz": gzip.compress(CSV.encode(), mtime=0),
    "a.jsonl.bz2": bz2.compress(JSONL.encode()),
    "a.json.xz": lzma.compress(json.dumps(ROWS).encode()),
    "a.tsv.gz": gzip.compress(b"\xef\xbb\xbf" + CSV.replace(",", "\t").encode(), mtime=0),
    "a.csv.zst": zstd(CSV),
    "a.csv.zip": zipped({"a.csv": CSV}),
    "b.zip": zipped({"deep/b.jsonl": JSONL, "__MACOSX/deep/._b.jsonl": "a Mac's own"}),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_yields_the_same_rows(load, in_order, name):
    splits = load(FILES[name], name)
    assert [(e.id, e.inputs, e.targets, dict(e.meta)) for e in in_order(splits)] == [
        (r["id"], {"input": r["input"]}, (r["target"],), {}) for r in ROWS
    ]
    assert splits.report.origin["file"] == name
    assert len(splits.report.origin["file sha256"]) == 64


@pytest.mark.parametrize("name", FILES)
def test_peek_returns_the_first_rows(tmp_path, name):
    content = FILES[name]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    table = peek(tmp_path / name, rows=3)
    assert table.columns == ("id", "input", "target")
    assert [record.values["input"] for record in table.records] == ["text 0", "text 1", "text 2"]
    assert not table.bad_rows


def test_peek_does_not_read_the_rest(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"input,target\n" + b"a,b\n" * 100_000 + b"\xff\n")
    assert len(peek(tmp_path / "a.csv", rows=10).records) == 10
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n[1]\n{"b": 2}\n' + "{broken\n" * 10)
    table = peek(tmp_path / "a.jsonl", rows=3)
    assert (table.columns, len(table.records), len(table.bad_rows)) == (("a", "b"), 2, 1)


def test_readable_extensions():
    assert READABLE == (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")


def test_several_files_are_read_as_one(tmp_path, make_task, in_order):
    (tmp_path / "a.csv").write_text("input,target,id,extra\n" + "".join(f"a {i},s,{i},x\n" for i in range(5)))
    (tmp_path / "b.jsonl").write_text("".join(json.dumps({"target": "s", "input": f"b {i}", "id": i}) + "\n" for i in range(5, 10)))
    splits = load_splits(make_task(path=("a.csv", "b.jsonl")), folder=tmp_path)
    assert [e.inputs["input"] for e in in_order(splits)] == [f"{'ab'[i // 5]} {i}" for i in range(10)]
    assert splits.report.origin["file"] == "a.csv, b.jsonl"
    assert [len(sha) for sha in splits.report.origin["file sha256"].split(", ")] == [64, 64]
    given = {"train": ("a.csv",), "test": ("b.jsonl",)}
    assert load_splits(make_task(path=given), folder=tmp_path).report.sizes == {"train": 4, "validation": 1, "test": 5}


def test_id_in_two_files_names_both_files_and_lines(tmp_path, make_task):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("input,target,id\n" + "".join(f"{name} {i},s,{i}\n" for i in range(5)))
    for path in (("a.csv", "b.csv"), {"train": ("a.csv", "b.csv"), "test": "a.csv"}):
        with pytest.raises(BenchError, match=r"b\.csv:2: id '0' \(column 'id'\) is already used in a\.csv:2\. If each file numbers"):
            load_splits(make_task(path=path), folder=tmp_path)
    computed = load_splits(make_task(path=("a.csv", "b.csv"), fields={"id": None}), folder=tmp_path)
    assert sum(computed.report.sizes.values()) == 10
    given = load_splits(make_task(path={"train": "a.csv", "test": "b.csv"}), folder=tmp_path)
    assert {e.id for e in given.test} == {f"test/{i}" for i in range(5)}


def test_several_files_keep_their_own_line_numbers(tmp_path, make_task):
    (tmp_path / "a.csv").write_text("input,target\n" + "".join(f"{i},s\n" for i in range(5)))
    (tmp_path / "b.csv").write_text("input,target\nx,y\n,z\n")
    with pytest.raises(BenchError, match=r"b\.csv:3: input"):
        load_splits(make_task(path=("a.csv", "b.csv")), folder=tmp_path)
    (tmp_path / "b.csv").write_text("text,target\nx,y\n")
    with pytest.raises(BenchError, match=r"b\.csv: no column for the input"):
        load_splits(make_task(path=("a.csv", "b.csv")), folder=tmp_path)
