"""One cell of the leak test: trained like the cell of the grid, with canaries in its training data, and asked for them afterwards.

It keeps no weights, so that nothing that was trained on canaries can be used, exported or promoted.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from harness.data.canaries import CanarySet, draw_canaries, plant
from harness.data.pipeline import sample
from harness.engine.inference import Predictor
from harness.engine.leakage import all_canaries_fit, measure_canaries, measure_overlaps
from harness.errors import BenchError
from harness.grid.execution.cell_run import CellRun
from harness.grid.execution.result_notes import notes_on_training
from harness.types import CellResult, Example, LeakMeasurement, Prediction

OVERLAP_EXAMPLES = 32  # training examples, and test examples, whose targets the model is asked to continue


class LeakTestRun(CellRun):
    """The work on one cell of the leak test."""

    def run(self) -> tuple[CellResult, Sequence[Prediction] | None]:
        """Run the cell; returns its result without predictions."""
        predictor, result = self._prepare()
        self._require_room(predictor)
        self._announce("predict")
        with self.meter.phase("predict"):
            measured = LeakMeasurement(
                canaries=measure_canaries(predictor, self._canaries, self._report_canaries),
                training_overlaps=measure_overlaps(predictor, self._choose_overlap_examples(self._trained_on)),
                held_out_overlaps=measure_overlaps(predictor, self._choose_overlap_examples(self.examples)),
            )
        shutil.rmtree(self.files.artifact, ignore_errors=True)
        result = replace(result, leak=measured, artifact_bytes=0, costs=self.meter.costs())
        return replace(result, notes=tuple(notes_on_training(result))), None

    @cached_property
    def _canaries(self) -> CanarySet:
        others = (*self.folder.training_examples(self.task.name, "validation"), *self.examples)
        return draw_canaries(self.task, self.folder.training_examples(self.task.name, "train"), others)

    @cached_property
    def _trained_on(self) -> Sequence[Example]:
        """The training examples without the planted ones; of the untuned model, which is the control, those of the first seed."""
        size = self.cell.train_size or self.plan.data[self.task.name].sizes["train"]
        return sample(self.folder.training_examples(self.task.name, "train"), size, self.cell.seed or 0)

    def _choose_training_examples(self, predictor: Predictor) -> Sequence[Example]:
        self._require_room(predictor)
        return [*self._trained_on, *plant(self.task, self._canaries.canaries)]

    def _require_room(self, predictor: Predictor) -> None:
        """Check that every canary fits behind its prompt.

        Raises:
            BenchError: one does not.
        """
        if not all_canaries_fit(predictor, self._canaries.canaries):
            advice = "raise 'max_length' of the task, or use a model with a longer context"
            raise BenchError(f"the prompt of a training example leaves no room for a canary behind it: {advice}")

    def _choose_overlap_examples(self, examples: Sequence[Example]) -> Sequence[Example]:
        """Examples of which no copy carries a canary, the same for every strategy that has the same training examples."""
        carriers = {canary.carrier.id for canary in self._canaries.canaries}
        free = [example for example in examples if example.id not in carriers]
        return random.Random(self.task.name).sample(free, min(OVERLAP_EXAMPLES, len(free)))

    def _report_canaries(self, done: int, total: int) -> None:
        self.emit({"event": "progress", "done": done, "total": total, "unit": "canaries"})
