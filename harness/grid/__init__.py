"""The grid: tasks × models × strategies × seeds, planned, scheduled a process a cell, resumed where it stopped."""

from harness.grid.execution.run import Listener, execute
from harness.grid.planning.grid_file import read_grid
from harness.grid.planning.plan import Planned, make_plan, read_tasks
from harness.grid.planning.request import Request, request_of
from harness.grid.planning.vocabulary import vocabulary

__all__ = ["Listener", "Planned", "Request", "execute", "make_plan", "read_grid", "read_tasks", "request_of", "vocabulary"]
