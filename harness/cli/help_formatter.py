"""Help whose lines are broken at spaces only, so that the options, commands and files in it can be copied."""

from __future__ import annotations

from collections.abc import Iterable

import click

_HYPHEN = "\ue010"  # a private-use character, at which no line is broken


class HelpFormatter(click.HelpFormatter):
    """Writes help as click does, which also breaks lines after hyphens: `--train-` on one line, and `sizes` on the next."""

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        super().write_text(text.replace("-", _HYPHEN))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write a list of options or commands with what they do."""
        super().write_dl([(name, text.replace("-", _HYPHEN)) for name, text in rows], col_max, col_spacing)

    def getvalue(self) -> str:
        """The help."""
        return super().getvalue().replace(_HYPHEN, "-")
