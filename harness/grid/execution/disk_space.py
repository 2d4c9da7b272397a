"""Whether the disk has room for what a run will store, checked before anything is trained."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.errors import BenchError, setting
from harness.grid.execution.cells_at_once import choose_cells_at_once
from harness.grid.planning import Planned, SearchPlan, StoredWeights, group_joint_cells
from harness.grid.search import most_states
from harness.store import RunFolder, find_unfinished_run, list_run_folders
from harness.types import TRIALS, Cell, DiskForecast

_ROW = 1000  # bytes of each prediction, before compression
_NOTHING = StoredWeights(0, 0)


def check_disk_space(
    planned: Planned, runs: Path, unfinished: RunFolder | None, *, reuse: bool, at_once: int, together: bool, trains_here: bool
) -> DiskForecast:
    """Compare the free space with what the run will store; returns that.

    Counted are the weights of all cells, the checkpoints of those that run at the same time, those of the leak test included, which keep no
    weights, and the states of the trials of a search, which are gone before the grid begins. Cells of which another run has a result take
    nothing, because their files are linked.

    Args:
        unfinished: the run that is resumed.
        reuse: whether results of other runs are taken.
        at_once: the number of cells that run at the same time.
        together: whether LoRA cells of one base model train in one process, each with checkpoints.
        trains_here: whether checkpoints are on this disk, too, and not on those of a cluster.

    Raises:
        BenchError: the space is not enough.
    """
    others = [folder for folder in list_run_folders(runs) if unfinished is None or folder.path != unfinished.path] if reuse else []

    def other_run_has(cell_id: str) -> bool:
        return any(folder.cell(cell_id).is_finished() for folder in others)

    cells = [cell for cell in planned.plan.all_cells if not other_run_has(cell.id)]
    held = _count_held(unfinished, other_run_has) if unfinished is not None else 0
    forecast = _forecast(planned, cells, at_once=at_once, together=together, trains_here=trains_here, held=held)
    free = shutil.disk_usage(_existing_parent(runs)).free
    if forecast.needed > free:
        names = {
            "trained weights": forecast.weights, "checkpoints": forecast.checkpoints, "trials of the search": forecast.trials,
            "outputs": forecast.outputs, "less what is there": forecast.held,
        }  # fmt: skip
        raise BenchError(
            f"{runs}: this run needs about {_size(forecast.needed)} of disk space ({_join(names)}), and {_size(free)} are free. Free some "
            f"space: `bench runs prune` deletes old runs, or only their weights. Or choose another folder with {setting('runs_dir', 'DIR')}"
        )
    return forecast


def check_disk_of_plan(planned: Planned, runs: Path, *, jobs: int | None, devices_per_cell: int, together: bool = False) -> DiskForecast:
    """`check_disk_space` for a run of this machine that is not started yet; a run that the same command would resume is taken into account.

    Raises:
        BenchError: the space is not enough, or cells would share a device that must not be shared.
    """
    at_once = choose_cells_at_once(jobs, planned.device, devices_per_cell, shares_device=planned.device.kind == "cpu")
    unfinished = find_unfinished_run(runs, planned.plan.digest)
    return check_disk_space(planned, runs, unfinished, reuse=True, at_once=at_once, together=together, trains_here=True)


def _forecast(planned: Planned, cells: Sequence[Cell], *, at_once: int, together: bool, trains_here: bool, held: int) -> DiskForecast:
    """What these cells take when the run takes most."""
    weights = {cell.id: planned.stored_weights.get(cell.id, _NOTHING) for cell in cells}
    artifacts = sum(each.artifact for each in weights.values())
    # Cells that train together keep their checkpoints until each has answered, in a process of its own after all trainings.
    joint = {cell.id for group in group_joint_cells(planned.plan, cells) for cell in group} if together else set()
    alone = _largest([each.checkpoints for cell_id, each in weights.items() if cell_id not in joint], at_once)
    checkpoints = alone + sum(weights[each].checkpoints for each in joint) if trains_here else 0
    outputs = sum(_ROW * len(planned.splits[cell.task].test) for cell in cells)
    trials, tried_together = _count_trials(planned, planned.search, at_once) if planned.search is not None and cells else (0, 0)
    if not trains_here:
        tried_together = 0
    if trials + tried_together > artifacts + checkpoints:
        return DiskForecast(0, tried_together, trials, outputs, held)
    return DiskForecast(artifacts, checkpoints, 0, outputs, held)


def _count_trials(planned: Planned, search: SearchPlan, at_once: int) -> tuple[int, int]:
    """The bytes of the states of all trials that are kept at the same time, and those of a second one of each that is being trained.

    A budget in hours or money pays for a number of trials that is not known yet: that of a search without a budget is counted.
    """
    states, trained = 0, []
    for each in search.searches:
        state = planned.stored_weights.get(each.cell.cell.id, _NOTHING).checkpoints // 2
        count = (search.spec.most_trials or TRIALS) if search.spec is not None and each.space else 1
        states += most_states(count, len(each.shares)) * state
        trained += [state] * count
    return states, _largest(trained, at_once)


def _largest(sizes: Sequence[int], count: int) -> int:
    return sum(sorted(sizes, reverse=True)[:count])


def _count_held(unfinished: RunFolder, other_run_has: Callable[[str], bool]) -> int:
    """The bytes that an interrupted run has written of its cells and trials, without those of cells that are in other runs, too."""
    folders = [each for name in ("cells", "trials") for each in (unfinished.path / name).glob("*") if not other_run_has(each.name)]
    files = (file for folder in folders for file in folder.rglob("*"))
    return sum(file.lstat().st_size for file in files if file.is_file() and not file.is_symlink())


def _existing_parent(folder: Path) -> Path:
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())


def _join(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name}: {_size(size)}" for name, size in sizes.items() if size)


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
