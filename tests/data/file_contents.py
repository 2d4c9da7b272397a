"""Rows, and files of several formats that hold them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import openpyxl
import pyarrow as pa
from pyarrow import parquet

ROWS = [{"id": str(i), "input": f"text {i}", "target": f"sum {i}"} for i in range(12)]
CSV = "id,input,target\n" + "".join(f"{r['id']},{r['input']},{r['target']}\n" for r in ROWS)
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS)


def zipped(members: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return file.getvalue()


def workbook(rows: Any, title: str = "Sheet1", **others: Any) -> bytes:
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


def parquet_bytes() -> bytes:
    """A Parquet file with columns of several types, and the class names that `datasets` writes."""
    features = {
        "info": {"features": {"target": {"_type": "ClassLabel", "names": ["a", "b"]}, "lost": {"_type": "ClassLabel", "names": ["c"]}}}
    }
    table = pa.table({"input": ["x", "y", "z"], "target": [0, 1, 0], "more": [[1.5], [], [2.5]], "deep": [{"a": "1"}, {"a": None}, None]})
    file = io.BytesIO()
    parquet.write_table(table.replace_schema_metadata({"huggingface": json.dumps(features)}), file)
    return file.getvalue()
