"""From a plan to results: processes, progress, resumption."""

from harness.grid.execution.run import Listener, execute

__all__ = [
    "Listener",
    "execute",
]
