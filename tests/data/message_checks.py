"""Checks of error messages."""

from __future__ import annotations


def assert_contains(message: str, *parts: str) -> None:
    """Fail with the whole message if it lacks any of the parts."""
    for part in parts:
        assert part in message, f"{part!r} not in: {message}"
