"""Weights & Biases: one W&B run for the run of bench and one for each cell, all in one group.

Project, entity and mode are those of W&B's own settings: WANDB_PROJECT, WANDB_ENTITY, WANDB_MODE. Without a key, files are written for
`wandb sync`, and nothing is sent.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from harness.grid.trackers.tracked import CellOutcome, CurvePoint, RunOutcome, TrackedCell, TrackedRun

_PROJECT = "bench"  # unless WANDB_PROJECT names another


class WandbTracker:
    """Follows a run with W&B's client. A resumed run has the same ids, so that W&B continues its runs.

    Args:
        folder: W&B keeps its files in the folder `wandb` in it.
    """

    name = "Weights & Biases"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._run = ""
        self._mode: str | None = None
        self._parent: Any = None
        self._children: dict[str, Any] = {}

    def start(self, run: TrackedRun) -> str:
        """Begin the W&B run of the whole run; returns its address, or the command that sends it."""
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb

        self._run = run.name
        self._mode = os.environ.get("WANDB_MODE") or (None if wandb.login(prompt=False) else "offline")
        self._folder.mkdir(parents=True, exist_ok=True)
        self._parent = self._open(run.name, "", "run", run.params)
        if self._mode == "offline":
            return f"wandb sync {Path(self._parent.dir).parent}"
        return str(self._parent.url)

    def start_cell(self, cell: TrackedCell) -> None:
        """Begin the W&B run of a cell."""
        self._children[cell.id] = self._open(cell.label, cell.id, "cell", cell.params)

    def log(self, cell: TrackedCell, points: Sequence[CurvePoint]) -> None:
        """Send points of its curve."""
        for point in points:
            self._children[cell.id].log(dict(point.values), step=point.step)

    def end_cell(self, cell: TrackedCell, outcome: CellOutcome) -> None:
        """Send what was measured, and the trained weights as an artifact."""
        import wandb

        child = self._children.pop(cell.id)
        child.summary.update({**outcome.metrics, "status": outcome.status, "error": outcome.error})
        if outcome.artifact is not None:
            artifact = wandb.Artifact(f"model-{cell.id}", type="model", metadata=dict(cell.params))
            artifact.add_dir(str(outcome.artifact))
            child.log_artifact(artifact)
        child.finish(exit_code=0 if outcome.status == "done" else 1)

    def end(self, outcome: RunOutcome) -> None:
        """Send the totals, the decisions and the report."""
        import wandb

        for child in self._children.values():  # of an interrupted run
            child.finish(exit_code=1)
        self._parent.summary.update({**outcome.metrics, **outcome.tags, "status": outcome.status})
        if outcome.report is not None:
            artifact = wandb.Artifact(f"report-{_digest(self._run, '')}", type="report")
            artifact.add_file(str(outcome.report))
            self._parent.log_artifact(artifact)
        self._parent.finish(exit_code=0 if outcome.status == "finished" else 1)

    def _open(self, label: str, cell: str, kind: str, params: Mapping[str, str]) -> Any:
        import wandb

        return wandb.init(
            project=os.environ.get("WANDB_PROJECT", _PROJECT),
            id=_digest(self._run, cell),
            name=label,
            group=self._run,
            job_type=kind,
            config=dict(params),
            dir=str(self._folder),
            mode=cast(Literal["online", "offline", "disabled", "shared"] | None, self._mode),
            resume="allow",
            reinit="create_new",
            settings=wandb.Settings(
                silent=True,
                console="off",
                disable_git=True,
                disable_code=True,
                save_code=False,
                x_disable_meta=True,
                x_disable_machine_info=True,
            ),
        )


def _digest(run: str, cell: str) -> str:
    return hashlib.sha256(f"{run}/{cell}".encode()).hexdigest()[:16]
