"""Text that models, files and users wrote, made fit to be shown.

Everything that a reader sees goes through `visible`: a model may answer with characters that reorder the line around them (bidi
controls), move the cursor of a terminal (ANSI codes), show nothing at all (zero width), or go on for a megabyte.
"""

from __future__ import annotations

import re
from functools import lru_cache

# What a browser or a terminal acts on, or hides, instead of showing it:
_UNSEEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and newline, C1 (ESC and CSI among them)
    "\u00ad\u061c\u180e\u200b\u200e\u200f"  # soft hyphen, marks of direction, zero width space
    "\u2028-\u202e\u2060-\u206f"  # line separators, bidi embeddings and isolates, invisible operators
    "\ud800-\udfff\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff"  # lone surrogates, the byte order mark, noncharacters
    "\U000e0000-\U000e0fff"  # tags: a second, unseen text
    "]"
)
_NEWLINES = re.compile(r"\r\n?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet runs


def visible(text: str, limit: int | None = None) -> str:
    """The text with every character that would not be seen written as ⟦U+202E⟧; tabs and newlines stay.

    Args:
        limit: characters to keep; the number of those left out is put behind.
    """
    left_out = len(text) - limit if limit is not None else 0
    kept = _NEWLINES.sub("\n", text[:limit])
    shown = _UNSEEN.sub(lambda match: _symbol(match.group()), kept)
    return f"{shown}… [{left_out:,} more characters]" if left_out > 0 else shown


def one_line(text: str, limit: int | None = None) -> str:
    """`visible`, with runs of white space as single spaces: for table cells, titles and the terminal."""
    head = text if limit is None else text[: 4 * limit]  # white space may shrink; a megabyte need not be read for a table cell
    flat = " ".join(head.split(None))
    if limit is None or len(flat) <= limit:
        return visible(flat)
    return visible(flat[: limit - 1]) + "…"


def short(text: str, limit: int) -> str:
    """`one_line`, cut in the middle: names of strategies differ at their start (the strategy) and at their end (the size)."""
    flat = " ".join(text.split(None))
    if len(flat) <= limit:
        return visible(flat)
    tail = (limit - 1) // 2
    return visible(f"{flat[: limit - 1 - tail]}…{flat[len(flat) - tail :]}")


def inert(text: str) -> str:
    """A text that no spreadsheet runs: one that would begin a formula stands behind an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA) else text


@lru_cache(maxsize=512)
def _symbol(character: str) -> str:
    return f"⟦U+{ord(character):04X}⟧"


def plural(number: int, noun: str) -> str:
    """'1 seed', '2 seeds'."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
