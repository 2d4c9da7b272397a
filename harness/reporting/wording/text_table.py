"""A table of texts with its title, headings and footnote."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TextTable:
    """A table whose cells are ready to print.

    Attributes:
        numeric: for each column whether it holds numbers.
        under: the footnote.
        small: what stands in small type after the first cell of each row; may be empty.
    """

    title: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    under: str = ""
    small: tuple[str, ...] = ()
