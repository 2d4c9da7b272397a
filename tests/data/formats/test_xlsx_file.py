"""Excel workbooks: cells are read as Excel shows them."""

from __future__ import annotations

import datetime
import io
import re
import zipfile

import openpyxl
import pytest
from file_contents import CSV, workbook, zipped

from harness.data import peek
from harness.data.formats.xlsx_file import format_cell


def test_cells_are_read_as_displayed(load, in_order):
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


def test_formulas_give_the_saved_values(load, in_order):
    """openpyxl does not write values of formulas, so the value that Excel would write is inserted."""
    content = workbook([["id", "input", "target"], *([i, f"t{i}", "=1+1"] for i in range(5))])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            new.writestr(item, re.sub(rb"(<f>1\+1</f>)<v\s*(/>|></v>)", rb"\1<v>2</v>", old.read(item)))
    assert in_order(load(out.getvalue(), "a.xlsx"))[0].targets == ("2",)


def test_sheet_with_rows_is_chosen(load, refused):
    table = [["input", "target"], *([f"t{i}", "x"] for i in range(5))]
    assert sum(load(workbook(table, Other=[["no", "matter"]]), "a.xlsx").report.sizes.values()) == 5
    assert sum(load(workbook([["a title only"]], Data=table), "a.xlsx").report.sizes.values()) == 5
    message = refused(workbook([], Data=table, More=table), "a.xlsx")
    assert "several others have ('Data', 'More')" in message
    assert "no sheet has a header and rows" in refused(workbook([]), "a.xlsx")


def test_defects_of_workbooks_are_explained(refused, load):
    table = [["input", "target"], *([f"t{i}", "x"] for i in range(5)), ["a", "#N/A"], [None, None], ["b", "c", None, "outside"]]
    message = refused(workbook(table), "a.xlsx")
    assert "a.xlsx: row 7: target (column 'target') is empty" in message
    assert "a.xlsx: row 9: cell D9 is outside of the header's 2 columns" in message
    assert sum(load(workbook(table), "a.xlsx", skip_bad_rows=True).report.sizes.values()) == 5
    assert "'input' more than once" in refused(workbook([["input", "input"], ["a", "b"]]), "a.xlsx")
    assert "cannot be read as an Excel workbook" in refused(CSV, "a.xlsx")
    assert "cannot be read as an Excel workbook" in refused(workbook(table)[:-30], "a.xlsx")
    assert "cannot be read as an Excel workbook" in refused(zipped({"a.csv": CSV}), "a.xlsx")


def test_workbook_with_unsupported_extensions_is_read_without_warnings(load, recwarn):
    """openpyxl warns about extensions of Excel, and about a date outside of the calendar, which is a missing value."""
    book = openpyxl.Workbook()
    book.active.append(["input", "target", "day"])
    for i in range(6):
        book.active.append([f"t{i}", "x", 1e9])
        book.active.cell(i + 2, 3).number_format = "yyyy-mm-dd"
    file = io.BytesIO()
    book.save(file)
    assert load(file.getvalue(), "a.xlsx").train[0].meta == {"day": None}
    assert not recwarn.list


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (2.5, "0", "3"),
        (-2.5, "0", "-3"),
        (0.5, "0", "1"),
        (0.125, "0.00", "0.13"),
        (1.005, "0.00", "1.01"),
        (0.125, "0%", "13%"),
        (1234.565, "#,##0.00", "1,234.57"),
        (1e20, "0.00", "100000000000000000000.00"),
        (7, "000", "007"),
    ],
)
def test_halves_are_rounded_away_from_zero(value, number_format, text):
    assert format_cell(value, number_format) == text


def test_escapes_become_characters(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["text", "label"])
    book.active.append(["one_x000D_\ntwo", "not an escape: _x005F_x000D_, _x12_"])
    file = io.BytesIO()
    book.save(file)
    (tmp_path / "a.xlsx").write_bytes(file.getvalue())
    (record,) = peek(tmp_path / "a.xlsx").records
    assert record.values == {"text": "one\r\ntwo", "label": "not an escape: _x000D_, _x12_"}
