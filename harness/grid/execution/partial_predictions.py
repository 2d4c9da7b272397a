"""The predictions of an unfinished cell, stored batch by batch: an interruption loses one batch. Damaged lines are predicted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.measure import Meter
from harness.store import DigestedLines, from_json_text, read_sealed, to_json_line, write_sealed
from harness.types import Cost, Prediction

_COSTS = "predicting.json"


@dataclass(frozen=True)
class _CostsUntilNow:
    costs: tuple[Cost, ...]


class PartialPredictions:
    """A line for each prediction, and beside them the costs so far, with their digest.

    `count` is the number of stored predictions.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lines = DigestedLines(folder / "predictions.txt")
        self._costs = folder / _COSTS
        self.count = 0

    def read(self, meter: Meter | None = None) -> dict[str, Prediction]:
        """The stored predictions by example id; their costs are added to the meter, if there is one."""
        stored_predictions = [from_json_text(Prediction, line) for line in self._lines.read()]
        predictions = {prediction.example_id: prediction for prediction in stored_predictions}
        if meter is not None and self._costs.is_file():
            stored = read_sealed(self._costs, _CostsUntilNow, place=_COSTS, advice="Delete the file to resume without the costs in it.")
            meter.add([cost for cost in stored.costs if cost.phase == "predict"])
        self.count = len(predictions)
        return predictions

    def append(self, batch: Sequence[Prediction], costs: Sequence[Cost]) -> None:
        """Store a batch, and the costs until now."""
        self._lines.append([to_json_line(Prediction, prediction) for prediction in batch])
        write_sealed(self._costs, _CostsUntilNow, _CostsUntilNow(tuple(costs)), place=_COSTS)
        self.count += len(batch)
