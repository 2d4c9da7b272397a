"""The predictions of a cell that is not done, kept batch by batch: an interruption loses one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.measure import Meter
from harness.store import from_json_text, read_value, to_json_line, write_value
from harness.types import Cost, Prediction


class KeptPredictions:
    """Predictions of a cell that is not done: a JSON line each, and beside it what they cost."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "predictions.jsonl"
        self._costs = folder / "predicting.json"
        self.count = 0

    def read(self, meter: Meter) -> dict[str, Prediction]:
        """What is kept, by example id; what it cost goes to the meter."""
        found: dict[str, Prediction] = {}
        for line in self._file.read_text(encoding="utf-8").splitlines() if self._file.is_file() else ():
            try:
                prediction = from_json_text(Prediction, line)
            except ValueError:  # the last line of a process that was killed
                continue
            found[prediction.example_id] = prediction
        if self._costs.is_file():
            meter.add([cost for cost in read_value(self._costs, list[Cost]) if cost.phase == "predict"])
        self.count = len(found)
        return found

    def append(self, batch: Sequence[Prediction], meter: Meter) -> None:
        """Keep a batch, and what all took until now."""
        with self._file.open("a", encoding="utf-8") as file:
            # A killed process may have left half a line: a fresh one keeps it from spoiling ours.
            file.write("\n" + "".join(to_json_line(Prediction, p) + "\n" for p in batch))
        write_value(self._costs, list[Cost], list(meter.costs()))
        self.count += len(batch)
