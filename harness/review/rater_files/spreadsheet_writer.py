"""A rater's items as a spreadsheet: XLSX with drop-down lists, or CSV. No text in them can run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.review.packets import ItemTexts, Packet, explain_severities, list_error_kinds, list_questions
from harness.review.rater_files.file_columns import (
    COMMENT,
    CORRECTED,
    EARLIER,
    INPUT_PREFIX,
    ITEM,
    KIND_PREFIX,
    OUTPUT,
    PACKET,
    RATER,
    REFERENCE,
    list_output_columns,
)
from harness.store import write_atomically
from harness.text import escape_formula, visible

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_MAX_CELL_CHARACTERS = 32_000  # Excel allows 32,767


def render_csv(packet: Packet, rater: str, items: Sequence[ItemTexts]) -> str:
    """The items as CSV, with the byte order mark by which Excel recognizes UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([escape_formula(name) for name in _build_header(packet, items)])
    writer.writerows([[escape_formula(value) for value in row] for row in _build_rows(packet, rater, items)])
    return "\ufeff" + text.getvalue()


def write_xlsx(path: Path, packet: Packet, rater: str, items: Sequence[ItemTexts]) -> None:
    """Write a workbook: the items with drop-down lists on the first sheet, the instructions on the second."""
    from openpyxl import Workbook

    book = Workbook()
    sheet, instructions = book.worksheets[0], book.create_sheet("instructions")
    sheet.title = "ratings"
    _fill_instructions(instructions, packet)
    header = _build_header(packet, items)
    _fill_ratings(sheet, header, _build_rows(packet, rater, items))
    _add_drop_downs(sheet, packet, header, len(items))
    sheet.freeze_panes = "D2"
    write_atomically(path, book.save)


def _build_header(packet: Packet, items: Sequence[ItemTexts]) -> list[str]:
    """Column names: ids, then the texts to read, then the answers to fill in."""
    outputs = list_output_columns(packet.mode)
    texts = [
        *(f"{INPUT_PREFIX}{name}" for name in _list_input_names(items)),
        *([REFERENCE] if packet.with_reference else []),
        *outputs,
        *([EARLIER] if packet.shows_ratings else []),
    ]
    return [ITEM, PACKET, RATER, *texts, *_list_answer_columns(packet)]


def _list_answer_columns(packet: Packet) -> list[str]:
    kinds = [f"{KIND_PREFIX}{kind}" for kind in list_error_kinds(packet)]
    return [*(question.name for question in list_questions(packet)), *kinds, CORRECTED, COMMENT]


def _list_input_names(items: Sequence[ItemTexts]) -> list[str]:
    return list(dict.fromkeys(name for item in items for name, _ in item.inputs))


def _build_rows(packet: Packet, rater: str, items: Sequence[ItemTexts]) -> list[list[str]]:
    """One row per item, with empty answers."""
    rows = []
    for item in items:
        inputs = dict(item.inputs)
        references = [" | ".join(item.references)] if packet.with_reference else []
        earlier_answers = ["\n".join(item.earlier_answers)] if packet.shows_ratings else []
        texts = [*(inputs.get(name, "") for name in _list_input_names(items)), *references, *item.outputs, *earlier_answers]
        rows.append([item.id, packet.id, rater, *map(_fit_cell, texts), *([""] * len(_list_answer_columns(packet)))])
    return rows


def _fit_cell(text: str) -> str:
    """The text, cut with a mark where it exceeds a cell. Invisible characters are written out, so a text may grow before it is cut."""
    limit = _MAX_CELL_CHARACTERS
    while len(shown := visible(text, limit)) > _MAX_CELL_CHARACTERS + 100:
        limit = limit * 2 // 3
    return shown


def _fill_instructions(sheet: Worksheet, packet: Packet) -> None:
    from openpyxl.styles import Alignment

    sheet.column_dimensions["A"].width = 110
    for number, sentence in enumerate(_list_instructions(packet), 1):
        _write_text(sheet, number, 1, sentence)
        sheet.cell(number, 1).alignment = Alignment(wrap_text=True, vertical="top")


def _list_instructions(packet: Packet) -> list[str]:
    questions = [f"{q.text} Choose in column '{q.name}': {', '.join(q.answers)}." for q in list_questions(packet)]
    kinds = ["Put an x in the column of each kind of error that you find; none if there is no error."] if list_error_kinds(packet) else []
    return [
        packet.questions.instructions,
        *questions,
        *filter(None, [explain_severities(packet)]),
        *kinds,
        f"Optional: write a corrected version in '{CORRECTED}', and remarks in '{COMMENT}'.",
        "Do not change the other columns. Save the file and send it back.",
    ]


def _fill_ratings(sheet: Worksheet, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    for column, name in enumerate(header, 1):
        _write_text(sheet, 1, column, name)
        sheet.cell(1, column).font = Font(bold=True)
        is_wide = name.startswith((INPUT_PREFIX, OUTPUT)) or name in (REFERENCE, CORRECTED)
        sheet.column_dimensions[get_column_letter(column)].width = 60 if is_wide else 16
    for number, row in enumerate(rows, 2):
        for column, value in enumerate(row, 1):
            if value:
                _write_text(sheet, number, column, value)
                sheet.cell(number, column).alignment = Alignment(wrap_text=True, vertical="top")
            elif header[column - 1] in (CORRECTED, COMMENT):
                sheet.cell(number, column).number_format = "@"  # text, so that 1/2 does not become a date


def _add_drop_downs(sheet: Worksheet, packet: Packet, header: Sequence[str], rows: int) -> None:
    """Lists of answers, kept on a hidden sheet: a list inside a cell allows neither commas nor long lists."""
    from openpyxl.utils import get_column_letter, quote_sheetname
    from openpyxl.worksheet.datavalidation import DataValidation

    assert sheet.parent is not None  # it belongs to a workbook
    lists = sheet.parent.create_sheet("answers")
    lists.sheet_state = "hidden"
    options = {question.name: question.answers for question in list_questions(packet)}
    options |= {name: ("x",) for name in header if name.startswith(KIND_PREFIX)}
    for number, (name, answers) in enumerate(options.items(), 1):
        for position, answer in enumerate(answers, 1):
            _write_text(lists, position, number, answer)
        letter = get_column_letter(number)
        source = f"{quote_sheetname(lists.title)}!${letter}$1:${letter}${len(answers)}"
        validation = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=True)
        validation.error = f"Choose one of: {', '.join(answers)}"[:220]
        sheet.add_data_validation(validation)
        column = get_column_letter(header.index(name) + 1)
        validation.add(f"{column}2:{column}{rows + 1}")


def _write_text(sheet: Worksheet, row: int, column: int, text: str) -> None:
    """Write a text as a text: openpyxl would read a leading '=' as a formula, and '#N/A' as an error."""
    cell: Any = sheet.cell(row, column)
    cell.value = text
    cell.data_type = "s"
    if escape_formula(text) != text:
        cell.quotePrefix = True
