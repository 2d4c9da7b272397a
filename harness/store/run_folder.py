"""The layout of a run folder, in one place.

    run.json  data/<task>.parquet  cells/<cell id>/{cell.json, predictions.parquet, training.jsonl, artifact/, log.txt}  report.html
    audit.html

A run that is not finished also has `work/` with its training examples, and its cells may have `checkpoint/`. Both are deleted at the
end, so that a run can be shared without its training data.
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
from harness.store.foreign_paths import refuse_links
from harness.store.json_files import read_json, read_value, write_value
from harness.store.parquet_tables import read_examples, read_predictions, write_examples, write_predictions
from harness.store.plan_checks import find_plan_problem
from harness.store.run_plan import FORMAT, RunPlan
from harness.types import CellResult, Example, Prediction, Splits


class CellFolder:
    """The folder of one cell. `cell.json` is written last: where it exists, the cell is complete."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def artifact(self) -> Path:
        """The folder of the trained adapter or model."""
        return self.path / "artifact"

    @property
    def shots(self) -> Path:
        """The examples that a few-shot prompt shows."""
        return self.path / "shots.json"

    @property
    def checkpoint(self) -> Path:
        """The folder from which an interrupted cell resumes."""
        return self.path / "checkpoint"

    @property
    def curve(self) -> Path:
        """The training curve: one JSON line per step and per validation."""
        return self.path / "training.jsonl"

    @property
    def log(self) -> Path:
        """The output of the cell's process, tracebacks included."""
        return self.path / "log.txt"

    def is_finished(self) -> bool:
        """Whether the cell has a result, of whatever status."""
        return (self.path / "cell.json").is_file()

    def write_result(self, result: CellResult, predictions: Sequence[Prediction] | None = None) -> None:
        """Store the result, with `cell.json` written last, and delete the checkpoint."""
        self.path.mkdir(parents=True, exist_ok=True)
        if predictions is not None:
            write_predictions(self.path / "predictions.parquet", predictions)
        write_value(self.path / "cell.json", CellResult, result)
        shutil.rmtree(self.checkpoint, ignore_errors=True)

    def result(self) -> CellResult:
        """The stored result.

        Raises:
            BenchError: the file is damaged.
        """
        return read_value(self.path / "cell.json", CellResult, advice=f"Delete the folder {self.path} to run this cell again.")

    def predictions(self) -> tuple[Prediction, ...]:
        """The predictions of the cell; empty for a cell that failed before it made any.

        Raises:
            BenchError: the file is damaged, or it is missing although the cell is done.
        """
        file = self.path / "predictions.parquet"
        if not file.is_file() and not (self.is_finished() and self.result().status == "done"):
            return ()
        return read_predictions(file)

    def training_curve(self) -> list[dict[str, Any]]:
        """The points of the training curve; empty if nothing was trained. An incomplete last line, left by a killed process, is skipped."""
        points: list[dict[str, Any]] = []
        for line in self.curve.read_text(encoding="utf-8", errors="replace").splitlines() if self.curve.is_file() else ():
            with contextlib.suppress(ValueError):
                points.append(json.loads(line))
        return points


class RunFolder:
    """The folder of one run: reads and writes the plan and the examples, and gives access to the folders of its cells."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.path / "report.html"

    @property
    def audit(self) -> Path:
        """The audit of the report, as a page."""
        return self.path / "audit.html"

    def cell(self, cell_id: str) -> CellFolder:
        """The folder of a cell; it need not exist yet."""
        return CellFolder(self.path / "cells" / cell_id)

    def write_plan(self, plan: RunPlan) -> None:
        """Write `run.json`, which makes the folder a run."""
        write_value(self.path / "run.json", RunPlan, plan)

    def plan(self) -> RunPlan:
        """The plan of this run, which may have been made by a stranger.

        Raises:
            BenchError: the folder is not a run or holds links, or its plan is damaged, contradicts itself or is in another format.
        """
        file = self.path / "run.json"
        if not file.is_file():
            raise BenchError(f"{self.path}: is not a run folder (it has no run.json)")
        self.refuse_links()
        stored = read_json(file)
        version = stored.get("format") if isinstance(stored, dict) else None
        if version != FORMAT:
            raise BenchError(
                f"{file}: is in format {version!r}; this version of bench reads format {FORMAT}. "
                "Repeat the run, or read it with the version that made it."
            )
        advice = "Restore the file from a backup, or repeat the run."
        plan = read_value(file, RunPlan, advice=advice)
        if problem := find_plan_problem(plan):
            raise BenchError(f"{file}: is damaged: {problem}. {advice}")
        return plan

    def refuse_links(self) -> None:
        """Check that the folder holds only files and folders, so that nothing outside it is read, copied or written.

        Raises:
            BenchError: it holds a link, a pipe or a device, or cannot be read.
        """
        try:
            refuse_links(self.path)
        except OSError as error:
            raise BenchError(f"{error.filename or self.path}: cannot be read: {error.strerror}") from None

    def write_data(self, task: str, splits: Splits, digests: Mapping[str, str]) -> None:
        """Write the test examples and the ids of the others to `data/`, and all examples to `work/`.

        Args:
            digests: by example id, a hash of the inputs that ignores case and white space.
        """
        rows = [(name, e) for name in ("train", "validation", "test") for e in getattr(splits, name)]
        names, examples = [name for name, _ in rows], [e for _, e in rows]
        hashes = [digests[e.id] for e in examples]
        for folder, complete in (("data", {"test"}), ("work", {"train", "validation", "test"})):
            (self.path / folder).mkdir(exist_ok=True)
            write_examples(self.path / folder / f"{task}.parquet", examples, names, hashes, [name in complete for name in names])

    def examples(self, task: str) -> tuple[Example, ...]:
        """The test examples of a task."""
        return read_examples(self.path / "data" / f"{task}.parquet", "test")

    def training_examples(self, task: str, split: str) -> tuple[Example, ...]:
        """The examples of `train` or `validation`, which exist until the run is finished."""
        return read_examples(self.path / "work" / f"{task}.parquet", split)

    def has_training_examples(self) -> bool:
        """Whether the training examples are still there, because the run is not finished."""
        return (self.path / "work").is_dir()

    def remove_working_files(self) -> None:
        """Delete what a finished run does not keep: training examples, checkpoints of finished cells, files left half-written."""
        shutil.rmtree(self.path / "work", ignore_errors=True)
        for partial in self.path.rglob(PARTIAL_FILES):
            partial.unlink(missing_ok=True)
        for path in (self.path / "cells").glob("*"):
            if CellFolder(path).is_finished():
                shutil.rmtree(CellFolder(path).checkpoint, ignore_errors=True)
