"""Every kind of file gives the same rows, and says clearly what is wrong with it."""

from __future__ import annotations

import bz2
import csv
import datetime
import gzip
import io
import json
import lzma
import re
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from harness.data import load_splits, peek
from harness.data.formats import READABLE
from harness.errors import BenchError

ROWS = [{"id": str(i), "input": f"text {i}", "target": f"sum {i}"} for i in range(12)]
CSV = "id,input,target\n" + "".join(f"{r['id']},{r['input']},{r['target']}\n" for r in ROWS)
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS)


def zipped(members: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return file.getvalue()


def zstd(text: str) -> bytes:
    # two frames, as `cat a.zst b.zst` makes
    half = len(text) // 2
    return b"".join(pa.compress(part.encode(), codec="zstd", asbytes=True) for part in (text[:half], text[half:]))


def workbook(rows, title="Sheet1", **others) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    for name, content in others.items():
        sheet = book.create_sheet(name)
        for row in content:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def parquet_of(table: pa.Table) -> bytes:
    file = io.BytesIO()
    parquet.write_table(table, file)
    return file.getvalue()


# ------------------------------------------------------------------------------------------- the same rows in every format

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
def test_same_rows(load, in_order, name):
    splits = load(FILES[name], name)
    assert [(e.id, e.inputs, e.targets, dict(e.meta)) for e in in_order(splits)] == [
        (r["id"], {"input": r["input"]}, (r["target"],), {}) for r in ROWS
    ]
    assert splits.report.origin["file"] == name
    assert len(splits.report.origin["file sha256"]) == 64


@pytest.mark.parametrize("name", FILES)
def test_peek_gives_the_first_rows(tmp_path, name):
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


def test_messages_name_what_is_readable():
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


def test_several_files_keep_their_own_line_numbers_and_ids(tmp_path, make_task):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("input,target,id\n" + "".join(f"{name} {i},s,{i}\n" for i in range(5)))
    splits = load_splits(make_task(path=("a.csv", "b.csv")), folder=tmp_path)
    ids = {e.id for e in (*splits.train, *splits.validation, *splits.test)}
    assert ids == {f"{name}.csv/{i}" for name in "ab" for i in range(5)}
    assert any("prefixed with the name of its file" in line for line in splits.report.warnings)
    (tmp_path / "b.csv").write_text("input,target\nx,y\n,z\n")
    with pytest.raises(BenchError, match=r"b\.csv:3: input"):
        load_splits(make_task(path=("a.csv", "b.csv")), folder=tmp_path)
    (tmp_path / "b.csv").write_text("text,target\nx,y\n")
    with pytest.raises(BenchError, match=r"b\.csv: no column for the input"):
        load_splits(make_task(path=("a.csv", "b.csv")), folder=tmp_path)


# ------------------------------------------------------------------------------------------------------------------- TSV


def tsv(*lines: str) -> str:
    return "input\ttarget\n" + "\n".join(lines) + "\n"


FILL = tuple(f"filler {i}\tx" for i in range(8))


@pytest.mark.parametrize(
    ("lines", "first"),
    [
        (('"Hello" he said\tx', *FILL), '"Hello" he said'),
        (('"the whole sentence is quoted"\tx', *FILL), '"the whole sentence is quoted"'),
        (('it opens " and never closes\tx', *FILL), 'it opens " and never closes'),
        (('"opens here\tx', "in between\tx", 'and closes"\tx', *FILL), '"opens here'),
        (('"she said ""no"""\tx', *FILL), 'she said "no"'),
        (('"two\nlines"\tx', *FILL), "two\nlines"),
        (('"a\ttab"\tx', *FILL), "a\ttab"),
        (('"2"" nail"\tx', '5" nail\tx', *FILL), '"2"" nail"'),
        (("a, b; c\tx", *FILL), "a, b; c"),
    ],
)
def test_quotes_in_tsv(load, lines, first):
    splits = load(tsv(*lines), "a.tsv")
    texts = {e.inputs["input"] for part in (splits.train, splits.validation, splits.test) for e in part}
    assert first in texts
    assert {"filler 0", "filler 7"} <= texts


def test_tsv_where_every_text_is_enclosed(load, in_order):
    content = '"id"\t"input"\t"target"\n' + "".join(f'{i}\t"text {i}"\t"x"\n' for i in range(6))
    assert in_order(load(content, "a.tsv"))[0].inputs == {"input": "text 0"}


def test_tsv_with_a_line_of_other_width(refused, load):
    content = tsv('an "inner\tx', *FILL, "one cell only", "a\tb\tc")
    message = refused(content, "a.tsv")
    assert "a.tsv:11: 1 cell, fewer than the 2 columns" in message
    assert "a.tsv:12: 3 cells, more than the 2 columns" in message
    assert sum(load(content, "a.tsv", skip_bad_rows=True).report.sizes.values()) == 9


def test_tsv_written_by_the_csv_module_comes_back(load, in_order):
    texts = ['say "no"', "a\ttab", "two\nlines", "plain", '"', "'", ""]
    file = io.StringIO()
    writer = csv.writer(file, delimiter="\t")
    writer.writerow(["id", "input", "target"])
    writer.writerows([i, f"{text}.", "x"] for i, text in enumerate(texts))
    assert [e.inputs["input"] for e in in_order(load(file.getvalue(), "a.tsv"))] == [f"{text}." for text in texts]


# ------------------------------------------------------------------------------------------------------------------ JSON


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "a.json: the file is empty"),
        (" \n", "a.json: the file is empty"),
        ("[]", "a.json: the list is empty"),
        ("{}", "a.json: no rows found in the document"),
        ('{"name": "x", "n": 3}', "Its keys: name, n"),
        ('"text"', "a.json: the document is a string, but it must be a list of objects"),
        ('[\n {"input": "a", "target": "b"},\n {"input" "a"}\n]', "a.json:3: broken JSON at column 11"),
        ('{"train": [{"input": "a"}], "test": [{"input": "b"}]}', "several lists of objects (train, test)"),
        ('[{"input": "a", "target": "b"}, 3]', "a.json: item 2: a number, not an object"),
        ('[{"input": "a", "target": "b"}, {"input": "", "target": "c"}]', "a.json: item 2: input (column 'input') is empty"),
        ('[{"input": "a\\ud83d", "target": "b"}, {"input": "x", "target": "b"}]', "item 1: field 'input' contains a lone surrogate"),
        ('[{"input": "a", "input": "b"}]', "the key 'input' occurs twice"),
        ("[" * 100_000, "nested too deeply"),
        ('[{"input": Infinity}]', "Infinity is not a JSON value"),
    ],
)
def test_json_that_is_no_table(refused, content, reason):
    assert reason in refused(content, "a.json")


