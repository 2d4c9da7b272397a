"""The predictions of a cell that is not done, kept batch by batch: an interruption loses one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from harness.measure import Meter
from harness.store import read_json, write_json
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
                value = json.loads(line)
            except ValueError:  # the last line of a process that was killed
                continue
            value["label_logprobs"] = tuple(value["label_logprobs"])
            found[value["example_id"]] = Prediction(**value)
        if self._costs.is_file():
            meter.add([Cost(**cost) for cost in read_json(self._costs) if cost["phase"] == "predict"])
        self.count = len(found)
        return found

    def append(self, batch: Sequence[Prediction], meter: Meter) -> None:
        """Keep a batch, and what all took until now."""
        with self._file.open("a", encoding="utf-8") as file:
            # A killed process may have left half a line: a fresh one keeps it from spoiling ours.
            file.write("\n" + "".join(json.dumps(asdict(p)) + "\n" for p in batch))
        write_json(self._costs, [asdict(c) for c in meter.costs()])
        self.count += len(batch)
