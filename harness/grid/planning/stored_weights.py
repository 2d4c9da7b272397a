"""The disk space that the weights of a cell take: those that it keeps, and the states of its training while that runs."""

from __future__ import annotations

from dataclasses import dataclass

from harness.types import Shape, Strategy

_FLOAT32 = 4  # bytes; adapters, and everything that is being trained
_STATE = 3 * _FLOAT32  # of each trained weight: itself and the two moments of AdamW, the largest of the optimizers


@dataclass(frozen=True)
class StoredWeights:
    """Bytes on the disk."""

    artifact: int
    """The adapter or model, which stays."""
    checkpoints: int
    """While the cell trains: the newest state and the best weights, each twice, because the next is complete before one is deleted."""

    def without_artifact(self) -> StoredWeights:
        """Of a cell that deletes its weights once they have been measured."""
        return StoredWeights(0, self.checkpoints + self.artifact)

    def or_larger(self, other: StoredWeights) -> StoredWeights:
        """The larger of both, part by part."""
        return StoredWeights(max(self.artifact, other.artifact), max(self.checkpoints, other.checkpoints))


def predict_stored_weights(strategy: Strategy, shape: Shape, dtype: str, parameters: int, trainable: int) -> StoredWeights:
    """What a cell of the strategy stores.

    Args:
        dtype: the number format that the device computes in. A whole model is stored in it; an encoder always in float32.
        parameters: the weights of the model.
        trainable: those that the strategy trains, the adapter's own included.
    """
    if strategy.train is None:
        return StoredWeights(0 if strategy.artifact is None else strategy.artifact.bytes, 0)
    size = _FLOAT32 if dtype == "float32" or shape == "encoder" else _FLOAT32 // 2
    artifact = parameters * size if strategy.method == "full" else trainable * _FLOAT32
    return StoredWeights(artifact, 2 * trainable * (_STATE + _FLOAT32))
