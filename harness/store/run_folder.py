"""The layout of a run folder, in one place.

    run.json  data/<task>.parquet  cells/<cell id>/{cell.json, predictions.parquet, training.jsonl, artifact/, log.txt}  report.html

While a run is under way there is also `work/` with the training rows (deleted at its end, so that a mailed run holds none), and in
a cell `checkpoint/`.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.store.atomic import PARTIAL_FILES
from harness.store.json_files import read_json, read_value, write_value
from harness.store.run_plan import FORMAT, RunPlan
from harness.store.tables import read_examples, read_predictions, write_examples, write_predictions
from harness.types import CellResult, Example, Prediction, Splits


class CellFolder:
    """One cell's folder. `cell.json` is written last: if it is there, the cell is whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def artifact(self) -> Path:
        """The adapter or the model."""
        return self.path / "artifact"

    @property
    def shots(self) -> Path:
        """The examples that a few-shot prompt shows."""
        return self.path / "shots.json"

    @property
    def checkpoint(self) -> Path:
        """Where an interrupted training goes on."""
        return self.path / "checkpoint"

    @property
    def curve(self) -> Path:
        """A JSON line a step and a validation."""
        return self.path / "training.jsonl"

    @property
    def log(self) -> Path:
        """What the cell's process said, tracebacks included."""
        return self.path / "log.txt"

    def whole(self) -> bool:
        """Whether the cell has ended, in whatever status."""
        return (self.path / "cell.json").is_file()

    def finish(self, result: CellResult, predictions: Sequence[Prediction] | None = None) -> None:
        """Store the outcome; `cell.json` comes last."""
        self.path.mkdir(parents=True, exist_ok=True)
        if predictions is not None:
            write_predictions(self.path / "predictions.parquet", predictions)
        write_value(self.path / "cell.json", CellResult, result)
        shutil.rmtree(self.checkpoint, ignore_errors=True)

    def result(self) -> CellResult:
        """The stored outcome.

        Raises:
            BenchError: when the file is damaged.
        """
        return read_value(self.path / "cell.json", CellResult, advice=f"Delete the folder {self.path} to run this cell again.")

    def predictions(self) -> tuple[Prediction, ...]:
        """The rows of the cell; empty for a cell that did not get that far.

        Raises:
            BenchError: when the file is damaged, or the cell is done and its file is gone.
        """
        file = self.path / "predictions.parquet"
        if not file.is_file() and not (self.whole() and self.result().status == "done"):
            return ()
        return read_predictions(file)

    def curve_points(self) -> list[dict[str, Any]]:
        """The lines of the training curve; empty where nothing was trained. Half a line, which a killed process leaves, is left out."""
        points: list[dict[str, Any]] = []
        for line in self.curve.read_text(encoding="utf-8", errors="replace").splitlines() if self.curve.is_file() else ():
            with contextlib.suppress(ValueError):
                points.append(json.loads(line))
        return points


class RunFolder:
    """A run's folder: writes the plan and the data, and hands out the cells' folders."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.path / "report.html"

    def cell(self, cell_id: str) -> CellFolder:
        """The folder of a cell, which need not exist yet."""
        return CellFolder(self.path / "cells" / cell_id)

    def write_plan(self, plan: RunPlan) -> None:
        """`run.json`; from then on the folder is a run."""
        write_value(self.path / "run.json", RunPlan, plan)

    def plan(self) -> RunPlan:
        """The plan of this run.

        Raises:
            BenchError: when this is no run folder, or its plan is damaged.
        """
        file = self.path / "run.json"
        if not file.is_file():
            raise BenchError(f"{self.path}: is no run folder (it has no run.json)")
        stored = read_json(file)
        version = stored.get("format") if isinstance(stored, dict) else None
        if version != FORMAT:
            raise BenchError(
                f"{file}: is in format {version!r}; this version of bench reads format {FORMAT}. "
                "Repeat the run, or read it with the version that made it."
            )
        return read_value(file, RunPlan)

    def write_data(self, task: str, splits: Splits, digests: Mapping[str, str]) -> None:
        """The test rows and the ids of the others into `data/`, the rows to train on into `work/`.

        Args:
            digests: of each example's inputs up to case and white space, by example id.
        """
        rows = [(name, e) for name in ("train", "validation", "test") for e in getattr(splits, name)]
        names, examples = [name for name, _ in rows], [e for _, e in rows]
        hashes = [digests[e.id] for e in examples]
        for folder, full in (("data", {"test"}), ("work", {"train", "validation", "test"})):
            (self.path / folder).mkdir(exist_ok=True)
            write_examples(self.path / folder / f"{task}.parquet", examples, names, hashes, [name in full for name in names])

    def examples(self, task: str) -> tuple[Example, ...]:
        """The test rows of a task."""
        return read_examples(self.path / "data" / f"{task}.parquet", "test")

    def training_rows(self, task: str, split: str) -> tuple[Example, ...]:
        """Rows of `train` or `validation`, while the run is under way."""
        return read_examples(self.path / "work" / f"{task}.parquet", split)

    def holds_training_rows(self) -> bool:
        """Whether the run has not come to its end: its training rows are still there."""
        return (self.path / "work").is_dir()

    def tidy(self) -> None:
        """Delete what a finished run does not hold: the training rows, checkpoints of cells that have ended, files that a killed
        process left half-written."""
        shutil.rmtree(self.path / "work", ignore_errors=True)
        for part in self.path.rglob(PARTIAL_FILES):
            part.unlink(missing_ok=True)
        for cell in (self.path / "cells").glob("*"):
            if CellFolder(cell).whole():
                shutil.rmtree(CellFolder(cell).checkpoint, ignore_errors=True)
