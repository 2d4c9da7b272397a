"""Whether the disk has room for what a run will store, checked before anything is trained."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.errors import BenchError, setting
from harness.grid.planning import Planned, StoredWeights
from harness.store import RunFolder, list_run_folders

_ROW = 1000  # bytes of each prediction, before compression
_SPARE = 1.05


def check_disk_space(planned: Planned, runs: Path, unfinished: RunFolder | None, *, reuse: bool, at_once: int, trains_here: bool) -> None:
    """Compare the free space with the weights of all cells that have no result yet, and with the checkpoints of those that run together.

    The trials of a search, whose number is open, and cells of which another run has a result count as nothing.

    Args:
        unfinished: the run that is resumed.
        reuse: whether results of other runs are taken.
        at_once: the number of cells that run at the same time.
        trains_here: whether checkpoints are on this disk, too, and not on those of a cluster.

    Raises:
        BenchError: the space is not enough.
    """
    finished = list_run_folders(runs) if reuse else [unfinished] if unfinished is not None else []
    cells = [cell for cell in planned.plan.all_cells if not any(folder.cell(cell.id).is_finished() for folder in finished)]
    weights = [planned.stored_weights.get(cell.id, StoredWeights(0, 0)) for cell in cells]
    artifacts = sum(each.artifact for each in weights)
    together = sorted((each.checkpoints for each in weights), reverse=True)[:at_once] if trains_here else []
    outputs = sum(_ROW * len(planned.splits[cell.task].test) for cell in cells)
    needed = round((artifacts + sum(together) + outputs) * _SPARE)
    folder = _existing_parent(runs)
    free = shutil.disk_usage(folder).free
    if needed > free:
        parts = _join({"trained weights": artifacts, "checkpoints": sum(together), "outputs": outputs})
        raise BenchError(
            f"{runs}: this run needs about {_size(needed)} of disk space ({parts}), and {_size(free)} are free. Free some space: "
            f"`bench runs prune` deletes old runs, or only their weights. Or choose another folder with {setting('runs_dir', 'DIR')}"
        )


def _existing_parent(folder: Path) -> Path:
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())


def _join(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name}: {_size(size)}" for name, size in sizes.items() if size)


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"
