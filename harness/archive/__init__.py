"""Many runs: a summary of each, with its decision; which may be deleted; how the strategies of all of them compare."""

from harness.archive.leaderboard import Leaderboard, LeaderboardEntry, build_leaderboards
from harness.archive.pruning import PrunedRun, PruningPlan, WhyKept, plan_pruning, prune_runs
from harness.archive.run_summary import DecidedTask, RunState, RunSummary, StrategyStanding
from harness.archive.summarize import summarize_run, summarize_runs

__all__ = [
    "DecidedTask",
    "Leaderboard",
    "LeaderboardEntry",
    "PrunedRun",
    "PruningPlan",
    "RunState",
    "RunSummary",
    "StrategyStanding",
    "WhyKept",
    "build_leaderboards",
    "plan_pruning",
    "prune_runs",
    "summarize_run",
    "summarize_runs",
]
