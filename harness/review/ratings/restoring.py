"""Texts that come back are changed back: what we changed to show them must not become training data.

A page and a sheet write characters that nobody could see as ⟦U+200F⟧, a CSV puts an apostrophe before what would begin a formula, and all
of them cut what is very long.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.text import inert

_SYMBOL = re.compile("⟦U\\+([0-9A-F]{4,6})⟧")
_CUT = re.compile(r"… \[[\d,]+ more characters\]")


def unchanged(text: str, outputs: Sequence[str]) -> bool:
    """Whether a text is one of the outputs as it was."""
    return any(_plain(text) == _plain(output) for output in outputs)


def restored(text: str, shown: Sequence[str], *, table: bool) -> str:
    """The text as the rater means it.

    Args:
        shown: the outputs and inputs that the rater saw, as they are.
        table: whether it comes from a spreadsheet, where an apostrophe may stand before it that is ours.

    Raises:
        ValueError: it holds the mark of a text that was cut.
    """
    if _CUT.search(text) and not any(_CUT.search(original) for original in shown):
        raise ValueError("it holds the mark of a text that was cut to be shown; write the text as a whole")
    found = _SYMBOL.sub(lambda match: _character(match, shown), text)
    if table and found.startswith("'") and inert(found[1:]) == found and any(inert(original) != original for original in shown):
        found = found[1:]
    return found


def _character(match: re.Match[str], shown: Sequence[str]) -> str:
    """The character itself, where a text that was shown has it; a rater may also have typed the symbol."""
    number = int(match.group(1), 16)
    character = chr(number) if number < 0x110000 else ""
    return character if character and any(character in original for original in shown) else match.group()


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
