"""From a record to an example: columns to roles, values to texts, ids."""

from harness.data.mapping.column_roles import DEFAULT_COLUMNS, RESERVED, FieldMap, instead, resolve_fields
from harness.data.mapping.digests import (
    example_digest,
    hash_of,
    inputs_digest,
    keyed_order,
    order_of,
    question_digest,
    same_inputs_digest,
    same_inputs_key,
    splits_digest,
)
from harness.data.mapping.examples import Variables, example_of
from harness.data.mapping.ids import RowIds
from harness.data.mapping.nested import MISSING, Columns, reach
from harness.data.mapping.row_index import Index, Places

__all__ = [
    "DEFAULT_COLUMNS",
    "MISSING",
    "RESERVED",
    "Columns",
    "FieldMap",
    "Index",
    "Places",
    "RowIds",
    "Variables",
    "example_digest",
    "example_of",
    "hash_of",
    "inputs_digest",
    "instead",
    "keyed_order",
    "order_of",
    "question_digest",
    "reach",
    "resolve_fields",
    "same_inputs_digest",
    "same_inputs_key",
    "splits_digest",
]
