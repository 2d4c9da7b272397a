"""One cell from start to end: load, train, predict, score. An interrupted cell resumes after its last completed step."""

from __future__ import annotations

import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.engine.artifacts import ADDED_TOKENS, model_card
from harness.engine.foreign import prepare_for_adapter
from harness.engine.inference import Predictor
from harness.engine.models import ModelSource, has_tokenizer, load_skeleton, size_of
from harness.engine.support import SupportModel, add_support
from harness.grid.execution.cell_answering import CellAnswering
from harness.grid.execution.cell_training import loss_change
from harness.grid.execution.result_notes import notes_on_artifact, notes_on_experts, notes_on_prompts, notes_on_training
from harness.grid.execution.scored_predictions import score_predictions
from harness.grid.execution.system_limits import free_device_memory, is_memory_error
from harness.grid.execution.training_outcome import TrainingOutcome, load_outcome, save_outcome
from harness.statistics import compute_scores
from harness.store import from_json_text
from harness.types import CellNote, CellResult, Prediction


class CellRun(CellAnswering):
    """The work on one cell."""

    def run(self) -> tuple[CellResult, Sequence[Prediction] | None]:
        """Run the cell; returns its result and its scored predictions, if it has any.

        Where the model fits no device to answer, and the cell has several, each of them holds a part of its layers.
        """
        if self._exceeds_device():
            return self._run(in_parts=True)
        try:
            return self._run(in_parts=False)
        except Exception as error:
            if not is_memory_error(error) or not self._may_answer_in_parts():
                raise
            traceback.print_exc()  # into the cell's log
        free_device_memory()
        return self._run(in_parts=True)

    def _run(self, *, in_parts: bool) -> tuple[CellResult, Sequence[Prediction] | None]:
        predictor, result = self._prepare(in_parts=in_parts)
        model_notes = notes_on_experts(predictor.loaded, self.strategy)
        predictor, prompts = self._prompts(predictor)
        if in_parts:
            result, predictions = self._answer_in_parts(result)
        else:
            predictions = self._predict(predictor, prompts)
        predictions, support_notes = self._support(predictor, predictions)
        result, predictions = self._score(result, predictions)
        own_notes = (*notes_on_artifact(self.strategy), *model_notes, *notes_on_prompts(prompts, len(predictor.shots)))
        notes = (*own_notes, *notes_on_training(result), *support_notes)
        return replace(result, truncated_prompts=sum(prompt.truncated for prompt in prompts), notes=notes), predictions

    def _prepare(self, *, in_parts: bool = False) -> tuple[Predictor, CellResult]:
        """Train the cell unless that is done, and load the model; returns the model in use, and what is known of the result.

        Args:
            in_parts: load no weights, because the processes that answer each load a part of them.
        """
        predictor = self._train_unless_done()
        if predictor is None and in_parts:
            predictor = self._load_skeleton()
        elif predictor is None:
            predictor = self._load_predictor(trained=self.strategy.stores_weights)
        result = CellResult(self.cell, "done", total_parameters=predictor.loaded.parameters, provenance=self.provenance())
        if self.strategy.artifact is not None:
            return predictor, self._with_artifact(result, predictor, in_parts=in_parts)
        if self._outcome is None:
            return predictor, result
        if self._loss_before is not None and not in_parts:
            self._outcome, self._loss_before = self._complete(self._outcome, predictor, self._loss_before), None
        return predictor, self._outcome.added_to(result)

    def _with_artifact(self, result: CellResult, predictor: Predictor, *, in_parts: bool) -> CellResult:
        """The result with what is known of weights that were trained elsewhere. The run keeps the tokenizer that they are used with."""
        loaded, spec = predictor.loaded, self.strategy.artifact
        assert spec is not None
        if not has_tokenizer(self.files.artifact):
            loaded.tokenizer.save_pretrained(self.files.artifact)
        provenance = {**result.provenance, "artifact_sha256": spec.sha256}
        if loaded.added_tokens:
            provenance[ADDED_TOKENS] = str(loaded.added_tokens)
        change = None
        if self.strategy.has_adapter and not in_parts:
            with loaded.model.disable_adapter():
                before = self._general_loss(predictor)
            change = loss_change(before, self._general_loss(predictor))
        return replace(result, provenance=provenance, artifact_bytes=size_of(self.files.artifact), general_loss=change)

    def _load_skeleton(self) -> Predictor:
        with self.meter.phase("load"):
            trusts_code = self.trusts_code and not self.strategy.is_whole_artifact
            loaded = load_skeleton(self.source, trust_remote_code=trusts_code, labels=self.labels)
            if self.strategy.artifact is not None and self.strategy.has_adapter:
                loaded = prepare_for_adapter(loaded, self.files.artifact)
        return self._predictor(loaded)

    def _train_unless_done(self) -> Predictor | None:
        """Set `_outcome`; returns the model that was trained if this process has it."""
        if self.strategy.train is None or self._outcome is not None:
            return None
        self._outcome = load_outcome(self.files)
        if self._outcome is not None:
            self.meter.add(self._outcome.costs)
            return None
        if not self._trains_in_group:
            predictor, self._outcome = self._load_and_tune()
            return predictor
        began = time.perf_counter()
        trained = self._run_group()
        self._outcome, self._loss_before = from_json_text(TrainingOutcome, trained["outcome"]), trained["loss_before"]
        self._count_unmeasured(began, self._outcome.costs)
        self.meter.add(self._outcome.costs)
        save_outcome(self.files, replace(self._outcome, costs=self.meter.costs()))
        return None

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
