"""Files whose name does not tell their format are recognized by their content, or refused with the formats that can be read."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pytest
from file_contents import CSV, JSONL, ROWS, parquet_bytes, workbook
from message_checks import assert_contains

PROSE = "A first line, with a comma.\nA second line without one.\nA third, with, two.\n"


@pytest.mark.parametrize("name", ["visits", "visits.v2", "Besuche für März", "visits.2024-01"])
@pytest.mark.parametrize(
    "content",
    [
        CSV.encode(),
        b"\xef\xbb\xbf" + CSV.encode(),
        CSV.replace(",", ";").encode(),
        CSV.replace(",", "\t").encode(),
        JSONL.encode(),
        json.dumps(ROWS).encode(),
        json.dumps(ROWS, indent=1).encode(),
        parquet_bytes(),
        workbook([["input", "target"], *([f"text {i}", "short"] for i in range(12))]),
    ],
    ids=["csv", "bom", "semicolons", "tabs", "lines", "json", "indented", "parquet", "xlsx"],
)
def test_format_is_recognized(load, name, content):
    assert sum(load(content, name).report.sizes.values()) >= 2


def test_large_file_is_recognized_by_its_beginning(load):
    rows = "".join(f'"a text, number {i}, of\nseveral lines",short\n' for i in range(5000))
    assert sum(load("input,target\n" + rows, "visits").report.sizes.values()) == 5000


@pytest.mark.parametrize("content", [b"", PROSE.encode(), b"\x00\x01\x02" * 100, b"one column\nof text\n", b"\xff\xfa\x00"])
def test_unknown_content_names_the_formats(refused, content):
    message = refused(content, "notes")
    assert_contains(message, "notes: the file has no extension, and its content is not in a known format", ".csv, .tsv, .jsonl")


def test_compressed_file_needs_its_extension(refused):
    assert "notes: is compressed. Rename it" in refused(gzip.compress(CSV.encode()), "notes")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.csv", CSV)
    assert "notes.csv.zip" in refused(archive.getvalue(), "notes")


@pytest.mark.parametrize(
    ("name", "content", "media"),
    [
        ("scan.png", b"", "images"),
        ("scan", b"\x89PNG\r\n\x1a\n\0\0", "images"),
        ("call.wav", b"RIFF", "audio"),
        ("call", b"RIFF\0\0\0\0WAVEfmt ", "audio"),
        ("visit.MP4", b"", "video"),
    ],
)
def test_files_of_media_are_refused_with_the_reason(refused, name, content, media):
    assert_contains(refused(content, name), f"{name}: holds {media}", "read text only")
