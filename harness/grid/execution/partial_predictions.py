"""The predictions of an unfinished cell, stored batch by batch: an interruption loses one batch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.measure import Meter
from harness.store import from_json_text, read_value, to_json_line, write_value
from harness.types import Cost, Prediction


class PartialPredictions:
    """A JSON line for each prediction, and beside them the costs so far. `count` is the number of stored predictions."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "predictions.jsonl"
        self._costs = folder / "predicting.json"
        self.count = 0

    def read(self, meter: Meter) -> dict[str, Prediction]:
        """The stored predictions by example id; their costs are added to the meter."""
        predictions: dict[str, Prediction] = {}
        for line in self._file.read_text(encoding="utf-8").splitlines() if self._file.is_file() else ():
            try:
                prediction = from_json_text(Prediction, line)
            except ValueError:  # the last line of a process that was killed
                continue
            predictions[prediction.example_id] = prediction
        if self._costs.is_file():
            costs = read_value(self._costs, list[Cost], advice="Delete the file to resume without the costs in it.")
            meter.add([cost for cost in costs if cost.phase == "predict"])
        self.count = len(predictions)
        return predictions

    def append(self, batch: Sequence[Prediction], meter: Meter) -> None:
        """Store a batch, and the costs until now."""
        with self._file.open("a", encoding="utf-8") as file:
            # A killed process may have left half a line, which must not spoil the next one.
            file.write("\n" + "".join(to_json_line(Prediction, p) + "\n" for p in batch))
        write_value(self._costs, list[Cost], list(meter.costs()))
        self.count += len(batch)
