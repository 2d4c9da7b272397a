"""From a request to a plan: every name resolved, every problem found before anything is spent."""

from harness.grid.planning.plan import Planned

__all__ = [
    "Planned",
]
