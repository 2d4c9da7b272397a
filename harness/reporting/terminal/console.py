"""Tables and texts on a terminal, in a file or in a pipe: nothing is cut, and characters that an encoding lacks never fail."""

from __future__ import annotations

import io

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.reporting.wording import text_table
from harness.text import one_line

UNLIMITED = 10_000  # the width of a file


def build_table(table: text_table.TextTable) -> Table:
    """A table of texts for a terminal."""
    built = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name, is_numeric in zip(table.columns, table.numeric, strict=True):
        built.add_column(Text(one_line(name, 60)), justify="right" if is_numeric else "left", no_wrap=True, overflow="fold")
    for row in table.rows:
        built.add_row(*(Text(one_line(cell, 200)) for cell in row))
    return built


def natural_width(table: Table) -> int:
    """The width of a table that is not squeezed, in characters."""
    measure = Console(width=UNLIMITED, file=io.StringIO())
    return measure.measure(table).maximum


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
