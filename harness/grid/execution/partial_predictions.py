"""The predictions of an unfinished cell, stored batch by batch: an interruption loses one batch. Damaged lines are predicted again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.measure import Meter
from harness.store import from_json_text, read_sealed, to_json_line, write_sealed
from harness.types import Cost, Prediction

_COSTS = "predicting.json"


@dataclass(frozen=True)
class _CostsUntilNow:
    costs: tuple[Cost, ...]


class PartialPredictions:
    """A line for each prediction (a digest and JSON), and beside them the costs so far, with their digest.

    `count` is the number of stored predictions.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "predictions.txt"
        self._costs = folder / _COSTS
        self.count = 0

    def read(self, meter: Meter) -> dict[str, Prediction]:
        """The stored predictions by example id; their costs are added to the meter."""
        predictions: dict[str, Prediction] = {}
        for line in self._file.read_text(encoding="utf-8", errors="replace").splitlines() if self._file.is_file() else ():
            digest, _, text = line.partition(" ")
            if digest != _digest(text):  # damaged, or the last line of a process that was killed: it is predicted again
                continue
            prediction = from_json_text(Prediction, text)
            predictions[prediction.example_id] = prediction
        if self._costs.is_file():
            stored = read_sealed(self._costs, _CostsUntilNow, place=_COSTS, advice="Delete the file to resume without the costs in it.")
            meter.add([cost for cost in stored.costs if cost.phase == "predict"])
        self.count = len(predictions)
        return predictions

    def append(self, batch: Sequence[Prediction], meter: Meter) -> None:
        """Store a batch, and the costs until now."""
        with self._file.open("a", encoding="utf-8") as file:
            # A killed process may have left half a line, which must not spoil the next one.
            lines = [to_json_line(Prediction, p) for p in batch]
            file.write("\n" + "".join(f"{_digest(line)} {line}\n" for line in lines))
        write_sealed(self._costs, _CostsUntilNow, _CostsUntilNow(tuple(meter.costs())), place=_COSTS)
        self.count += len(batch)


def _digest(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()[:16]
