"""From a plan to results: one process per cell, progress, resumption."""

from harness.grid.execution.run import Listener, execute
from harness.grid.execution.stored_columns import keep_named_columns

__all__ = [
    "Listener",
    "execute",
    "keep_named_columns",
]