def test_json_in_a_file_that_should_hold_lines_says_so(refused):
    assert "Rename it to .json" in refused(json.dumps(ROWS, indent=1), "a.jsonl")


# --------------------------------------------------------------------------------------------------------------- Parquet


def test_values_of_parquet(load, in_order):
    n = 12
    table = pa.table(
        {
            "id": pa.array(range(n), pa.int16()),
            "input": pa.array([["a", None, f"b{i}"] for i in range(n)], pa.list_(pa.string())),
            "target": pa.array([f"t{i}" for i in range(n)]).dictionary_encode(),
            "day": pa.array([datetime.date(2024, 3, 5)] * n),
            "at": pa.array([datetime.datetime(2024, 3, 5, 14, 30)] * n, pa.timestamp("ms")),
            "price": pa.array([Decimal("1.50")] * n, pa.decimal128(5, 2)),
            "missing": pa.array([float("nan")] * n),
            "map": pa.array([[("k", 1)]] * n, pa.map_(pa.string(), pa.int32())),
        }
    )
    row = in_order(load(parquet_of(table), "a.parquet"))[3]
    assert (row.id, row.inputs, row.targets) == ("3", {"input": "a\nb3"}, ("t3",))
    assert row.meta == {"day": "2024-03-05", "at": "2024-03-05 14:30:00", "price": "1.50", "missing": None, "map": {"k": 1}}


