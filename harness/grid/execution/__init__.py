"""From a plan to results: one process per cell, progress, resumption."""

from harness.grid.execution.listener import Listener, Listeners
from harness.grid.execution.run import execute
from harness.grid.execution.stored_columns import keep_named_columns

__all__ = [
    "Listener",
    "Listeners",
    "execute",
    "keep_named_columns",
]
