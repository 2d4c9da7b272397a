"""What makes two rows the same: stable digests, row ids, and an index of all rows of a task."""

from harness.data.identity.digests import (
    digest_test_set,
    example_digest,
    hash_value,
    normalized_example_digest,
    normalized_inputs,
    normalized_inputs_digest,
    seeded_rank,
    seeded_rank_number,
    splits_digest,
)
from harness.data.identity.row_ids import RowIds
from harness.data.identity.row_index import RowIndex, RowNumbers

__all__ = [
    "RowIds",
    "RowIndex",
    "RowNumbers",
    "digest_test_set",
    "example_digest",
    "hash_value",
    "normalized_example_digest",
    "normalized_inputs",
    "normalized_inputs_digest",
    "seeded_rank",
    "seeded_rank_number",
    "splits_digest",
]