def test_classes_of_parquet_have_names(load):
    features = {"input": {"dtype": "string", "_type": "Value"}, "target": {"names": ["neg", "pos"], "_type": "ClassLabel"}}
    table = pa.table({"input": [f"t{i}" for i in range(20)], "target": [i % 2 for i in range(20)]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    assert load(parquet_of(table), "a.parquet", kind="classification").test[0].choices == ("neg", "pos")


def test_bad_parquet(refused):
    table = pa.table({"input": ["a", None, "b\0", "c"], "target": ["x", "y", "z", "w"]})
    message = refused(parquet_of(table), "a.parquet")
    assert "a.parquet: row 2: input (column 'input') is empty" in message
    assert "a.parquet: row 3: field 'input' contains a NUL" in message
    assert "binary data" in refused(parquet_of(pa.table({"input": [b"\xff"], "target": ["x"]})), "a.parquet")
    assert "a.parquet: cannot be read as Parquet" in refused(parquet_of(table)[:-20], "a.parquet")
    assert "a.parquet: cannot be read as Parquet" in refused(CSV, "a.parquet")
    assert "a.parquet: the table has no rows" in refused(parquet_of(table[:0]), "a.parquet")


# ------------------------------------------------------------------------------------------------------------------ XLSX


def test_cells_as_people_see_them(load, in_order):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["id", "input", "target"])
    values = [
        (datetime.datetime(2024, 3, 5), "yyyy-mm-dd", "2024-03-05"),
        (datetime.datetime(2024, 3, 5, 14, 30), "yyyy-mm-dd hh:mm", "2024-03-05 14:30:00"),
        (3.0, "General", "3"),
        (0.1 + 0.2, "General", "0.3"),
        (1234567, "#,##0", "1,234,567"),
        (2.5, "0.00", "2.50"),
        (0.125, "0.0%", "12.5%"),
        (123, "00000", "00123"),
        (-7, "0.0", "-7.0"),
        (True, "General", "TRUE"),
        ("Grüße 🩺\nzwei", "General", "Grüße 🩺\nzwei"),
        ("007", "@", "007"),
    ]
    for i, (value, number_format, _) in enumerate(values):
        sheet.append([i, value, "x"])
        sheet.cell(i + 2, 2).number_format = number_format
    file = io.BytesIO()
    book.save(file)
    assert [e.inputs["input"] for e in in_order(load(file.getvalue(), "a.xlsx"))] == [text for *_, text in values]


def test_formulas_give_the_values_that_were_saved(load, in_order):
    """openpyxl writes no values of formulas, so what Excel writes is put in by hand."""
    content = workbook([["id", "input", "target"], *([i, f"t{i}", "=1+1"] for i in range(5))])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            new.writestr(item, re.sub(rb"(<f>1\+1</f>)<v\s*(/>|></v>)", rb"\1<v>2</v>", old.read(item)))
    assert in_order(load(out.getvalue(), "a.xlsx"))[0].targets == ("2",)


def test_the_sheet_with_rows(load, refused):
    table = [["input", "target"], *([f"t{i}", "x"] for i in range(5))]
    assert sum(load(workbook(table, Other=[["no", "matter"]]), "a.xlsx").report.sizes.values()) == 5
    assert sum(load(workbook([["a title only"]], Data=table), "a.xlsx").report.sizes.values()) == 5
    message = refused(workbook([], Data=table, More=table), "a.xlsx")
    assert "several others have ('Data', 'More')" in message
    assert "no sheet has a header and rows" in refused(workbook([]), "a.xlsx")


def test_bad_workbooks(refused, load):
    table = [["input", "target"], *([f"t{i}", "x"] for i in range(5)), ["a", "#N/A"], [None, None], ["b", "c", None, "outside"]]
    message = refused(workbook(table), "a.xlsx")
    assert "a.xlsx: row 7: target (column 'target') is empty" in message
    assert "a.xlsx: row 9: cell D9 is outside of the header's 2 columns" in message
    assert sum(load(workbook(table), "a.xlsx", skip_bad_rows=True).report.sizes.values()) == 5
    assert "'input' more than once" in refused(workbook([["input", "input"], ["a", "b"]]), "a.xlsx")
    assert "cannot be read as an Excel workbook" in refused(CSV, "a.xlsx")
    assert "cannot be read as an Excel workbook" in refused(workbook(table)[:-30], "a.xlsx")
    assert "cannot be read as an Excel workbook" in refused(zipped({"a.csv": CSV}), "a.xlsx")


# ------------------------------------------------------------------------------------------------------------ compressed


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv.gz", CSV, "a.csv.gz: cannot be unpacked"),
        ("a.csv.gz", gzip.compress(CSV.encode(), mtime=0)[:-12], "a.csv.gz: cannot be unpacked"),
        ("a.csv.bz2", b"BZh9 no", "a.csv.bz2: cannot be unpacked"),
        ("a.csv.xz", b"nothing", "a.csv.xz: cannot be unpacked"),
        ("a.csv.zst", b"nothing at all", "a.csv.zst: cannot be unpacked"),
        ("a.csv.zip", b"nothing", "a.csv.zip: cannot be unpacked"),
        ("a.zip", zipped({"a.csv": CSV, "b.csv": CSV}), "contains 2 files (a.csv, b.csv), but it must contain exactly one"),
        ("a.zip", zipped({}), "contains no file"),
        ("a.zip", zipped({"notes.pdf": "x"}), "the compressed file ends in '.pdf'"),
        ("a.gz", gzip.compress(CSV.encode(), mtime=0), "the name lacks the inner extension"),
        ("a.parquet.gz", gzip.compress(b"x", mtime=0), "are compressed already and read as they are. Unpack it first"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "a.csv.gz: the file is empty"),
        ("a.csv.gz", gzip.compress(b"input,target\ncaf\xe9,x\n", mtime=0), "a.csv.gz:2: not UTF-8 at byte offset 16 (byte 0xe9). Unpack"),
        ("a.csv.gz", gzip.compress(b"input,target\na,\n", mtime=0), "a.csv.gz:2: target"),
    ],
)  # fmt: skip
def test_bad_archives(refused, name, content, reason):
    assert reason in refused(content, name)


