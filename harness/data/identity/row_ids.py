"""The id of each row: as given in the file, else a hash of its content; unique within the task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.data.identity.row_index import RowIndex
from harness.data.records import quote

if TYPE_CHECKING:
    from harness.data.identity.row_index import RowNumbers


class RowIds:
    """The ids of the rows of an index.

    Without an id column, the id is a hash of inputs and targets. Exact repeats get the suffix '-2', '-3', … in the given order; with test
    first, the ids of test rows do not depend on the other splits. If given ids occur in several splits (each may count from 0), all are
    prefixed.

    Args:
        order: all rows, in the order in which repeats are numbered.
        prefixes: by file; its split. Files of one split share no id.

    Attributes:
        duplicate: a given id that occurs more than once, if there is one.
        warnings: lines for the data report.
    """

    def __init__(self, index: RowIndex, order: Sequence[RowNumbers], prefixes: Sequence[str]) -> None:
        self._index, self._prefixes = index, prefixes
        self._repeats = _count_repeats(index, order)
        self.duplicate = _find_duplicate(index.ids)
        self.warnings: list[str] = []
        if self.duplicate:
            self.warnings.append(
                f"ids such as {quote(self.duplicate)} occur in several splits: every id is prefixed with the name of its split"
            )

    def __getitem__(self, row: int) -> str:
        given_id = self._index.ids[row]
        if given_id:
            return f"{self._prefixes[self._index.files[row]]}/{given_id}" if self.duplicate else given_id
        digest = f"{self._index.content_hashes[row]:016x}"
        return f"{digest}-{self._repeats[row]}" if row in self._repeats else digest


def _find_duplicate(ids: Sequence[str]) -> str | None:
    """A given id that occurs twice. Repeats within one split are bad rows, so its rows are in different splits."""
    given_ids = [row_id for row_id in ids if row_id]
    if len(set(given_ids)) == len(given_ids):
        return None
    return next(row_id for row_id, count in Counter(given_ids).items() if count > 1)


def _count_repeats(index: RowIndex, order: Sequence[RowNumbers]) -> dict[int, int]:
    """For each row without an id that repeats the content of an earlier row: how many times the content has occurred by then."""
    import numpy as np

    rows = np.concatenate([np.asarray(part, np.int64) for part in order])
    hashes = index.column("content_hashes", rows)
    by_content = np.argsort(hashes, kind="stable")
    hashes = hashes[by_content]
    repeats: dict[int, int] = {}
    for position in np.flatnonzero((hashes[1:] == hashes[:-1]) & (hashes[1:] != 0)) + 1:
        row, previous = int(rows[by_content[position]]), int(rows[by_content[position - 1]])
        repeats[row] = repeats.get(previous, 1) + 1
    return repeats
