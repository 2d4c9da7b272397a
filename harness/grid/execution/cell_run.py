"""One cell from start to end: load, train, predict, score. An interrupted cell resumes after its last completed step."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.engine.artifacts import model_card, save_shots
from harness.engine.inference import Predictor
from harness.engine.models import ModelSource
from harness.engine.prompts import EncodedPrompt, Shot, render_shots
from harness.engine.support import SupportModel, add_support
from harness.grid.execution.answering_processes import AnsweringProcesses
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
            if self.strategy.shots:
                save_shots(self.files, predictor.shots)
            return predictor, predictor.prompts(self.examples)

    def _shots(self) -> tuple[Shot, ...]:
        """The examples of a few-shot prompt, drawn from the training examples."""
        if not self.strategy.shots:
            return ()
        assert self.cell.seed is not None
        candidates = self.folder.training_examples(self.task.name, "train")
        return render_shots(self.task, self.strategy, self.shape, candidates, self.cell.seed)

    def _predict(self, predictor: Predictor, prompts: Sequence[EncodedPrompt]) -> list[Prediction]:
        """Predict every test example. Each batch is stored as it is completed, so that an interruption loses only one for each process.

        Where several processes trained the cell, they divide the batches among themselves.
        """
        self._announce("predict")
        partial = PartialPredictions(self.files.checkpoint)
        done = partial.read(self.meter)

        def store(batch: Sequence[Prediction]) -> None:
            done.update({prediction.example_id: prediction for prediction in batch})
            partial.append(batch, self.meter)
            self.emit({"event": "progress", "done": partial.count, "total": len(self.examples), "unit": "examples"})

        with self.meter.phase("predict"):
            own, *others = self._deal_batches(predictor, prompts, done)
            if others:
                with AnsweringProcesses(self._job, others) as processes:
                    self._answer_together(predictor, prompts, own, processes, store)
            return predictor.predict(self.examples, prompts, done=done, on_batch=store, on_tokens=self.meter.count_tokens)

    def _answer_together(
        self,
        predictor: Predictor,
        prompts: Sequence[EncodedPrompt],
        own: Collection[int],
        processes: AnsweringProcesses,
        store: Callable[[Sequence[Prediction]], None],
    ) -> None:
        """Answer this process's own batches, and store those of the others as they come."""

        def receive(*, wait: bool) -> None:
            for batch in processes.receive(wait=wait):
                self.meter.count_tokens(sum(each.tokens_in + each.tokens_out for each in batch))
                store(batch)

        def on_batch(batch: Sequence[Prediction]) -> None:
            store(batch)
            receive(wait=False)

        predictor.predict(self.examples, prompts, on_batch=on_batch, on_tokens=self.meter.count_tokens, only=own)
        receive(wait=True)

    def _deal_batches(self, predictor: Predictor, prompts: Sequence[EncodedPrompt], done: Mapping[str, Prediction]) -> list[list[int]]:
        """The numbers of the batches that are not done, dealt out to the processes of the cell, as far as there are any for them."""
        if self._job.processes == 1:
            return [[]]
        batches = predictor.list_batches(prompts)
        missing = [number for number, batch in enumerate(batches) if any(self.examples[i].id not in done for i in batch)]
        size = max(1, min(self._job.processes, len(missing)))
        return [missing[rank::size] for rank in range(size)]

    def answer(self, batches: Collection[int], on_batch: Callable[[Sequence[Prediction]], None]) -> None:
        """Answer the batches with these numbers, as one of several processes, with the model that was trained."""
        predictor = replace(self._load_predictor(trained=True), shots=self._shots())
        predictor.predict(self.examples, on_batch=on_batch, only=batches)

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
