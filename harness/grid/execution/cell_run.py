"""One cell from start to end: load, train, predict, score. An interrupted cell resumes after its last completed step."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.engine.artifacts import model_card, save_shots
from harness.engine.inference import Predictor
from harness.engine.models import ModelSource
from harness.engine.prompts import EncodedPrompt, Shot, render_shots
from harness.engine.support import SupportModel, add_support
from harness.grid.execution.cell_training import CellTraining
from harness.grid.execution.partial_predictions import PartialPredictions
from harness.grid.execution.result_notes import notes_on_experts, notes_on_prompts, notes_on_training
from harness.grid.execution.scored_predictions import score_predictions
from harness.grid.execution.training_outcome import TrainingOutcome, load_outcome
from harness.statistics import compute_scores
from harness.store import from_json_text
from harness.types import CellNote, CellResult, Prediction


class CellRun(CellTraining):
    """The work on one cell."""

    def run(self) -> tuple[CellResult, Sequence[Prediction] | None]:
        """Run the cell; returns its result and its scored predictions, if it has any."""
        predictor, result = self._prepare()
        model_notes = notes_on_experts(predictor.loaded, self.strategy)
        predictor, prompts = self._prompts(predictor)
        predictions = self._predict(predictor, prompts)
        predictions, support_notes = self._support(predictor, predictions)
        result, predictions = self._score(result, predictions)
        notes = (*model_notes, *notes_on_prompts(prompts, len(predictor.shots)), *notes_on_training(result), *support_notes)
        return replace(result, truncated_prompts=sum(prompt.truncated for prompt in prompts), notes=notes), predictions

    def _prepare(self) -> tuple[Predictor, CellResult]:
        """Load the model, and train it unless that is done; returns the model in use, and what is known of the result."""
        outcome, loss_before = load_outcome(self.files), None
        together = outcome is None and self._trains_in_group
        if together:
            began = time.perf_counter()
            trained = self._run_group()
            outcome, loss_before = from_json_text(TrainingOutcome, trained["outcome"]), trained["loss_before"]
            self._count_unmeasured(began, outcome.costs)
        if outcome is None and self.strategy.train is not None:
            predictor, outcome = self._load_and_tune()
        else:
            predictor = self._load_predictor(trained=outcome is not None)
            self.meter.add(outcome.costs if outcome is not None else ())
        result = CellResult(self.cell, "done", total_parameters=predictor.loaded.parameters, provenance=self.provenance())
        if together and outcome is not None:
            outcome = self._complete(outcome, predictor, loss_before)
        return predictor, result if outcome is None else outcome.added_to(result)

    def _prompts(self, predictor: Predictor) -> tuple[Predictor, list[EncodedPrompt]]:
        """The predictor with the strategy's few-shot examples, and the prompts of the test examples."""
        with self.meter.phase("predict"):
            predictor = replace(predictor, shots=self._shots())
            return predictor, predictor.prompts(self.examples)

    def _shots(self) -> tuple[Shot, ...]:
        """The examples of a few-shot prompt, drawn from the training examples and stored with the cell."""
        if not self.strategy.shots:
            return ()
        assert self.cell.seed is not None
        candidates = self.folder.training_examples(self.task.name, "train")
        shots = render_shots(self.task, self.strategy, self.shape, candidates, self.cell.seed)
        save_shots(self.files, shots)
        return shots

    def _predict(self, predictor: Predictor, prompts: Sequence[EncodedPrompt]) -> list[Prediction]:
        """Predict every test example. Each batch is stored as it is completed, so that an interruption loses only one."""
        self._announce("predict")
        partial = PartialPredictions(self.files.checkpoint)
        done = partial.read(self.meter)

        def on_batch(batch: Sequence[Prediction]) -> None:
            partial.append(batch, self.meter)
            self.emit({"event": "progress", "done": partial.count, "total": len(self.examples), "unit": "examples"})

        with self.meter.phase("predict"):
            return predictor.predict(self.examples, prompts, done=done, on_batch=on_batch, on_tokens=self.meter.count_tokens)

    @property
    def _support_model(self) -> SupportModel | None:
        """The model that scores support; None where the task does not ask for it."""
        fields = self._job.support_model
        if not fields:
            return None
        source = ModelSource(**{**fields, "folder": Path(str(fields["folder"]))})  # type: ignore[arg-type]
        return SupportModel(source, self.device, self._job.trusts_support_model)

    def _support(self, predictor: Predictor, predictions: list[Prediction]) -> tuple[list[Prediction], Sequence[CellNote]]:
        """Score how far the outputs are supported by their inputs, where the task asks for it."""
        model = self._support_model
        if model is None:
            return predictions, ()
        self._announce("score")
        predictor.loaded.model = None  # frees its memory for the other model
        with self.meter.phase("score"):
            return add_support(
                self.task,
                self.examples,
                predictions,
                model,
                checkpoint=self.files.checkpoint,
                on_progress=lambda done, total: self.emit({"event": "progress", "done": done, "total": total, "unit": "outputs"}),
            )

    def _score(self, result: CellResult, predictions: Sequence[Prediction]) -> tuple[CellResult, list[Prediction]]:
        """Score the predictions; write the model card beside trained weights."""
        self._announce("score")
        with self.meter.phase("score"):
            scored = score_predictions(self.task, self.examples, predictions, trust_remote_code=self.trusts_code)
            scores = compute_scores(scored.metrics, self.examples, scored.predictions)
        result = replace(result, costs=self.meter.costs(), signatures=scored.signatures)
        if result.artifact_bytes:
            card = model_card(self.task, self.strategy, self.plan, result, scores)
            (self.files.artifact / "README.md").write_text(card, encoding="utf-8")
        return result, scored.predictions
