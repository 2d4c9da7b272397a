"""A rater's judgements as a spreadsheet: XLSX with drop-downs, and CSV. No text in them runs as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.review.packets.making import Item
from harness.review.packets.packet import Packet, columns_of
from harness.store import write_atomically
from harness.text import inert, visible

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

ITEM, PACKET, RATER, CORRECTED, COMMENT = "item", "packet", "rater", "corrected text", "comment"
KIND = "error: "  # before each kind of error, in a column of its own: an x says that it is there
_CELL = 32_000  # characters: Excel holds 32,767


def header_of(packet: Packet, items: Sequence[Item]) -> list[str]:
    """The columns: what it is about, what to read, what to answer."""
    names = list(dict.fromkeys(name for item in items for name, _ in item.inputs))
    outputs = ["A", "B"] if packet.mode == "pairwise" else ["output"]
    reference = ["reference"] if packet.with_reference else []
    return [ITEM, PACKET, RATER, *(f"input: {name}" for name in names), *reference, *(f"text {o}" for o in outputs), *answers_of(packet)]


def answers_of(packet: Packet) -> list[str]:
    """The columns that the rater fills in."""
    kinds = [f"{KIND}{name}" for name in packet.questions.errors] if packet.mode == "errors" else []
    return [*columns_of(packet), *kinds, CORRECTED, COMMENT]


def rows_of(packet: Packet, rater: str, items: Sequence[Item]) -> list[list[str]]:
    """A row a judgement, with nothing answered."""
    names = list(dict.fromkeys(name for item in items for name, _ in item.inputs))
    rows = []
    for item in items:
        given = dict(item.inputs)
        references = [_shown(" | ".join(item.references))] if packet.with_reference else []
        texts = [_shown(given.get(name, "")) for name in names] + references + [_shown(text) for text in item.outputs]
        rows.append([item.id, packet.id, rater, *texts, *([""] * len(answers_of(packet)))])
    return rows


def to_csv(packet: Packet, rater: str, items: Sequence[Item]) -> str:
    """UTF-8 with a byte order mark, by which Excel knows it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([inert(name) for name in header_of(packet, items)])
    writer.writerows([[inert(value) for value in row] for row in rows_of(packet, rater, items)])
    return "\ufeff" + text.getvalue()


def write_xlsx(path: Path, packet: Packet, rater: str, items: Sequence[Item]) -> None:
    """A workbook: the judgements with drop-downs on the first sheet, how to rate on the second."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet, guide = book.worksheets[0], book.create_sheet("how to rate")
    sheet.title = "judgements"
    guide.column_dimensions["A"].width = 110
    for number, sentence in enumerate(_guide(packet), 1):
        _put(guide, number, 1, sentence)
        guide.cell(number, 1).alignment = Alignment(wrap_text=True, vertical="top")
    header = header_of(packet, items)
    for column, name in enumerate(header, 1):
        _put(sheet, 1, column, name)
        sheet.cell(1, column).font = Font(bold=True)
        wide = name.startswith(("input", "text", "reference")) or name == CORRECTED
        sheet.column_dimensions[get_column_letter(column)].width = 60 if wide else 16
    for number, row in enumerate(rows_of(packet, rater, items), 2):
        for column, value in enumerate(row, 1):
            if value:
                _put(sheet, number, column, value)
                sheet.cell(number, column).alignment = Alignment(wrap_text=True, vertical="top")
            elif header[column - 1] in (CORRECTED, COMMENT):
                sheet.cell(number, column).number_format = "@"  # text: 1/2 is no date
    _drop_downs(sheet, packet, header, len(items))
    sheet.freeze_panes = "D2"
    write_atomically(path, book.save)


def _drop_downs(sheet: Worksheet, packet: Packet, header: Sequence[str], rows: int) -> None:
    """Lists of answers; long ones and those with commas stand on a hidden sheet, since a list in a cell holds neither."""
    from openpyxl.utils import get_column_letter, quote_sheetname
    from openpyxl.worksheet.datavalidation import DataValidation

    assert sheet.parent is not None  # it is in a workbook
    lists = sheet.parent.create_sheet("answers")
    lists.sheet_state = "hidden"
    options = {**columns_of(packet), **{name: ("x",) for name in header if name.startswith(KIND)}}
    for number, (name, answers) in enumerate(options.items(), 1):
        for place, answer in enumerate(answers, 1):
            _put(lists, place, number, answer)
        letter = get_column_letter(number)
        source = f"{quote_sheetname(lists.title)}!${letter}$1:${letter}${len(answers)}"
        check = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=True)
        check.error = f"Choose one of: {', '.join(answers)}"[:220]
        sheet.add_data_validation(check)
        column = get_column_letter(header.index(name) + 1)
        check.add(f"{column}2:{column}{rows + 1}")


def _put(sheet: Worksheet, row: int, column: int, text: str) -> None:
    """A text as a text: openpyxl takes what begins with '=' for a formula, and what looks like an error for one."""
    cell: Any = sheet.cell(row, column)
    cell.value = text
    cell.data_type = "s"
    if inert(text) != text:
        cell.quotePrefix = True


def _guide(packet: Packet) -> list[str]:
    questions = packet.questions
    asked = {
        "pairwise": [f"{questions.preference} In the column 'preference' choose A, B, tie or both bad."],
        "scales": [f"{scale.name}: {scale.question} ({', '.join(scale.answers)})" for scale in questions.scales],
        "errors": [
            "In the column 'severity' choose none, minor or critical: the worst error of the output.",
            "Put an x in the column of each kind of error that it has.",
        ],
    }[packet.mode]
    more = "If you would change a text, write it as it should be in 'corrected text'. A comment is welcome."
    return [questions.instructions, *asked, more, "Leave the other columns as they are, save, and send this file back."]


def _shown(text: str) -> str:
    """A text as a cell holds it, with the mark of a cut if it does not hold all; what nobody could see is longer when it is written out."""
    limit = _CELL
    while len(shown := visible(text, limit)) > _CELL + 100:
        limit = limit * 2 // 3
    return shown
