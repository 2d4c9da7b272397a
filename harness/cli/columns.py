"""The width of tables that the environment asks for."""

from __future__ import annotations

import os

_LEAST = 20


def table_width() -> int | None:
    """`COLUMNS`, in characters; None where it is not set, so that a terminal decides and a file or a pipe gets whole tables."""
    columns = os.environ.get("COLUMNS", "")
    return max(int(columns), _LEAST) if columns.isdecimal() else None
