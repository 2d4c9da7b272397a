"""What the user asks for: a request or a grid file, and the tasks and strategies that it names."""

from harness.grid.request.cell_selectors import Exclusion, Override
from harness.grid.request.grid_file import read_grid
from harness.grid.request.number_checks import check_numbers
from harness.grid.request.request import Request, make_request
from harness.grid.request.requested_models import RequestedModel, begin_to_read_models, find_models
from harness.grid.request.requested_strategies import BASE, apply_overrides, resolve_strategies
from harness.grid.request.requested_tasks import resolve_tasks
from harness.grid.request.search_request import read_search

__all__ = [
    "BASE",
    "Exclusion",
    "Override",
    "Request",
    "RequestedModel",
    "apply_overrides",
    "begin_to_read_models",
    "check_numbers",
    "find_models",
    "make_request",
    "read_grid",
    "read_search",
    "resolve_strategies",
    "resolve_tasks",
]
