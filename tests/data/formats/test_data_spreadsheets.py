"""What Excel writes: its CSV, and numbers and texts in its workbooks as it shows them."""

from __future__ import annotations

import io

import openpyxl
import pytest

from harness.data import peek
from harness.data.formats.xlsx_file import format_cell

ROWS = "".join(f"{i};a, {i};c{i}\n" for i in range(8))


@pytest.mark.parametrize("line", ["sep=;\n", "sep=;\r\n", '"sep=;"\n', "\ufeffSEP=;\n"])
def test_the_line_that_tells_excel_the_delimiter_is_no_header(load, in_order, line):
    first = in_order(load(f"{line}id;input;target\n{ROWS}"))[0]
    assert (first.id, first.inputs, first.targets) == ("0", {"input": "a, 0"}, ("c0",))


def test_any_delimiter_can_be_told(load, in_order):
    text = "sep=^\nid^input,x^target\n" + "".join(f"{i}^a {i}^b\n" for i in range(8))
    assert in_order(load(text, fields={"input": "input,x"}))[0].inputs == {"input": "a 0"}


def test_lines_are_counted_with_that_line(refused):
    assert "visits.csv:4: input (column 'input') is empty" in refused("sep=;\ninput;target\na;b\n;c\n")
    assert "visits.csv:4: 1 cell, fewer" in refused("sep=;\ninput;target\na;b\nc\n")
    assert "visits.csv:3: a double quote opens" in refused('sep=;\ninput;target\n"a;b\n')


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


def test_escapes_of_a_workbook_are_characters(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["text", "label"])
    book.active.append(["one_x000D_\ntwo", "not an escape: _x005F_x000D_, _x12_"])
    file = io.BytesIO()
    book.save(file)
    (tmp_path / "a.xlsx").write_bytes(file.getvalue())
    (record,) = peek(tmp_path / "a.xlsx").records
    assert record.values == {"text": "one\r\ntwo", "label": "not an escape: _x000D_, _x12_"}
