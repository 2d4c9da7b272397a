"""The page that shows which model fits which device, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.reporting.wording import sizing_texts

if TYPE_CHECKING:  # reading a run imports no engine, on which forecasts rest
    from harness.forecast import SizingRow


def sizing_to_markdown(rows: Iterable[SizingRow]) -> str:
    """The whole page."""
    headings = sizing_texts.headings()
    lines = [f"# {sizing_texts.TITLE}", "", sizing_texts.INTRODUCTION, "", f"| {' | '.join(headings)} |", "| --- " * len(headings) + "|"]
    lines += [f"| {' | '.join(sizing_texts.describe_row(row))} |" for row in rows]
    return "\n".join([*lines, "", *sizing_texts.LEGEND, "", *sizing_texts.notes()]) + "\n"
