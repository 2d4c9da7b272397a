"""The id of each row: the one that it was given, else a hash of its content; unique in the task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.data.formats import shown
from harness.data.mapping.row_index import Index

if TYPE_CHECKING:
    from harness.data.mapping.row_index import Places


class RowIds:
    """The ids of the rows of an index.

    Without an id column, an id is a hash of inputs and targets; exact repeats get '-2', '-3', … in the order given, so that the ids of
    test do not depend on what else is in train if test comes first. Given ids that clash between files (each file counts from 0)
    get the name of their file's place in front.

    Args:
        order: all rows, in the order in which repeats are numbered.
        places: by file, what is put in front where ids clash: the split, and the file's name if the split has several.
    """

    def __init__(self, index: Index, order: Sequence[Places], places: Sequence[str]) -> None:
        self._index, self._places = index, places
        self._repeats = _repeats(index, order)
        self.clash = _clash(index.ids)
        self.warnings = (
            [f"ids such as {shown(self.clash)} occur in more than one file: all ids got {_what(places)} in front"] if self.clash else []
        )

    def __getitem__(self, row: int) -> str:
        given = self._index.ids[row]
        if given:
            return f"{self._places[self._index.files[row]]}/{given}" if self.clash else given
        digest = f"{self._index.contents[row]:016x}"
        return f"{digest}-{self._repeats[row]}" if row in self._repeats else digest


def _what(places: Sequence[str]) -> str:
    return "the split's name" if set(places) <= {"train", "validation", "test"} else "the file's name"


def _clash(ids: Sequence[str]) -> str | None:
    """A given id that occurs twice. Within a file that is a bad row, so here it is in two files."""
    given = [name for name in ids if name]
    if len(set(given)) == len(given):
        return None
    return next(name for name, n in Counter(given).items() if n > 1)


def _repeats(index: Index, order: Sequence[Places]) -> dict[int, int]:
    """Of the rows without an id whose content an earlier row has: how many times it has occurred by then."""
    import numpy as np

    rows = np.concatenate([np.asarray(part, np.int64) for part in order])
    contents = index.column("contents", rows)
    by_content = np.argsort(contents, kind="stable")
    contents = contents[by_content]
    repeats: dict[int, int] = {}
    for place in np.flatnonzero((contents[1:] == contents[:-1]) & (contents[1:] != 0)) + 1:
        row, before = int(rows[by_content[place]]), int(rows[by_content[place - 1]])
        repeats[row] = repeats.get(before, 1) + 1
    return repeats
