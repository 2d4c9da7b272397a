"""What a cell's training left besides its weights, kept until the cell is done: a cell that is interrupted later does not train again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.store import CellFolder, read_value, write_value
from harness.types import CellResult, Cost, TrainingSummary


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


def save_outcome(files: CellFolder, outcome: TrainingOutcome) -> None:
    """Store the outcome; from then on the cell's stored weights count as complete."""
    write_value(files.checkpoint / "trained.json", TrainingOutcome, outcome)


def load_outcome(files: CellFolder) -> TrainingOutcome | None:
    """The stored outcome; None if training has not finished.

    Raises:
        BenchError: the file is damaged.
    """
    file = files.checkpoint / "trained.json"
    if not file.is_file():
        return None
    return read_value(file, TrainingOutcome, advice=f"Delete the folder {files.checkpoint} to train again.")
