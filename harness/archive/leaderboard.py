"""The strategies of all runs of a task, side by side where they may be compared: on the same test examples, by the same score."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.archive.run_summary import DecidedTask, RunSummary, StrategyStanding


@dataclass(frozen=True)
class LeaderboardEntry:
    """One result.

    Attributes:
        runs: the runs that hold it, the newest first: cells that a run takes from another are the same result.
    """

    standing: StrategyStanding
    runs: tuple[str, ...]


@dataclass(frozen=True)
class Leaderboard:
    """Results on one test set, by one score.

    Attributes:
        about: one of the tasks: test set, score, unit and direction are those of every entry.
        entries: the best first, those without a score last.
    """

    about: DecidedTask
    entries: tuple[LeaderboardEntry, ...]


def build_leaderboards(summaries: Iterable[RunSummary]) -> dict[str, tuple[Leaderboard, ...]]:
    """By task, one leaderboard for each test set and score, that of the newest run first.

    Args:
        summaries: the newest run first.
    """
    boards: dict[tuple[str, str, str, str], DecidedTask] = {}
    runs: dict[tuple[str, str, str, str], dict[StrategyStanding, list[str]]] = {}
    for summary in summaries:
        for task in summary.tasks:
            key = task.task, task.test_digest, task.score, task.signature
            boards.setdefault(key, task)
            for standing in task.strategies:
                runs.setdefault(key, {}).setdefault(_without_run(standing), []).append(summary.name)
    leaderboards: dict[str, tuple[Leaderboard, ...]] = {}
    for key, about in boards.items():
        entries = [LeaderboardEntry(standing, tuple(names)) for standing, names in runs[key].items()]
        board = Leaderboard(about, tuple(sorted(entries, key=lambda entry: _rank(entry, about.direction))))
        leaderboards[about.task] = (*leaderboards.get(about.task, ()), board)
    return leaderboards


def _without_run(standing: StrategyStanding) -> StrategyStanding:
    """The result alone: how it stands among the other strategies, and what it costs, depend on the run."""
    return StrategyStanding(
        label=standing.label, model=standing.model, status="no_score", value=standing.value, low=standing.low, high=standing.high,
        reliable=standing.reliable, n=standing.n, seeds=standing.seeds, thousand_price=None, currency="",
    )  # fmt: skip


def _rank(entry: LeaderboardEntry, direction: str) -> tuple[bool, float]:
    value = entry.standing.value
    return (value is None, 0.0 if value is None else value if direction == "lower" else -value)
