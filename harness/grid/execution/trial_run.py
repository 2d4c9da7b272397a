"""One part of a trial of a search: trained from where the part before ended, and measured on validation examples. It predicts nothing.

The state from which the next part resumes is kept beside the cells until the search no longer needs it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.engine.adapters import trainable_parameters
from harness.engine.inference import Predictor
from harness.engine.prompts import Shot, render_shots
from harness.engine.tuning import TrainingPart, encode_examples, example_losses
from harness.grid.execution.cell_run import CellRun
from harness.grid.execution.result_notes import notes_on_training
from harness.grid.search import SHARES
from harness.store import from_json_text, to_json_line
from harness.types import COOLDOWN, CellResult, Prediction, Trial, TrialMeasurement


class TrialRun(CellRun):
    """The work on one part of a trial."""

    def run(self) -> tuple[CellResult, Sequence[Prediction] | None]:
        """Run the part; returns its result without predictions."""
        self.folder.take_trial_state(self.cell.id, self._trial.previous)
        if self._trains_in_group:
            began = time.perf_counter()
            result = from_json_text(CellResult, self._run_group()["result"])
            self._count_unmeasured(began, result.costs)
            self.meter.add(result.costs)
        else:
            result = self._run_part()
        if self._trial.share < 1:
            self.folder.keep_trial_state(self.cell.id)
        return replace(result, costs=self.meter.costs()), None

    def train_in_group(self) -> Mapping[str, Any]:
        """Run the part as one process of `group`: all of them measure the same examples.

        Returns:
            `result`, a `CellResult` as JSON.
        """
        return {"result": to_json_line(CellResult, self._run_part())}

    def _run_part(self) -> CellResult:
        self._announce("load")
        with self.meter.phase("load"):
            predictor = self._predictor(self._load(trained=False))
        result = CellResult(self.cell, "done", total_parameters=predictor.loaded.parameters, provenance=self.provenance())
        if self.strategy.train is not None:
            result = replace(
                result,
                training=self._train(predictor, self._ready(predictor)),
                trainable_parameters=trainable_parameters(predictor.loaded.model),
            )
        else:
            predictor = replace(predictor, shots=self._draw_shots())
        result = replace(result, trial=self._measure(predictor), costs=self.meter.costs())
        return replace(result, notes=tuple(notes_on_training(result)))

    @property
    def _trial(self) -> Trial:
        return self.plan.trials[self.cell.id]

    def _part(self, steps: int) -> TrainingPart:
        return TrainingPart.of(SHARES, self._trial.rung, steps, COOLDOWN)

    def _draw_shots(self) -> tuple[Shot, ...]:
        assert self.cell.seed is not None
        candidates = self.folder.training_examples(self.task.name, "train")
        return render_shots(self.task, self.strategy, self.shape, candidates, self.cell.seed)

    def _measure(self, predictor: Predictor) -> TrialMeasurement:
        """The losses of the best weights so far on the validation examples."""
        self._announce("validate")
        examples = self.folder.training_examples(self.task.name, "validation")
        encoded, _ = encode_examples(predictor, examples)
        losses = example_losses(
            predictor.loaded.model,
            encoded,
            pad_id=predictor.encoder.pad_id,
            device=self.device,
            shape=self.shape,
            meter=self.meter,
        )
        groups: tuple[int, ...] = ()
        if any(example.group is not None for example in examples):
            names = [example.id if example.group is None else example.group for example in examples]
            order = {name: number for number, name in enumerate(dict.fromkeys(names))}
            groups = tuple(order[name] for name in names)
        kept = [i for i, (_, tokens) in enumerate(losses) if tokens]
        return TrialMeasurement(
            losses=tuple(losses[i][0] for i in kept),
            tokens=tuple(losses[i][1] for i in kept),
            groups=tuple(groups[i] for i in kept) if groups else (),
        )
