"""What every reader yields: records, rows that cannot be used, and the table that they belong to."""

from harness.data.records.bad_rows import BadRow, BadRowError, BadRows, EmptyCellError, is_pair
from harness.data.records.header import MAX_COLUMNS, check_column_count, parse_header
from harness.data.records.media import TEXT_ONLY, Media, media_of_bytes, media_of_extension, media_of_values
from harness.data.records.quoting import join_names, name_hint, quote
from harness.data.records.split_names import SPLIT_NAMES, parse_split
from harness.data.records.table import Preview, Record, Table, TableRows
from harness.data.records.text_checks import check_texts, find_unusable_text

__all__ = [
    "MAX_COLUMNS",
    "SPLIT_NAMES",
    "TEXT_ONLY",
    "BadRow",
    "BadRowError",
    "BadRows",
    "EmptyCellError",
    "Media",
    "Preview",
    "Record",
    "Table",
    "TableRows",
    "check_column_count",
    "check_texts",
    "find_unusable_text",
    "is_pair",
    "join_names",
    "media_of_bytes",
    "media_of_extension",
    "media_of_values",
    "name_hint",
    "parse_header",
    "parse_split",
    "quote",
]