def test_a_bomb_does_not_go_off(tmp_path: Path, make_task, monkeypatch):
    monkeypatch.setattr("harness.data.formats.text_file.MIN_CHECKED_BYTES", 2**20)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"input,target\n" + (b"a" * 5000 + b",b\n") * 2000, mtime=0))
    with pytest.raises(BenchError, match="unpacks to more than 2 MiB, over 200 times its size"):
        load_splits(make_task(path="a.csv.gz"), folder=tmp_path)


def test_a_line_without_end_is_not_read_to_its_end(refused, monkeypatch):
    monkeypatch.setattr("harness.data.formats.text_file.MAX_LINE_LENGTH", 10_000)
    assert "a.jsonl:2: the line has more than 10000 characters" in refused(JSONL.split("\n")[0] + "\n[" + '{"a": 1}, ' * 5000, "a.jsonl")


def test_a_bad_byte_is_found_wherever_it_stands(refused):
    """Across the borders of what is read at once, behind characters of several bytes."""
    good = ("ä€🩺" * 500 + ",x\n").encode()
    content = b"input,target\n" + good * 1000
    message = refused(content + b"ok,ok\n\xf0\x9f\xa9", "a.csv")
    assert f"a.csv:1003: not UTF-8 at byte offset {len(content) + 6} (byte 0xf0)" in message


def test_a_workbook_with_what_openpyxl_cannot_keep_reads_silently(load, recwarn):
    """Excel's own extensions make openpyxl warn; so does a date outside of the calendar, which is a missing value."""
    book = openpyxl.Workbook()
    book.active.append(["input", "target", "day"])
    for i in range(6):
        book.active.append([f"t{i}", "x", 1e9])
        book.active.cell(i + 2, 3).number_format = "yyyy-mm-dd"
    file = io.BytesIO()
    book.save(file)
    assert load(file.getvalue(), "a.xlsx").train[0].meta == {"day": None}
    assert not recwarn.list
