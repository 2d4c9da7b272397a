"""Corrected texts without our changes for display, which must not become training data.

Pages and spreadsheets write invisible characters as ⟦U+200F⟧, a CSV has an apostrophe before what would begin a formula, and all formats
cut very long texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.text import escape_formula

_SYMBOL = re.compile("⟦U\\+([0-9A-F]{4,6})⟧")
_CUT = re.compile(r"… \[[\d,]+ more characters\]")


def is_unchanged(text: str, outputs: Sequence[str]) -> bool:
    """Whether a text equals one of the outputs, apart from line ends and surrounding white space."""
    return any(_normalize(text) == _normalize(output) for output in outputs)


def restore_text(text: str, shown: Sequence[str], *, from_spreadsheet: bool) -> str:
    """The text as the rater means it.

    Args:
        shown: the outputs and inputs that the rater saw, in their original form.
        from_spreadsheet: whether the text may begin with an apostrophe of ours.

    Raises:
        ValueError: the text contains our mark of a cut text.
    """
    if _CUT.search(text) and not any(_CUT.search(original) for original in shown):
        raise ValueError("contains the mark of a text that was shortened for display. Write out the whole text")
    restored = _SYMBOL.sub(lambda match: _restore_character(match, shown), text)
    has_apostrophe = restored.startswith("'") and escape_formula(restored[1:]) == restored
    if from_spreadsheet and has_apostrophe and any(escape_formula(original) != original for original in shown):
        restored = restored[1:]
    return restored


def _restore_character(match: re.Match[str], shown: Sequence[str]) -> str:
    """The character itself if a text that was shown contains it; otherwise the rater typed the symbol."""
    number = int(match.group(1), 16)
    character = chr(number) if number < 0x110000 else ""
    return character if character and any(character in original for original in shown) else match.group()


def _normalize(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
