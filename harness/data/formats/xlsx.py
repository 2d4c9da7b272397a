"""Excel workbooks (.xlsx): the cells as people see them, as text. Formulas give the values that the workbook was saved with."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from pathlib import Path
from typing import Any

from harness.data.formats.jsonl import check_texts
from harness.data.formats.records import BadRow, BadRowError, Record, Rows, distinct_columns, listed, shown
from harness.data.formats.text_file import FREE_BYTES, HIGHEST_RATIO
from harness.errors import BenchError, first_line

WHERE = "{name}: row {line}"
_ERROR = re.compile(r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)")
_DECIMALS = re.compile(r"(#,##)?(0+)(?:\.(0+))?(%)?(?:_\)|;.*)?")
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # how a workbook writes what XML cannot hold, such as a carriage return
_AS_EXCEL = Context(prec=400, rounding=ROUND_HALF_UP)  # digits: those of the largest number with any decimals of a format


def read_xlsx(path: Path, name: str) -> Rows:
    """The rows below the header of the first sheet, or of the only one that has rows. Their `line` is the sheet's row.

    Raises:
        BenchError: it is no workbook, or a broken one; no rows; the first sheet is empty and several others are not.
    """
    import openpyxl

    # it warns of everything that it cannot keep when a workbook is written again, which nobody does here
    warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
    _check_size(path, name)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl passes on whatever its XML and zip libraries raise
        raise _broken(name, error) from None
    try:
        yield from _rows(_sheet(book.worksheets, name), name)
    except (BenchError, GeneratorExit):
        raise
    except Exception as error:
        raise _broken(name, error) from None
    finally:
        book.close()


def _check_size(path: Path, name: str) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _broken(name, error) from None
    if unpacked > max(FREE_BYTES, HIGHEST_RATIO * path.stat().st_size):
        what = f"{unpacked >> 20} MiB, over {HIGHEST_RATIO} times its size"
        raise BenchError(f"{name}: unpacks to {what}. Save it as .csv and name that file")


def _broken(name: str, error: Exception) -> BenchError:
    return BenchError(f"{name}: cannot be read as an Excel workbook ({first_line(error)}). Save it as .xlsx or .csv, without a password")


def _sheet(sheets: list[Any], name: str) -> Any:
    for sheet in sheets:
        # some programs write a wrong extent, and rows outside of it would be lost
        sheet.reset_dimensions()
    if sheets and _has_rows(sheets[0]):
        return sheets[0]
    filled = [sheet for sheet in sheets[1:] if _has_rows(sheet)]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        raise BenchError(f"{name}: no sheet has a header and rows; the first must have them")
    raise BenchError(
        f"{name}: the first sheet has no rows, and several others have ({listed(shown(sheet.title) for sheet in filled)}). "
        "Move the one that is meant to the front"
    )


def _filled(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    """The rows that are not blank, each with its number in the sheet."""
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if any(cell.value is not None for cell in cells):
            yield number, cells


def _has_rows(sheet: Any) -> bool:
    rows = _filled(sheet)
    return next(rows, None) is not None and next(rows, None) is not None


def _rows(sheet: Any, name: str) -> Rows:
    columns: tuple[str, ...] = ()
    for number, cells in _filled(sheet):
        texts = [as_seen(cell.value, cell.number_format) if cell.value is not None else None for cell in cells]
        while texts and texts[-1] is None:
            texts.pop()
        place = WHERE.format(name=name, line=number)
        if not columns:
            columns = distinct_columns(texts, place)
            continue
        if len(texts) > len(columns):
            coordinate = cells[len(columns) :][next(i for i, text in enumerate(texts[len(columns) :]) if text is not None)].coordinate
            yield BadRow(place, f"cell {coordinate} is outside of the {len(columns)} columns of the header")
            continue
        values: dict[str, Any] = dict.fromkeys(columns)
        values.update(zip(columns, texts, strict=False))
        try:
            check_texts(values)
        except BadRowError as error:
            yield BadRow(place, str(error))
        else:
            yield Record(number, values)


def as_seen(value: Any, number_format: str) -> str | None:
    """A cell as Excel shows it, but for dates: they are in ISO 8601, since what Excel shows depends on the machine's language.

    The formats `0`, `000`, `0.00`, `#,##0.00` and `0 %` and their like are followed; other numbers have up to 15 digits, as Excel
    keeps. Excel's errors (#N/A) are missing values.
    """
    if isinstance(value, str):
        return None if _ERROR.fullmatch(value) else _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, number_format)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _number(value: float, number_format: str) -> str:
    pattern = _DECIMALS.fullmatch(number_format.replace(" ", "").replace('"%"', "%"))
    if not pattern:
        return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    thousands, whole, decimals, percent = pattern.groups()
    places = len(decimals or "")
    with localcontext(_AS_EXCEL):  # halves away from zero, and 0.125 as it is written rather than as a float stores it
        text = f"{Decimal(repr(value)) * (100 if percent else 1):{',' if thousands else ''}.{places}f}"
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    width = len(whole) + (places + 1 if places else 0)
    return sign + digits.zfill(width) + (percent or "")
