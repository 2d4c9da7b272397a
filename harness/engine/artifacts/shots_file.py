"""The training examples that a few-shot prompt shows, stored with the cell: without them, the prompt could not be used again."""

from __future__ import annotations

from harness.engine.prompts import Shot
from harness.errors import BenchError
from harness.results import FinishedCell
from harness.store import CellFolder, read_value, write_value


def save_shots(files: CellFolder, shots: tuple[Shot, ...]) -> None:
    """Store the shots in the cell's folder."""
    write_value(files.shots, tuple[Shot, ...], shots)


def load_shots(finished: FinishedCell) -> tuple[Shot, ...]:
    """The shots of a finished cell; empty for strategies without shots.

    Raises:
        BenchError: the file is missing or damaged.
    """
    if not finished.strategy.shots:
        return ()
    file = finished.files.shots
    if not file.is_file():
        raise BenchError(f"{file}: missing: cannot recover the few-shot examples used by '{finished.cell.strategy}'")
    finished.files.check(file.name)
    return read_value(file, tuple[Shot, ...], advice="Restore the file from a backup, or repeat the run.")
