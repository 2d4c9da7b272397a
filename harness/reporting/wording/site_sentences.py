"""The sentences and labels of the site over many runs."""

from __future__ import annotations

from collections.abc import Mapping

from harness.archive import Leaderboard, LeaderboardEntry
from harness.gate import Event
from harness.reporting.wording import numbers
from harness.reporting.wording.names import score_name
from harness.text import plural

TITLE = "Fine-tuning results"
LABELS: Mapping[str, str] = {
    "skip": "Skip to the results",
    "tasks": "Tasks",
    "runs": "Runs",
    "run": "Run",
    "task": "Task",
    "created": "Created",
    "cost": "Cost",
    "size": "Size",
    "decision": "Decision",
    "newest": "Newest decision",
    "in_service": "Model in service",
    "nothing_in_service": "None",
    "leaderboard": "Leaderboard",
    "history": "History of the model in service",
    "no_history": "No model was promoted for this task.",
    "strategy": "Strategy",
    "model": "Base model",
    "interval": "95% CI",
    "seeds": "Seeds",
    "date": "Date",
    "action": "Action",
    "verdict": "Verdict of the gate",
    "by": "By",
    "reason": "Reason",
    "all_tasks": "All tasks and runs",
    "task_table": "Table of tasks",
    "run_table": "Table of runs",
    "history_table": "Table of promotions",
    "no_runs": "There are no runs.",
}
_ACTIONS: Mapping[str, str] = {"promote": "Promoted", "force": "Promoted by force", "rollback": "Rolled back to"}
_STAGES: Mapping[str, str] = {
    "candidate": "Registered as candidate",
    "shadow": "Put in shadow mode",
    "challenger": "Made a challenger",
    "champion": "Put into service",
    "retired": "Retired",
}
BOARD_NOTE = (
    "Each interval is about one strategy alone. Intervals that overlap do not mean that two strategies are equal; bench compare compares "
    "two runs on each example. The best of many results looks better than it is."
)


def describe_board(board: Leaderboard, number: int, total: int) -> str:
    """The title of a leaderboard; with several, it says that they cannot be compared."""
    text = f"{score_name(board.about.score)} on {plural(board.about.test_size, 'test example')}"
    return text if total == 1 else f"Test set {number} of {total}: {text}"


def describe_other_boards(total: int) -> str:
    """Above several leaderboards of one task; empty for one."""
    if total == 1:
        return ""
    return "The runs used different test sets, or computed the score differently. Scores in different tables cannot be compared."


def describe_interval(entry: LeaderboardEntry, unit: str) -> str:
    """The interval, with a mark where it cannot be trusted."""
    standing = entry.standing
    text = numbers.interval(standing.low, standing.high, unit)
    return text if standing.reliable or not text else f"{text} (low confidence)"


def describe_more_runs(entry: LeaderboardEntry) -> str:
    """In how many further runs a result is; may be empty."""
    more = len(entry.runs) - 1
    return f"and {plural(more, 'other run')}" if more else ""


def describe_event(event: Event) -> str:
    """What happened, in a word or two."""
    if event.action in _ACTIONS:
        return _ACTIONS[event.action]
    share = "" if event.share is None else f" with {numbers.share(event.share)} of the traffic"
    return f"{_STAGES[event.stage]}{share}{' by force' if event.is_forced else ''}"
