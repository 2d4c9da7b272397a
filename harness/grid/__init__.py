"""The grid: tasks × models × strategies × seeds, planned, scheduled a process a cell, resumed where it stopped."""

from harness.grid.execute import Listener, execute
from harness.grid.gridfile import read_grid
from harness.grid.plan import Planned, make_plan, read_tasks
from harness.grid.request import Request, request_of
from harness.grid.vocabulary import vocabulary

__all__ = ["Listener", "Planned", "Request", "execute", "make_plan", "read_grid", "read_tasks", "request_of", "vocabulary"]
