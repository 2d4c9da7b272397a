"""Prepare text from models, files and users for display.

Everything that people see goes through `visible`, because a model may write characters that reorder the text around them (bidi controls),
move the cursor of a terminal (ANSI codes) or are invisible (zero width), and it may write a megabyte of them.
"""

from __future__ import annotations

import re
import textwrap
from functools import lru_cache

# Characters that a browser or a terminal obeys or hides instead of showing them:
_NOT_VISIBLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 except tab and newline, and C1, among them ESC and CSI
    "\u00ad\u061c\u180e\u200b\u200e\u200f"  # soft hyphen, direction marks, zero width space
    "\u2028-\u202e\u2060-\u206f"  # line separators, bidi embeddings and isolates, invisible operators
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff"  # lone surrogates, the byte order mark, noncharacters
    "\U000e0000-\U000e0fff"  # tags, which can hide a second text
    "]"
)
_NEWLINES = re.compile(r"\r\n?")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet runs text that starts with one of these


def visible(text: str, limit: int | None = None) -> str:
    """Write every invisible character as ⟦U+202E⟧; keep tabs and newlines.

    Args:
        limit: the number of characters to keep. The number of omitted characters is appended.
    """
    omitted = len(text) - limit if limit is not None else 0
    kept = _NEWLINES.sub("\n", text[:limit])
    escaped = _NOT_VISIBLE.sub(lambda match: _symbol(match.group()), kept)
    return f"{escaped}… [{omitted:,} more characters]" if omitted > 0 else escaped


def one_line(text: str, limit: int | None = None) -> str:
    """`visible` text on one line, for table cells, titles and the terminal: runs of white space become single spaces."""
    head = text if limit is None else text[: 4 * limit]  # leaves room for white space to collapse, without reading a megabyte
    flat = " ".join(head.split(None))
    if limit is None or len(flat) <= limit:
        return visible(flat)
    return visible(flat[: limit - 1]) + "…"


def short(text: str, limit: int) -> str:
    """`one_line`, cut in the middle, because labels of strategies differ at the start (the strategy) and at the end (the size)."""
    flat = " ".join(text.split(None))
    if len(flat) <= limit:
        return visible(flat)
    tail = (limit - 1) // 2
    return visible(f"{flat[: limit - 1 - tail]}…{flat[len(flat) - tail :]}")


def wrap_words(text: str, width: int, *, first: str = "", further: str = "") -> list[str]:
    """The text in lines that are broken at spaces only, so that options and paths of a command can be copied.

    Args:
        width: of a line in characters; a longer word has a longer line of its own.
        first, further: what the first line and the others begin with.
    """
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=further, break_long_words=False, break_on_hyphens=False)


def escape_formula(text: str) -> str:
    """Prefix text that a spreadsheet would run as a formula with an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def replace_surrogates(text: str) -> str:
    """Text that UTF-8 can hold: a lone surrogate, which is half of a character, becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


@lru_cache(maxsize=512)
def _symbol(character: str) -> str:
    return f"⟦U+{ord(character):04X}⟧"


def plural(number: int, noun: str) -> str:
    """A count with its noun: "1 seed", "2 seeds"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
