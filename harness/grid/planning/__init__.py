"""From a request to a plan: every name resolved, every problem found before anything is spent."""

from harness.grid.planning.plan import Planned, make_plan
from harness.grid.planning.task_data import read_tasks
from harness.grid.planning.vocabulary import vocabulary

__all__ = [
    "Planned",
    "make_plan",
    "read_tasks",
    "vocabulary",
]
