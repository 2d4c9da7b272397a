"""The grid: tasks × models × strategies × seeds, planned, scheduled a process a cell, resumed where it stopped."""

from harness.grid.execution import Listener, execute
from harness.grid.planning import Planned, Request, make_plan, make_request, read_grid, read_tasks, vocabulary

__all__ = ["Listener", "Planned", "Request", "execute", "make_plan", "make_request", "read_grid", "read_tasks", "vocabulary"]
