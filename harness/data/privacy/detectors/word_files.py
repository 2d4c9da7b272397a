"""Lists of names and words, one a line; the head of each file states its source."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "word_lists"


def split_words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


@cache
def read_words(name: str) -> frozenset[str]:
    """The words of a list, in lower case."""
    lines = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line.casefold() for line in lines if line and not line.startswith("#"))


@cache
def read_list(name: str) -> tuple[str, ...]:
    """The words of a list as they are written, in its order."""
    lines = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))
