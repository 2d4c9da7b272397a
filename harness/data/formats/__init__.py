"""One module per file format, and the place that picks one by extension."""

from harness.data.formats.files import READABLE, open_data, open_table, peek
from harness.data.formats.records import BadRow, BadRowError, BadRows, Record, Stream, Table, closest, listed, shown, unusable_text
from harness.data.formats.saved_datasets import Saved, given_splits, hub_data

__all__ = [
    "READABLE",
    "BadRow",
    "BadRowError",
    "BadRows",
    "Record",
    "Saved",
    "Stream",
    "Table",
    "closest",
    "given_splits",
    "hub_data",
    "listed",
    "open_data",
    "open_table",
    "peek",
    "shown",
    "unusable_text",
]
