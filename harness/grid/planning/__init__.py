"""From a request to a plan: every name resolved, every problem found before anything is spent."""

from harness.grid.planning.grid_file import read_grid
from harness.grid.planning.plan import Planned, make_plan, read_tasks
from harness.grid.planning.request import Request, make_request
from harness.grid.planning.vocabulary import vocabulary

__all__ = [
    "Planned",
    "Request",
    "make_plan",
    "make_request",
    "read_grid",
    "read_tasks",
    "vocabulary",
]
