"""Spreadsheets that raters return: CSV, TSV and XLSX."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.data.formats import open_table
from harness.data.records import BadRow
from harness.errors import BenchError
from harness.review.packets import Packet, list_error_kinds, list_questions
from harness.review.rater_files.file_columns import (
    COMMENT,
    CORRECTED,
    INPUT_PREFIX,
    ITEM,
    KIND_PREFIX,
    OUTPUT,
    PACKET,
    RATER,
    list_output_columns,
)
from harness.review.rater_files.label_studio_reader import is_label_studio_table, list_missing_tags, read_flat_row
from harness.review.rater_files.returned_rows import ReturnedRow, quote, to_text

SPREADSHEETS = (".csv", ".tsv", ".xlsx")
# What people and spreadsheet programs write into a column that is ticked with an x.
_MARKED = ("x", "yes", "true", "1", "ja", "wahr", "oui", "vrai", "sí", "✓", "✔")
_UNMARKED = ("", "no", "false", "0", "nein", "falsch", "non", "faux", "-")


def read_spreadsheet(path: Path, packets: Mapping[str, Packet]) -> Iterator[ReturnedRow | str]:
    """The rows of a returned spreadsheet, ours or Label Studio's CSV export; a text is the reason why a row cannot be read.

    Raises:
        BenchError: the file is not a table, or not one of a review, or has no column for a question.
    """
    table = open_table(path)
    is_first = True
    for record in table.rows():
        if isinstance(record, BadRow):
            yield str(record)
            continue
        values = {str(name).strip().casefold(): to_text(value) for name, value in record.values.items()}
        if ITEM not in values or PACKET not in values:
            raise BenchError(f"{path.name}: is not a file of a review: it has no columns '{ITEM}' and '{PACKET}'.")
        packet = packets.get(values[PACKET].strip())
        of_label_studio = is_label_studio_table(values)
        if is_first and packet is not None:
            yield from _find_missing_columns(path.name, packet, values, of_label_studio=of_label_studio)
        is_first = False
        place = table.location(record.line)
        yield read_flat_row(place, values, packet) if of_label_studio else _read_row(place, values, packet)


def _find_missing_columns(name: str, packet: Packet, values: Mapping[str, str], *, of_label_studio: bool) -> Iterator[str]:
    """Columns of the packet that the table lacks; Label Studio leaves out empty columns.

    Raises:
        BenchError: a question has no column, so that the whole file has no answers.
    """
    questions = [question.name for question in list_questions(packet)]
    missing = list_missing_tags(questions, values) if of_label_studio else _list_missing(questions, values)
    if missing:
        columns = [column for column in values if not column.startswith((INPUT_PREFIX, OUTPUT))]
        raise BenchError(f"{name}: has no column '{missing[0]}' with the answers. Its columns are {', '.join(map(quote, columns))}.")
    optional = [] if of_label_studio else [*(f"{KIND_PREFIX}{kind}" for kind in list_error_kinds(packet)), CORRECTED, COMMENT]
    for column in _list_missing(optional, values):
        yield f"{name}: has no column '{column}', so none of its values were imported"


def _list_missing(columns: Sequence[str], values: Mapping[str, str]) -> list[str]:
    return [column for column in columns if column.casefold() not in values]


def _read_row(place: str, values: Mapping[str, str], packet: Packet | None) -> ReturnedRow:
    questions = [question.name for question in list_questions(packet)] if packet else []
    marks = {
        kind: values.get(f"{KIND_PREFIX}{kind}".casefold(), "").strip().casefold() for kind in (list_error_kinds(packet) if packet else ())
    }
    invalid = [f"{KIND_PREFIX}{kind}: '{quote(mark)}' is neither x nor empty" for kind, mark in marks.items() if not _is_mark(mark)]
    return ReturnedRow(
        place=place,
        item=values[ITEM].strip(),
        packet=values[PACKET].strip(),
        rater=values.get(RATER, "").strip(),
        answers={name: values.get(name.casefold(), "").strip() for name in questions},
        kinds=tuple(kind for kind, mark in marks.items() if mark in _MARKED),
        corrected=values.get(CORRECTED, ""),
        comment=values.get(COMMENT, ""),
        outputs=tuple(values[name] for name in map(str.casefold, list_output_columns(packet.mode)) if name in values) if packet else (),
        problem=invalid[0] if invalid else None,
    )


def _is_mark(text: str) -> bool:
    return text in _MARKED or text in _UNMARKED
