"""Tables and texts on a terminal, in a file or in a pipe: nothing is cut, and characters that an encoding lacks never fail."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.reporting.terminal.fitted_table import UNLIMITED, Column, fit_table, natural_width
from harness.reporting.wording import text_table
from harness.text import one_line

_NARROWEST = 14  # characters to which a column of texts is narrowed


def table_width(console: Console, width: int | None = None) -> int:
    """The width available for tables: the one asked for, else that of the terminal; without one there is no limit."""
    return width or (console.width if console.is_terminal else UNLIMITED)


def build_table(table: text_table.TextTable, width: int) -> Table:
    """A table of texts for a terminal."""
    columns = [
        Column(
            one_line(name, 60),
            tuple(one_line(row[place], 200) for row in table.rows),
            is_number=table.numeric[place],
            narrowest=0 if table.numeric[place] else _NARROWEST,
        )
        for place, name in enumerate(table.columns)
    ]
    return fit_table(columns, width)


def print_table(console: Console, table: Table, width: int) -> None:
    """Print the table at its natural width; without a terminal, rich would squeeze it into 80 columns."""
    if console.is_terminal and _unicode(console) and natural_width(table) <= width:
        console.print(table)
        return
    plain = Console(width=natural_width(table), file=io.StringIO(), color_system=None)
    plain.print(table)
    written = plain.file.getvalue() if isinstance(plain.file, io.StringIO) else ""
    print_text(console, Text("\n".join(line.rstrip() for line in written.splitlines())))


def print_text(console: Console, text: Text) -> None:
    """Print a text, with question marks for characters that the terminal's encoding lacks."""
    if not _unicode(console):
        text = Text(text.plain.encode(console.encoding, "replace").decode(console.encoding))
    console.print(text, soft_wrap=True, highlight=False)


def _unicode(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")
