"""Tables that fit into a width: texts are broken between words, then the least needed columns are left out. Numbers are never broken."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.text import wrap_words

UNLIMITED = 10_000  # the width of a file


@dataclass(frozen=True)
class Column:
    """A column of texts.

    Attributes:
        expendable: how early it is left out where there is no room; 0 for never.
        is_number: whether it is aligned to the right and never broken.
        narrowest: the width to which a text may be narrowed, in characters; longer words stay whole. 0 for not at all.
    """

    heading: str
    cells: tuple[str, ...]
    expendable: int = 0
    is_number: bool = True
    narrowest: int = 0

    def width(self) -> int:
        """The longest line, in characters."""
        return max(len(line) for text in (self.heading, *self.cells) for line in (text.splitlines() or [""]))

    def narrow_to(self, width: int) -> Column:
        """The column with lines of at most `width` characters, or of its longest word."""
        texts = [_wrap(text, max(width, self.narrowest)) for text in (self.heading, *self.cells)]
        return replace(self, heading=texts[0], cells=tuple(texts[1:]))


def fit_table(columns: Sequence[Column], width: int, styles: Sequence[str] = ()) -> Table:
    """A table of at most `width` characters; wider only where the columns that have to stay need more.

    Args:
        styles: of each row; by default none.
    """
    columns = list(columns)
    while True:
        narrowed = _narrow(columns, width)
        if _natural_width(narrowed) <= width or not any(column.expendable for column in columns):
            return _build(narrowed, styles)
        least = max(columns, key=lambda column: column.expendable)
        columns = [column for column in columns if column is not least]


def natural_width(table: Table) -> int:
    """The width of a table that is not squeezed, in characters."""
    return Console(width=UNLIMITED, file=io.StringIO()).measure(table).maximum


def _narrow(columns: Sequence[Column], width: int) -> list[Column]:
    """The columns with their texts broken as far as needed, one column after the other."""
    narrowed = list(columns)
    for place, column in enumerate(columns):
        excess = _natural_width(narrowed) - width
        if excess > 0 and column.narrowest:
            narrowed[place] = column.narrow_to(column.width() - excess)
    return narrowed


def _natural_width(columns: Sequence[Column]) -> int:
    return natural_width(_build(columns, ()))


def _build(columns: Sequence[Column], styles: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for column in columns:
        table.add_column(Text(column.heading), justify="right" if column.is_number else "left", no_wrap=True, overflow="fold")
    rows = zip(*(column.cells for column in columns), strict=True)
    for place, row in enumerate(rows):
        table.add_row(*map(Text, row), style=styles[place] if styles else "")
    return table


def _wrap(text: str, width: int) -> str:
    return "\n".join(wrap_words(text, width)) or text
