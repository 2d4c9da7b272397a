"""The folder of one cell in a run: its result, and the digests of its other files. `run_folder` describes the layout."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.store.atomic import make_private_folder
from harness.store.parquet_tables import read_predictions, write_predictions
from harness.store.removed_weights import ARTIFACT, REMOVED, RemovedWeights
from harness.store.seals import RESTORE, describe_damage, hash_file, read_sealed, read_sealed_json, require_inside, walk_files, write_sealed
from harness.text import one_line
from harness.types import CellResult, Prediction

_PREDICTIONS = "predictions.parquet"
_LONGEST_NOTE = 1000  # characters
_LOG = "log.txt"  # grows until the process of the cell has ended, so only the run's seal covers it


@dataclass(frozen=True)
class _StoredResult(CellResult):
    """`files` is the sha256 (hex) of each other file of the cell, by path in its folder."""

    files: Mapping[str, str] = field(default_factory=dict)


class CellFolder:
    """The folder of one cell. `cell.json` is written last: where it exists, the cell is complete."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def result_file(self) -> Path:
        """The result, with the digests of the other files."""
        return self.path / "cell.json"

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
    def start(self) -> Path:
        """The adapter from which the training of an unfinished cell starts."""
        return self.checkpoint / "start"

    @property
    def stop_note(self) -> Path:
        """Why the cell could not be completed: one line, deleted with the checkpoint when it is."""
        return self.checkpoint / "stopped.txt"

    @property
    def answer_records(self) -> Path:
        """What a host said about each answer beside its text: one JSON line for each test example."""
        return self.path / "answers.jsonl"

    @property
    def curve(self) -> Path:
        """The training curve: one JSON line per step and per validation."""
        return self.path / "training.jsonl"

    @property
    def log(self) -> Path:
        """The output of the cell's process, tracebacks included."""
        return self.path / _LOG

    @property
    def place(self) -> str:
        """The path of `cell.json` in its run."""
        return self._place("cell.json")

    def _place(self, name: str) -> str:
        return f"cells/{self.path.name}/{name}"

    def is_finished(self) -> bool:
        """Whether the cell has a result, of whatever status."""
        return self.result_file.is_file()

    def write_result(
        self, result: CellResult, predictions: Sequence[Prediction] | None = None, *, files: Mapping[str, str] | None = None
    ) -> None:
        """Store the result, with `cell.json` written last, and delete the checkpoint.

        Args:
            files: the digests of the cell's other files, if they are known.
        """
        make_private_folder(self.path)
        if predictions is not None:
            write_predictions(self.path / _PREDICTIONS, predictions)
        digests = dict(files) if files is not None else {name: hash_file(self.path / name) for name in self._list_files()}
        known = {each.name: getattr(result, each.name) for each in fields(CellResult)}
        write_sealed(self.result_file, _StoredResult, _StoredResult(**known, files=digests), place=self.place)
        shutil.rmtree(self.checkpoint, ignore_errors=True)

    def result(self) -> CellResult:
        """The stored result.

        Raises:
            BenchError: the file is damaged, or belongs to another cell.
        """
        advice = f"Delete the folder {self.path} to run this cell again."
        stored = read_sealed(self.result_file, _StoredResult, place=self.place, advice=advice)
        if stored.cell.id != self.path.name:
            raise BenchError(f"{self.result_file}: is the result of the cell '{stored.cell.id}'. {advice}")
        return CellResult(**{each.name: getattr(stored, each.name) for each in fields(CellResult)})

    def file_digests(self) -> dict[str, str]:
        """The recorded digests of the cell's other files, by path in its folder.

        Raises:
            BenchError: `cell.json` is damaged.
        """
        advice = f"Delete the folder {self.path} to run this cell again."
        return require_inside(self.path, read_sealed_json(self.result_file, place=self.place, advice=advice).get("files", {}))

    def read_stop_note(self) -> str | None:
        """Why a cell without a result could not be completed, on one line; None where nothing says so."""
        try:
            with self.stop_note.open(encoding="utf-8", errors="replace") as file:
                return one_line(file.read(_LONGEST_NOTE), _LONGEST_NOTE)
        except OSError:
            return None

    def list_damage(self, under: str = "", *, fresh: bool = False) -> list[str]:
        """What is wrong with the files of a finished cell; empty if all are as they were recorded.

        Args:
            under: only the files whose path in the cell begins with this.
            fresh: hash large files again if this process has hashed them before.
        """
        try:
            recorded = self.file_digests()
            removed = self.list_removed()
        except BenchError as error:
            return list(error.problems)
        recorded = {name: digest for name, digest in recorded.items() if name not in removed}
        problems = [
            f"{self.path / name}: {problem}"
            for name, digest in recorded.items()
            if name.startswith(under) and (problem := describe_damage(self.path / name, digest, "cell.json", fresh=fresh))
        ]
        unknown = [name for name in self._list_files() if name.startswith(under) and name not in recorded]
        return problems + [f"{self.path / name}: does not belong to the cell: cell.json does not list it" for name in unknown]

    def removed_weights(self) -> RemovedWeights | None:
        """The note about weights that were removed to free disk space; None if none were.

        Raises:
            BenchError: the note is damaged.
        """
        file = self.path / REMOVED
        if not file.is_file():
            return None
        advice = "Restore it from a backup, or delete it: the weights then count as missing."
        return read_sealed(file, RemovedWeights, place=self._place(REMOVED), advice=advice)

    def list_removed(self) -> dict[str, str]:
        """The digests of the removed files that are not there, by path in the folder of the cell; raises as `removed_weights` does."""
        removed = self.removed_weights()
        return {
            name: digest
            for name, digest in (removed.files if removed is not None else {}).items()
            if name.startswith(ARTIFACT) and self.file_digests().get(name) == digest and not (self.path / name).exists()
        }

    def remove_weights(self, now: datetime) -> None:
        """Delete the trained weights of a finished cell, and note their digests before. Continues where it was interrupted.

        Raises:
            OSError: the files cannot be deleted.
            BenchError: the cell is damaged.
        """
        earlier = self.removed_weights()
        if earlier is None:
            files = {name: digest for name, digest in self.file_digests().items() if name.startswith(ARTIFACT)}
            size = sum((self.path / name).stat().st_size for name in files if (self.path / name).is_file())
            note = RemovedWeights(now.isoformat(timespec="seconds"), size, files)
            write_sealed(self.path / REMOVED, RemovedWeights, note, place=self._place(REMOVED))
        if self.artifact.is_dir():
            shutil.rmtree(self.artifact)

    def check(self, under: str) -> None:
        """Check the files of a finished cell whose path in it begins with `under`.

        Raises:
            BenchError: one is missing or damaged, or was added.
        """
        problems = self.list_damage(under)
        if problems:
            raise BenchError([*problems[:-1], f"{problems[-1]}. {RESTORE}."])

    def predictions(self) -> tuple[Prediction, ...]:
        """The predictions of the cell; empty for a cell without any: one that is not finished, or that failed before.

        Raises:
            BenchError: the file is damaged, or it is missing although the cell is done.
        """
        if not self.is_finished():
            return ()
        if _PREDICTIONS not in self.file_digests() and not (self.path / _PREDICTIONS).exists():
            return ()
        self.check(_PREDICTIONS)
        return read_predictions(self.path / _PREDICTIONS)

    def training_curve(self) -> list[dict[str, Any]]:
        """The points of the training curve; empty if nothing was trained. An incomplete last line, left by a killed process, is skipped.

        Raises:
            BenchError: the cell is finished and the file is damaged.
        """
        if self.is_finished():
            self.check(self.curve.name)
        points: list[dict[str, Any]] = []
        for line in self.curve.read_text(encoding="utf-8", errors="replace").splitlines() if self.curve.is_file() else ():
            with contextlib.suppress(ValueError):
                points.append(json.loads(line))
        return points

    def _list_files(self) -> list[str]:
        """The paths of the files that `cell.json` records, in order."""
        names = sorted(name for name, _ in walk_files(self.path))
        return [name for name in names if name not in ("cell.json", _LOG, REMOVED) and not name.startswith("checkpoint/")]
