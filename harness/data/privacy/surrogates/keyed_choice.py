"""Choices that look random, are the same for the same key and subject, and tell nothing without the key (HMAC-SHA256)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_SEPARATOR = "\x1f"


class KeyedChoice:
    """Draws from a key. Equal subjects get equal draws.

    Args:
        key: at least 16 random bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def number(self, below: int, *subject: str) -> int:
        """A number in 0…below-1 for a subject."""
        digest = hmac.new(self._key, _SEPARATOR.join(subject).encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return int.from_bytes(digest[:16], "big") % below

    def item(self, items: Sequence[T], *subject: str) -> T:
        """One of the items for a subject."""
        return items[self.number(len(items), *subject)]
