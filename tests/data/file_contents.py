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
