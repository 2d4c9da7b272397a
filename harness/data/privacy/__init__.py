"""Finds identifiers of people in texts and replaces them. Patterns are checked; what no pattern fits remains."""

from __future__ import annotations

from harness.data.privacy.anonymizer import (
    MODES,
    AnonymizedRow,
    Anonymizer,
    Finder,
    Mode,
    ReplacedPart,
    encode_changes,
    restore_row,
)
from harness.data.privacy.detectors import KINDS, Identifier, Kind, find_identifiers
from harness.data.privacy.keys import create_key, new_key, parse_key, read_key
from harness.data.privacy.mapping_file import MappingFile, MappingWriter
from harness.data.privacy.model_finder import load_model_finder
from harness.data.privacy.rows_out import RowWriter, check_format
from harness.data.privacy.sample import RowSample, SampledText, SampleMarks, read_marks
from harness.data.privacy.text_guard import TextGuard, count_identifiers
from harness.data.privacy.withheld import nameable_columns, tag_identifiers, withhold_values

__all__ = [
    "KINDS",
    "MODES",
    "AnonymizedRow",
    "Anonymizer",
    "Finder",
    "Identifier",
    "Kind",
    "MappingFile",
    "MappingWriter",
    "Mode",
    "ReplacedPart",
    "RowSample",
    "RowWriter",
    "SampleMarks",
    "SampledText",
    "TextGuard",
    "check_format",
    "count_identifiers",
    "create_key",
    "encode_changes",
    "find_identifiers",
    "load_model_finder",
    "nameable_columns",
    "new_key",
    "parse_key",
    "read_key",
    "read_marks",
    "restore_row",
    "tag_identifiers",
    "withhold_values",
]
