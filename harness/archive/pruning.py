"""Which runs of a folder may be deleted, as a whole or their trained weights: first a plan that a person can read, then the deletion."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias

from harness.archive.summarize import measure_freed, measure_size
from harness.errors import BenchError
from harness.gate import Event
from harness.store import CellFolder, RunFolder, RunLock, delete_run, list_packet_folders, list_run_folders

WhyKept: TypeAlias = Literal["in_use", "promoted", "reviewed", "unfinished", "damaged", "is_link"]


@dataclass(frozen=True)
class PrunedRun:
    """A run that was selected.

    Attributes:
        created: in ISO 8601; empty where run.json is damaged.
        finished: whether it has all its results.
        size: bytes of all files that would be deleted. Files that it shares with other runs are counted, but stay on the disk.
        kept: why it is not deleted; None if it is, or may be.
    """

    folder: RunFolder
    created: str
    finished: bool
    size: int
    kept: WhyKept | None


@dataclass(frozen=True)
class PruningPlan:
    """What `prune_runs` deletes, and what was selected but stays. The newest first.

    Attributes:
        unselected: how many runs were not selected, or have nothing to delete.
        weights_only: whether only the trained weights are deleted.
        freed: bytes of disk space that the deletion frees: files that other runs share stay on the disk.
    """

    delete: tuple[PrunedRun, ...]
    keep: tuple[PrunedRun, ...]
    unselected: int
    weights_only: bool
    freed: int


def plan_pruning(
    runs: Path,
    now: datetime,
    *,
    keep: int | None = None,
    older_than: timedelta | None = None,
    events: Sequence[Event] = (),
    weights_only: bool = False,
) -> PruningPlan:
    """Select runs for deletion. A run that is needed elsewhere, in use or damaged stays, and is named.

    Args:
        now: with a time zone.
        keep: the newest finished runs stay, this many of each task.
        older_than: only runs that were created longer ago.
        events: the history of the registry, whose runs stay.
        weights_only: delete only the trained weights, and keep the results. Reviews need no weights; a run that is not finished does.
    """
    promoted = _list_promoted(events)
    left: dict[str, int] = {}
    selected: list[PrunedRun] = []
    unselected = 0
    for folder in list_run_folders(runs):
        run, tasks = _look_at(folder, promoted, weights_only)
        is_new = keep is not None and _is_among_newest(tasks if run.finished else (), left, keep)
        if (run.kept != "damaged" and (is_new or (older_than is not None and not _is_older(run.created, now, older_than)))) or (
            weights_only and not run.size and run.kept != "damaged"
        ):
            unselected += 1
        else:
            selected.append(run)
    delete = tuple(run for run in selected if run.kept is None)
    freed = measure_freed([file for run in delete for file in _list_deleted(run.folder, weights_only)])
    return PruningPlan(delete, tuple(run for run in selected if run.kept), unselected, weights_only, freed)


def prune_runs(plan: PruningPlan, now: datetime) -> tuple[PrunedRun, ...]:
    """Delete the runs of the plan, or their weights; returns those of which something was deleted. One that another process has begun to
    use stays.

    Args:
        now: with a time zone; it is noted beside results whose weights are deleted.

    Raises:
        BenchError: files cannot be deleted.
    """
    deleted = []
    for run in plan.delete:
        try:
            with RunLock(run.folder.path):
                is_free = plan.weights_only or not list_packet_folders(run.folder.path)
                if plan.weights_only:
                    _delete_weights(run.folder, now)
                elif is_free:
                    delete_run(run.folder)
        except BenchError:
            if run.folder.path.exists() and RunLock(run.folder.path).is_held_by_other():
                continue
            raise
        if is_free:
            deleted.append(run)
    return tuple(deleted)


def _delete_weights(folder: RunFolder, now: datetime) -> None:
    try:
        for cell in _cells_with_weights(folder):
            cell.remove_weights(now)
    except OSError as error:
        raise BenchError(f"{error.filename or folder.path}: cannot be deleted: {error.strerror}. Check the permissions.") from None


def _cells_with_weights(folder: RunFolder) -> list[CellFolder]:
    """The finished cells that have trained weights."""
    cells = (CellFolder(path) for path in sorted((folder.path / "cells").glob("*")))
    return [cell for cell in cells if cell.is_finished() and cell.artifact.is_dir()]


def _list_deleted(folder: RunFolder, weights_only: bool) -> Iterator[Path]:
    """The files that pruning a run deletes."""
    for place in [cell.artifact for cell in _cells_with_weights(folder)] if weights_only else [folder.path]:
        yield from (file for file in place.rglob("*") if file.is_file())


def _look_at(folder: RunFolder, promoted: Collection[str], weights_only: bool) -> tuple[PrunedRun, tuple[str, ...]]:
    """The run with the reason to keep it, and its tasks."""
    if folder.path.is_symlink():
        return PrunedRun(folder, "", False, measure_size(folder.path), "is_link"), ()
    size = sum(measure_size(cell.artifact) for cell in _cells_with_weights(folder)) if weights_only else measure_size(folder.path)
    try:
        plan = folder.plan()
        has_packets = bool(list_packet_folders(folder.path))
    except (BenchError, OSError):
        return PrunedRun(folder, "", False, size, "damaged"), ()
    kept: WhyKept | None = None
    if RunLock(folder.path).is_held_by_other():
        kept = "in_use"
    elif folder.path.name in promoted:
        kept = "promoted"
    elif weights_only and not folder.is_finished():
        kept = "unfinished"
    elif has_packets and not weights_only:
        kept = "reviewed"
    return PrunedRun(folder, plan.created, folder.is_finished(), size, kept), tuple(plan.tasks)


def _is_among_newest(tasks: Sequence[str], left: dict[str, int], keep: int) -> bool:
    """Whether a finished run is one of the newest of any of its tasks. Runs come the newest first; `left` counts those that stay."""
    is_new = any(left.get(task, 0) < keep for task in tasks)
    for task in tasks if is_new else ():
        left[task] = left.get(task, 0) + 1
    return is_new


def _is_older(created: str, now: datetime, age: timedelta) -> bool:
    try:
        return now - datetime.fromisoformat(created) > age
    except (ValueError, TypeError):
        return False  # an age that is not known is no reason to delete


def _list_promoted(events: Sequence[Event]) -> set[str]:
    """The names of the runs that the history of a registry mentions: of models, and of what they were compared with."""
    names = {event.run for event in events}
    for event in events:
        baseline: Any = event.verdict.get("baseline")
        if isinstance(baseline, dict) and isinstance(baseline.get("run"), str):
            names.add(baseline["run"])
    return names
