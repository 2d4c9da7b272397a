"""From a plan to results: one process per cell, progress, resumption."""

from harness.grid.execution.run import Listener, execute

__all__ = [
    "Listener",
    "execute",
]
