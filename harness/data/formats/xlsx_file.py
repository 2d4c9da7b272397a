"""Excel workbooks (.xlsx). Cells are read as text, as Excel shows them; formulas give the values saved with the workbook."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from pathlib import Path
from typing import Any, BinaryIO

from harness.data.formats.text_file import MAX_RATIO, MIN_CHECKED_BYTES
from harness.data.records import BadRow, BadRowError, Record, TableRows, check_texts, join_names, parse_header, quote
from harness.errors import BenchError, first_line
from harness.text import plural

SHEET_ROW_LOCATION = "{name}: row {line}"
MAX_ROWS = 2**20  # the last row of a sheet in Excel
_ERROR_VALUE = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)")
_NUMBER_FORMAT = re.compile(r"(#,##)?(0+)(?:\.(0+))?(%)?(?:_\)|;.*)?")
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")  # how a workbook stores what XML cannot hold, such as a carriage return
_EXCEL_CONTEXT = Context(prec=400, rounding=ROUND_HALF_UP)  # enough digits for the largest float with the decimals of any format


def read_xlsx(path: Path, name: str) -> TableRows:
    """The rows below the header of the first sheet, or of the only sheet that has rows. Their `line` is the row of the sheet.

    Raises:
        BenchError: the file is not a workbook or is damaged, has no rows, or the first sheet is empty while several others are not.
    """
    with path.open("rb") as file:  # openpyxl itself would refuse a file whose name has another extension
        yield from _read_book(file, path, name)


def _read_book(file: BinaryIO, path: Path, name: str) -> TableRows:
    import openpyxl

    # openpyxl warns about everything that it would lose when saving, but the workbook is only read
    warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
    _check_size(path, name)
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    except Exception as error:  # openpyxl passes on all errors of its XML and zip libraries
        raise _unreadable(name, error) from None
    try:
        yield from _read_sheet(_choose_sheet(book.worksheets, name), name)
    except BenchError as error:
        raise BenchError([problem if problem.startswith(name) else f"{name}: {problem}" for problem in error.problems]) from None
    except GeneratorExit:
        raise
    except Exception as error:
        raise _unreadable(name, error) from None
    finally:
        book.close()


def format_cell(value: Any, number_format: str) -> str | None:
    """A cell as Excel shows it. Dates are an exception: they become ISO 8601, as Excel's form depends on the machine's language.

    The number formats `0`, `000`, `0.00`, `#,##0.00`, `0%` and similar ones are applied; in other formats, numbers have up to 15 digits,
    as many as Excel keeps. Error values such as #N/A are missing values.
    """
    if isinstance(value, str):
        return None if _ERROR_VALUE.fullmatch(value) else _ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _format_number(value, number_format)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _format_number(value: float, number_format: str) -> str:
    match = _NUMBER_FORMAT.fullmatch(number_format.replace(" ", "").replace('"%"', "%"))
    if not match:
        return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    thousands, whole, decimals, percent = match.groups()
    places = len(decimals or "")
    with localcontext(_EXCEL_CONTEXT):  # rounds halves away from zero, and 0.125 as written rather than as the nearest float
        text = f"{Decimal(repr(value)) * (100 if percent else 1):{',' if thousands else ''}.{places}f}"
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    width = len(whole) + (places + 1 if places else 0)
    return sign + digits.zfill(width) + (percent or "")


def _check_size(path: Path, name: str) -> None:
    """Refuse a workbook that unpacks to far more than its size.

    Raises:
        BenchError: too large, or not a workbook.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _unreadable(name, error) from None
    if unpacked > max(MIN_CHECKED_BYTES, MAX_RATIO * path.stat().st_size):
        raise BenchError(f"{name}: unpacks to {unpacked >> 20} MiB, over {MAX_RATIO} times its size. Save it as .csv and name that file")


def _unreadable(name: str, error: Exception) -> BenchError:
    return BenchError(f"{name}: cannot be read as an Excel workbook ({first_line(error)}). Save it as .xlsx or .csv, without a password")


def _choose_sheet(sheets: list[Any], name: str) -> Any:
    for sheet in sheets:
        # some programs store wrong dimensions, and rows outside of them would be lost
        sheet.reset_dimensions()
    if sheets and _has_rows(sheets[0]):
        return sheets[0]
    filled = [sheet for sheet in sheets[1:] if _has_rows(sheet)]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        raise BenchError(f"{name}: no sheet has a header and rows. Put them on the first sheet")
    raise BenchError(
        f"{name}: the first sheet has no rows, but several others have ({join_names(quote(sheet.title) for sheet in filled)}). "
        "Move the sheet with your data to the front"
    )


def _filled_rows(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    """The rows that are not blank, each with its number in the sheet.

    A row may have any number, and openpyxl makes up a row for each that is missing before it.
    """
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if number > MAX_ROWS:
            raise BenchError(f"sheet {quote(sheet.title)}: has rows beyond {MAX_ROWS:,}, the last that Excel knows. Save it as .csv")
        if any(cell.value is not None for cell in cells):
            yield number, cells


def _has_rows(sheet: Any) -> bool:
    rows = _filled_rows(sheet)
    return next(rows, None) is not None and next(rows, None) is not None


def _read_sheet(sheet: Any, name: str) -> TableRows:
    columns: tuple[str, ...] = ()
    for number, cells in _filled_rows(sheet):
        texts = [format_cell(cell.value, cell.number_format) if cell.value is not None else None for cell in cells]
        while texts and texts[-1] is None:
            texts.pop()
        location = SHEET_ROW_LOCATION.format(name=name, line=number)
        if not columns:
            columns = parse_header(texts, location)
            continue
        if len(texts) > len(columns):
            outside = next(i for i in range(len(columns), len(texts)) if texts[i] is not None)
            yield BadRow(location, f"cell {cells[outside].coordinate} is outside of the header's {plural(len(columns), 'column')}")
            continue
        values: dict[str, Any] = dict.fromkeys(columns)
        values.update(zip(columns, texts, strict=False))
        try:
            check_texts(values)
        except BadRowError as error:
            yield BadRow(location, str(error))
        else:
            yield Record(number, values)
