"""The support of outputs by their inputs, scored by one model for all strategies; an interruption loses one batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.engine.models import Device, ModelSource
from harness.engine.support.output_batches import SourcedOutput
from harness.engine.support.scorer import load_scorer
from harness.metrics import SUPPORT_SCORE, input_text
from harness.types import CellNote, Example, Prediction, Task


@dataclass(frozen=True)
class SupportModel:
    """The model that scores support, and the device that it runs on."""

    source: ModelSource
    device: Device
    trust_remote_code: bool = False


def add_support(
    task: Task,
    examples: Sequence[Example],
    predictions: Sequence[Prediction],
    model: SupportModel | None,
    *,
    checkpoint: Path,
    on_progress: Callable[[int, int], None],
) -> tuple[list[Prediction], list[CellNote]]:
    """The predictions with their support, and a note if texts were too long for the model. Tasks without this metric are left as they are.

    Args:
        checkpoint: a folder for the scores of an interrupted call.
        on_progress: receives the numbers of outputs that are scored, and of all outputs.

    Raises:
        BenchError: the model cannot be loaded, or computed numbers that are not finite.
    """
    if SUPPORT_SCORE not in task.metrics or model is None:
        return list(predictions), []
    by_id = {example.id: example for example in examples}
    sources = {p.example_id: input_text(by_id[p.example_id]) for p in predictions}
    outputs = [SourcedOutput(p.example_id, sources[p.example_id], p.answer.strip()) for p in predictions]
    outputs = [one for one in outputs if one.source and one.output]
    partial = _PartialScores(checkpoint)
    scores, notes = partial.read(), []
    if outputs:
        scorer = load_scorer(task.faithfulness.kind, model.source, model.device, trust_remote_code=model.trust_remote_code)

        def on_batch(batch: Mapping[str, float]) -> None:
            partial.append(batch)
            on_progress(partial.count, len(outputs))

        scores = scorer.score(outputs, done=scores, on_batch=on_batch)
        if scorer.cut:
            notes.append(CellNote("support_texts_cut", {"count": scorer.cut, "total": len(outputs)}))
    known = {name: value for name, value in scores.items() if name in by_id}
    return [replace(p, scores={**p.scores, SUPPORT_SCORE: known.get(p.example_id)}) for p in predictions], notes


class _PartialScores:
    """A JSON line for each batch of scores. `count` is the number of stored scores."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "support.jsonl"
        self.count = 0

    def read(self) -> dict[str, float]:
        """The stored scores by example id."""
        scores: dict[str, float] = {}
        for line in self._file.read_text(encoding="utf-8", errors="replace").splitlines() if self._file.is_file() else ():
            try:
                batch = json.loads(line)
            except ValueError:  # the last line of a process that was killed
                continue
            if isinstance(batch, dict):
                scores |= {name: float(value) for name, value in batch.items() if isinstance(value, int | float)}
        self.count = len(scores)
        return scores

    def append(self, batch: Mapping[str, float]) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            # A killed process may have left half a line, which must not spoil the next one.
            file.write("\n" + json.dumps(dict(batch)) + "\n")
        self.count += len(batch)
