"""Values and names inside messages: quoted, shortened, and with suggestions for typos."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from harness.errors import did_you_mean

SHOWN_NAMES = 20


def quote(value: object, limit: int = 60) -> str:
    """A value as a message quotes it: on one line, in single quotes, at most `limit` characters."""
    text = " ".join(str(value)[: 20 * limit].split())
    return f"'{text}'" if len(text) <= limit else f"'{text[: limit - 1]}…'"


def join_names(names: Iterable[str]) -> str:
    """Names separated by commas; after the first twenty, the number of the others."""
    names = list(names)
    dropped = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(names[:SHOWN_NAMES]) + dropped


def name_hint(name: str, known: Sequence[str]) -> str:
    """`did_you_mean` for lists that may be long: similar names, or the first twenty if none is similar."""
    similar = get_close_matches(name, known, n=2, cutoff=0.6)
    return did_you_mean(name, similar or known[:SHOWN_NAMES])
