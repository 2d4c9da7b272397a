"""The runs of a folder: what they decided, and which may be deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.api.arguments import PathLike
from harness.api.gates import REGISTRY
from harness.archive import PrunedRun, PruningPlan, RunSummary, plan_pruning, summarize_runs
from harness.archive import prune_runs as delete_planned
from harness.errors import BenchError, setting
from harness.gate import Registry


def list_runs(runs_dir: PathLike = "runs", *, progress: Callable[[str, int, int], None] = lambda *_: None) -> Iterator[RunSummary]:
    """Every run of a folder, the newest first, with its decisions. A run that cannot be read is part of the list, with the reason.

    Decisions are those of the report. They are kept in the cache folder, so that the next list is quick.

    Args:
        runs_dir: the folder of the runs; one that does not exist has no runs.
        progress: called before a decision is computed that is not stored yet: the run's name, its number from 1, the number of runs.
    """
    return summarize_runs(Path(runs_dir), progress=progress)


def select_prunable(
    runs_dir: PathLike = "runs", *, keep: int | None = None, older_than: timedelta | None = None, registry: PathLike | None = None
) -> PruningPlan:
    """Select runs to delete with `prune_runs`. Nothing is deleted yet.

    Runs that are in use, damaged, reviewed by people, or named in the history of the registry stay.

    Args:
        runs_dir: the folder of the runs.
        keep: this many of the newest finished runs of each task stay.
        older_than: only runs that are older; one of the two is needed.
        registry: the folder of the promoted models; by default "registry", if it exists.

    Raises:
        BenchError: neither `keep` nor `older_than` is given, or the registry does not exist or is damaged.
    """
    if keep is None and older_than is None:
        raise BenchError(f"name the runs to delete: {setting('keep', 'N')}, {setting('older_than', '30d')}, or both.")
    has_registry = registry is not None or Path(REGISTRY).exists()
    events = Registry(Path(registry or REGISTRY)).journal.events() if has_registry else []
    return plan_pruning(Path(runs_dir), datetime.now(UTC), keep=keep, older_than=older_than, events=events)


def prune_runs(plan: PruningPlan) -> tuple[PrunedRun, ...]:
    """Delete the runs that `select_prunable` has selected; returns those that were deleted. A run that is in use by now stays.

    Raises:
        BenchError: files cannot be deleted.
    """
    return delete_planned(plan)
