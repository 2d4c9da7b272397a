"""Compressed files, encodings and limits."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from file_contents import CSV, JSONL, zipped
from message_checks import assert_contains

from harness.data import load_splits
from harness.errors import BenchError

GOOD = "input,target\n" + "".join(f"text {i},summary {i}\n" for i in range(20))


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
def test_defects_of_archives_are_explained(refused, name, content, reason):
    assert reason in refused(content, name)


def test_archive_bomb_is_refused(tmp_path: Path, make_task, monkeypatch):
    monkeypatch.setattr("harness.data.formats.text_file.MIN_CHECKED_BYTES", 2**20)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"input,target\n" + (b"a" * 5000 + b",b\n") * 2000, mtime=0))
    with pytest.raises(BenchError, match="unpacks to more than 2 MiB, over 200 times its size"):
        load_splits(make_task(path="a.csv.gz"), folder=tmp_path)


def test_line_length_is_limited(refused, monkeypatch):
    monkeypatch.setattr("harness.data.formats.text_file.MAX_LINE_LENGTH", 10_000)
    assert "a.jsonl:2: the line has more than 10000 characters" in refused(JSONL.split("\n")[0] + "\n[" + '{"a": 1}, ' * 5000, "a.jsonl")


def test_invalid_byte_is_located_across_chunks(refused):
    """Even across the borders of chunks and after multi-byte characters."""
    good = ("ä€🩺" * 500 + ",x\n").encode()
    content = b"input,target\n" + good * 1000
    message = refused(content + b"ok,ok\n\xf0\x9f\xa9", "a.csv")
    assert f"a.csv:1003: not UTF-8 at byte offset {len(content) + 6} (byte 0xf0)" in message


@pytest.mark.parametrize("name", ["visits.csv", "visits.jsonl"])
@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
def test_empty_file_is_refused(refused, name, content):
    assert_contains(refused(content, name, skip_bad_rows=True), f"{name}: the file is empty")


def test_invalid_utf8_names_line_and_byte(refused):
    message = refused(b"input,target\nfine,good\ncaf\xe9,bad\n", skip_bad_rows=True)
    assert_contains(message, "visits.csv:3: not UTF-8 at byte offset 26 (byte 0xe9)", "iconv -f WINDOWS-1252 -t UTF-8")


def test_byte_offset_includes_the_byte_order_mark(refused):
    assert_contains(refused(b"\xef\xbb\xbfinput,target\n\xe9,b\n"), "visits.csv:2:", "byte offset 16")


def test_utf16_says_how_to_convert(refused):
    assert_contains(refused(GOOD.encode("utf-16")), "UTF-16", "iconv -f UTF-16")
