"""The width of tables that the environment asks for."""

from __future__ import annotations

import os

_LEAST, _MOST = 20, 10_000  # characters


def requested_width() -> int | None:
    """`COLUMNS`, in characters; None where it is not set, so that a terminal decides and a file or a pipe gets whole tables."""
    columns = os.environ.get("COLUMNS", "")
    if not (columns.isascii() and columns.isdecimal()):
        return None
    return _MOST if len(columns) > len(str(_MOST)) else min(max(int(columns), _LEAST), _MOST)
