"""The shades of a table."""

from __future__ import annotations


def heat(count: int, of: int) -> int:
    """The shade, 0–5, of a cell of the confusion matrix by its share of the row; a count above 0 always has a shade."""
    return 0 if not count or not of else 1 + min(4, int(5 * count / of))
