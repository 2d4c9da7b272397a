"""A table of texts with its title, headings and footnote."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TextTable:
    """A table whose cells are ready to print. `numeric` tells for each column whether it holds numbers; `under` is the footnote."""

    title: str
    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    under: str = ""
