"""What a cell's training left besides its weights, kept until the cell is done: a cell that is interrupted later does not train again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.errors import BenchError
from harness.store import CellFolder, hash_file, read_sealed, write_sealed
from harness.types import CellResult, Cost, TrainingSummary

_FILE = "trained.json"


@dataclass(frozen=True)
class TrainingOutcome:
    """The parts of a `CellResult` that training determines, and the costs until its end."""

    costs: tuple[Cost, ...]
    training: TrainingSummary
    trainable_parameters: int
    artifact_bytes: int
    general_loss: tuple[float, float] | None

    def added_to(self, result: CellResult) -> CellResult:
        """The result of the cell with these parts."""
        return replace(
            result,
            training=self.training,
            trainable_parameters=self.trainable_parameters,
            artifact_bytes=self.artifact_bytes,
            general_loss=self.general_loss,
        )


@dataclass(frozen=True)
class _Trained:
    """The outcome, and the sha256 (hex) of each file of the artifact by its path there."""

    outcome: TrainingOutcome
    artifact: Mapping[str, str]


def save_outcome(files: CellFolder, outcome: TrainingOutcome) -> None:
    """Store the outcome; from then on the cell's stored weights count as complete."""
    write_sealed(files.checkpoint / _FILE, _Trained, _Trained(outcome, _hash_artifact(files)), place=_FILE)


def is_trained(files: CellFolder) -> bool:
    """Whether the training of a cell has finished."""
    return (files.checkpoint / _FILE).is_file()


def load_outcome(files: CellFolder) -> TrainingOutcome | None:
    """The stored outcome; None if training has not finished.

    Raises:
        BenchError: the file, or the weights, are damaged.
    """
    if not is_trained(files):
        return None
    advice = f"Delete the folder {files.checkpoint} to train again."
    trained = read_sealed(files.checkpoint / _FILE, _Trained, place=_FILE, advice=advice)
    if trained.artifact != _hash_artifact(files):
        raise BenchError(f"{files.artifact}: is damaged: its files are not those that training has stored. {advice}")
    return trained.outcome


def _hash_artifact(files: CellFolder) -> dict[str, str]:
    return {path.relative_to(files.artifact).as_posix(): hash_file(path) for path in sorted(files.artifact.rglob("*")) if path.is_file()}
