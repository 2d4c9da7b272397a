"""Plain listings on standard output: aligned columns that other programs can split as well."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.wording import printable
from harness.errors import BenchError


def print_entries(entries: Sequence[Sequence[str]], problems: Sequence[str]) -> None:
    """Print rows in aligned columns, the last one with free width. Then raise the problems.

    Raises:
        BenchError: with the problems, if there are any.
    """
    rows = [[" ".join(printable(cell).split()) for cell in row] for row in entries]
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(len(rows[0]) - 1)] if rows else []
    for row in rows:
        click.echo("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip())
    if problems:
        raise BenchError(problems)


def print_file(file: Path) -> None:
    """Print a file unchanged, after a comment with its path."""
    click.echo(f"# {file}")
    click.echo(file.read_text(encoding="utf-8"), nl=False)
