"""Sentences of any script, and windows of a long text: what models that compare two texts are given."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_END = re.compile(r"\n+|(?<=[.!?])\s+|(?<=[。！？।])")


def split_sentences(text: str) -> list[str]:
    """The sentences and lines of a text that have letters or digits."""
    return [part.strip() for part in _END.split(text) if any(c.isalnum() for c in part)]


def windows(parts: Sequence[str], count_tokens: Callable[[str], int], most: int) -> list[str]:
    """The parts joined into texts of at most `most` tokens; a longer part is alone. They overlap by about half."""
    sizes = [count_tokens(part) for part in parts]
    texts: list[str] = []
    start = 0
    while start < len(parts):
        end, total = start, 0
        while end < len(parts) and (end == start or total + sizes[end] <= most):
            total += sizes[end]
            end += 1
        texts.append(" ".join(parts[start:end]))
        if end == len(parts):
            break
        start = max(start + 1, (start + end) // 2)
    return texts
