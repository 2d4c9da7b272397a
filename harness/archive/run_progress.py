"""How far a run in progress has come: its cells, the losses of those that train, and the time that is left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.store import RunFolder, RunLock, StoredRun, list_run_folders
from harness.types import Cell

_MOST_POINTS = 120  # of a loss curve


@dataclass(frozen=True)
class CellProgress:
    """One cell.

    Attributes:
        status: of a finished cell as stored; "running" if it has begun to train, else "waiting".
        step, loss, validation_loss: the newest values; None before the first.
        losses: training losses over the steps, evenly thinned.
    """

    task: str
    label: str
    seed: int | None
    status: str
    step: int | None
    loss: float | None
    validation_loss: float | None
    losses: tuple[float, ...]


@dataclass(frozen=True)
class RunProgress:
    """One run in progress.

    Attributes:
        seconds_left: the mean time of the finished cells, for each of the others; None before the first is finished.
    """

    name: str
    done: int
    total: int
    seconds_left: float | None
    cells: tuple[CellProgress, ...]


def read_progress(runs: Path) -> list[RunProgress]:
    """Every run of a folder that another process works on, the newest first. Damaged ones are left out."""
    progress = []
    for folder in list_run_folders(runs):
        if RunLock(folder.path).is_held_by_other():
            try:
                progress.append(_read_run(StoredRun(folder)))
            except (BenchError, OSError):
                continue
    return progress


def _read_run(run: StoredRun) -> RunProgress:
    cells, results = tuple(_read_cell(run, cell) for cell in run.plan.all_cells), run.all_results
    times = [math.fsum(cost.seconds for cost in result.costs) for result in results.values() if result.costs]
    left = len(cells) - len(results)
    seconds = math.fsum(times) / len(times) * left if times else None
    return RunProgress(run.name, len(results), len(cells), seconds, cells)


def _read_cell(run: StoredRun, cell: Cell) -> CellProgress:
    result = run.all_results.get(cell.id)
    points = _read_points(run.folder, cell.id) if result is None else []
    losses = [loss for point in points if (loss := _number(point, "loss")) is not None]
    steps = [step for point in points if (step := _number(point, "step")) is not None]
    validation = [loss for point in points if (loss := _number(point, "validation_loss")) is not None]
    return CellProgress(
        task=cell.task,
        label=run.plan.cell_label(cell),
        seed=cell.seed,
        status=result.status if result is not None else "running" if points else "waiting",
        step=int(steps[-1]) if steps else None,
        loss=losses[-1] if losses else None,
        validation_loss=validation[-1] if validation else None,
        losses=tuple(_thin(losses)),
    )


def _read_points(folder: RunFolder, cell: str) -> list[dict[str, Any]]:
    """The training curve so far. The folder may be a stranger's: a line may hold any JSON."""
    try:
        return [point for point in folder.cell(cell).training_curve() if isinstance(point, dict)]
    except (BenchError, RecursionError):
        return []


def _number(point: dict[str, Any], name: str) -> float | None:
    value = point.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _thin(losses: Sequence[float]) -> list[float]:
    """At most `_MOST_POINTS` of the values, the newest included."""
    every = math.ceil(len(losses) / _MOST_POINTS) or 1
    return list(losses[::-1][::every][::-1])
