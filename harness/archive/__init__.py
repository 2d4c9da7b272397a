"""Many runs: a summary of each, with its decision; which may be deleted; how the strategies of all of them compare."""

from harness.archive.leaderboard import Leaderboard, LeaderboardEntry, build_leaderboards
from harness.archive.pruning import PrunedRun, PruningPlan, WhyKept, plan_pruning, prune_runs
from harness.archive.run_progress import CellProgress, RunProgress, read_progress
from harness.archive.run_summary import DecidedTask, RunState, RunSummary, StrategyStanding
from harness.archive.summarize import summarize_run, summarize_runs

__all__ = [
    "CellProgress",
    "DecidedTask",
    "Leaderboard",
    "LeaderboardEntry",
    "PrunedRun",
    "PruningPlan",
    "RunProgress",
    "RunState",
    "RunSummary",
    "StrategyStanding",
    "WhyKept",
    "build_leaderboards",
    "plan_pruning",
    "prune_runs",
    "read_progress",
    "summarize_run",
    "summarize_runs",
]
