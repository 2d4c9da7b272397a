"""The page that shows which model fits which device, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from harness.forecast import SizingRow
from harness.reporting.wording import sizing_texts


def sizing_to_markdown(rows: Iterable[SizingRow]) -> str:
    """The whole page."""
    headings = sizing_texts.headings()
    lines = [f"# {sizing_texts.TITLE}", "", sizing_texts.INTRODUCTION, "", f"| {' | '.join(headings)} |", "| --- " * len(headings) + "|"]
    lines += [f"| {' | '.join(sizing_texts.describe_row(row))} |" for row in rows]
    return "\n".join([*lines, "", *sizing_texts.LEGEND, "", *sizing_texts.notes()]) + "\n"
