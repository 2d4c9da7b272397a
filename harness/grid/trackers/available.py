"""The trackers that can be named."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from harness.errors import BenchError, did_you_mean, setting
from harness.grid.trackers.tracked import Tracker

TRACKERS = ("mlflow", "wandb", "tensorboard")  # each is also the extra that installs it, and the module that it needs


def open_trackers(names: Sequence[str], folder: Path) -> list[Tracker]:
    """The trackers with these names, which have sent and written nothing yet.

    Args:
        names: some of `TRACKERS`; a repeated name counts once.
        folder: where trackers write that keep files on this machine.

    Raises:
        BenchError: a name is unknown, or its package is not installed.
    """
    problems = []
    for name in names:
        if name not in TRACKERS:
            problems.append(f"{setting('track', name)}: unknown tracker.{did_you_mean(name, TRACKERS)}")
        elif find_spec(name) is None:
            problems.append(f"{setting('track', name)}: {name} is not installed. Install it: pip install 'finetune-bench[{name}]'")
    if problems:
        raise BenchError(problems)
    return [_open(name, folder) for name in dict.fromkeys(names)]


def _open(name: str, folder: Path) -> Tracker:
    """Libraries are imported later, in the tracker's own thread: some take seconds."""
    if name == "mlflow":
        from harness.grid.trackers.mlflow_tracker import MLflowTracker

        return MLflowTracker()
    if name == "wandb":
        from harness.grid.trackers.wandb_tracker import WandbTracker

        return WandbTracker(folder)
    from harness.grid.trackers.tensorboard_tracker import TensorBoardTracker

    return TensorBoardTracker(folder / "tensorboard")
