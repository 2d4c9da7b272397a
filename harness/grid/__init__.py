"""The grid: tasks × models × strategies × seeds. It is planned, run with one process per cell, and resumed after an interruption."""

from harness.grid.cluster import RayCluster, open_ray_cluster
from harness.grid.execution import EarlyProcesses, Listener, Listeners, check_disk_of_plan, execute, keep_named_columns, prepare_to_fork
from harness.grid.planning import (
    MOST_REQUESTS,
    HostedRequest,
    Planned,
    ServeRequest,
    check_hosts,
    find_server,
    forecast_hosts,
    forecast_plan,
    forecast_request,
    forecast_search,
    group_forecasts,
    make_plan,
    read_tasks,
    vocabulary,
)
from harness.grid.request import Request, make_request, read_grid, read_search, resolve_strategies, resolve_tasks
from harness.grid.trackers import TRACKERS, RunOutcome, Tracker, Tracking, open_trackers

__all__ = [
    "MOST_REQUESTS",
    "TRACKERS",
    "EarlyProcesses",
    "HostedRequest",
    "Listener",
    "Listeners",
    "Planned",
    "RayCluster",
    "Request",
    "RunOutcome",
    "ServeRequest",
    "Tracker",
    "Tracking",
    "check_disk_of_plan",
    "check_hosts",
    "execute",
    "find_server",
    "forecast_hosts",
    "forecast_plan",
    "forecast_request",
    "forecast_search",
    "group_forecasts",
    "keep_named_columns",
    "make_plan",
    "make_request",
    "open_ray_cluster",
    "open_trackers",
    "prepare_to_fork",
    "read_grid",
    "read_search",
    "read_tasks",
    "resolve_strategies",
    "resolve_tasks",
    "vocabulary",
]
