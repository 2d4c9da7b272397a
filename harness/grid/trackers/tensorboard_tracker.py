"""TensorBoard: a folder of event files for each cell, with its curves, its parameters and what was measured."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.grid.trackers.tracked import CellOutcome, CurvePoint, RunOutcome, TrackedCell, TrackedRun


class TensorBoardTracker:
    """Writes the event files that `tensorboard --logdir FOLDER` shows. It needs no server.

    Args:
        folder: gets a folder for each run.
    """

    name = "TensorBoard"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._run = Path()
        self._params: Mapping[str, str] = {}
        self._writers: dict[str, Any] = {}

    def start(self, run: TrackedRun) -> str:
        """Choose the folder of the run; returns the folder of all runs."""
        self._run, self._params = self._folder / run.name, run.params
        self._run.mkdir(parents=True, exist_ok=True)
        return str(self._folder)

    def start_cell(self, cell: TrackedCell) -> None:
        """Open the event file of a cell."""
        from torch.utils.tensorboard import SummaryWriter

        writer = SummaryWriter(str(self._run / f"{_as_folder(cell.label)}-{cell.id[:8]}"))
        writer.add_text("parameters", _as_table(cell.params))
        self._writers[cell.id] = writer

    def log(self, cell: TrackedCell, points: Sequence[CurvePoint]) -> None:
        """Write points of its curve."""
        for point in points:
            for name, value in point.values.items():
                self._writers[cell.id].add_scalar(name, value, point.step)

    def end_cell(self, cell: TrackedCell, outcome: CellOutcome) -> None:
        """Write what was measured, also for the table of hyperparameters."""
        from torch.utils.tensorboard.summary import hparams

        writer = self._writers.pop(cell.id)
        for name, value in outcome.metrics.items():
            writer.add_scalar(name, value, 0)
        for summary in hparams(dict(cell.params), dict(outcome.metrics)):  # type: ignore[no-untyped-call]
            writer.file_writer.add_summary(summary)
        if outcome.error:
            writer.add_text("error", _as_code(outcome.error))
        writer.close()

    def end(self, outcome: RunOutcome) -> None:
        """Write the totals and the decisions."""
        from torch.utils.tensorboard import SummaryWriter

        for writer in self._writers.values():  # of an interrupted run
            writer.close()
        with SummaryWriter(str(self._run)) as writer:
            for name, value in outcome.metrics.items():
                writer.add_scalar(name, value, 0)
            writer.add_text("run", _as_table({**self._params, **outcome.tags, "status": outcome.status}))


def _as_folder(label: str) -> str:
    return re.sub(r"[^\w.=,-]+", "-", label).strip("-")[:120]


def _as_table(values: Mapping[str, str]) -> str:
    """A Markdown table; the values are shown as they are."""
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {_as_code(value)} |" for name, value in values.items())])


def _as_code(text: str) -> str:
    """Any text on one line as Markdown code."""
    line = " ".join(text.split()).replace("|", "\\|")
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    return f"{fence} {line} {fence}"
