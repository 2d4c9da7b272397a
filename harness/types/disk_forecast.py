"""What a run takes on the disk when it takes most."""

from __future__ import annotations

from dataclasses import dataclass

_SPARE = 1.05


@dataclass(frozen=True)
class DiskForecast:
    """Bytes, when the run takes most: during the search before the grid, or at the end of the grid."""

    weights: int
    """The trained weights of all cells."""
    checkpoints: int
    """The states of the trainings that run at the same time."""
    trials: int
    """The states of the trials of a search, which are kept until their strategy has its values."""
    outputs: int
    held: int = 0
    """What an interrupted run has written of this."""

    @property
    def needed(self) -> int:
        """What has yet to be written, with 5% to spare."""
        return max(0, round((self.weights + self.checkpoints + self.trials + self.outputs) * _SPARE) - self.held)
