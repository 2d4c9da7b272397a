"""From a request to a plan: every name resolved, every problem found before anything is spent."""

from harness.grid.planning.cell_identity import trial_cell
from harness.grid.planning.forecasts import forecast_plan, forecast_request, group_forecasts, with_forecasts
from harness.grid.planning.hosted_hosts import (
    HostedRequest,
    QuestionPart,
    check_hosts,
    find_host_problems,
    forecast_hosts,
    forecast_questions,
    make_questions,
    read_host_key,
    try_host,
)
from harness.grid.planning.joint_cells import group_joint_cells
from harness.grid.planning.plan import Planned, changed_strategies, make_plan
from harness.grid.planning.search_cost import forecast_search
from harness.grid.planning.search_plan import PlannedSearch, SearchPlan
from harness.grid.planning.served_cell import MOST_REQUESTS, Server, ServeRequest, choose_served_cell, find_server
from harness.grid.planning.stored_weights import StoredWeights
from harness.grid.planning.task_data import read_tasks
from harness.grid.planning.vocabulary import vocabulary

__all__ = [
    "MOST_REQUESTS",
    "HostedRequest",
    "Planned",
    "PlannedSearch",
    "QuestionPart",
    "SearchPlan",
    "ServeRequest",
    "Server",
    "StoredWeights",
    "changed_strategies",
    "check_hosts",
    "choose_served_cell",
    "find_host_problems",
    "find_server",
    "forecast_hosts",
    "forecast_plan",
    "forecast_questions",
    "forecast_request",
    "forecast_search",
    "group_forecasts",
    "group_joint_cells",
    "make_plan",
    "make_questions",
    "read_host_key",
    "read_tasks",
    "trial_cell",
    "try_host",
    "vocabulary",
    "with_forecasts",
]
