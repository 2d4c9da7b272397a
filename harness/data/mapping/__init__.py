"""From a record to an example: which column has which role, and how values become text."""

from harness.data.mapping.column_roles import DEFAULT_COLUMNS, RESERVED_ROLES, FieldMap, column_hint, resolve_fields
from harness.data.mapping.nested_fields import MISSING, Columns, get_nested
from harness.data.mapping.record_mapper import MAX_LABELS, PromptVariables, map_record
from harness.data.mapping.split_column import map_split, map_time
from harness.data.mapping.unsupported_columns import find_media, find_preference_pair, media_problem, preference_problem

__all__ = [
    "DEFAULT_COLUMNS",
    "MAX_LABELS",
    "MISSING",
    "RESERVED_ROLES",
    "Columns",
    "FieldMap",
    "PromptVariables",
    "column_hint",
    "find_media",
    "find_preference_pair",
    "get_nested",
    "map_record",
    "map_split",
    "map_time",
    "media_problem",
    "preference_problem",
    "resolve_fields",
]
