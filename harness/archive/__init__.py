"""Many runs: a summary of each, with its decision; which may be deleted; how the strategies of all of them compare."""

from harness.archive.run_summary import RunState, RunSummary, StrategyStanding, TaskSummary
from harness.archive.summarize import summarize_run, summarize_runs

__all__ = [
    "RunState",
    "RunSummary",
    "StrategyStanding",
    "TaskSummary",
    "summarize_run",
    "summarize_runs",
]
