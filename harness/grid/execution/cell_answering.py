"""How a cell answers the test examples: with one model, with a whole model on each of its devices, or with a part of it on each.

Every batch of answers is stored as it is completed, so that an interruption loses only one for each process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.engine.artifacts import save_shots
from harness.engine.distributed import can_stage, stage
from harness.engine.inference import Predictor
from harness.engine.models import parameters_of
from harness.engine.prompts import EncodedPrompt, Shot, render_shots
from harness.grid.execution.answering_processes import AnsweringProcesses
from harness.grid.execution.cell_group import GroupFailedError, answer_in_group
from harness.grid.execution.cell_training import CellTraining
from harness.grid.execution.job import Event
from harness.grid.execution.memory_place import require_devices
from harness.grid.execution.partial_predictions import PartialPredictions
from harness.grid.execution.training_outcome import TrainingOutcome, is_trained
from harness.store import from_json_text, to_json_line
from harness.types import CellResult, Cost, Prediction


class CellAnswering(CellTraining):
    """The answers of a cell."""

    _outcome: TrainingOutcome | None = None  # of its training, once that is done
    _loss_before: float | None = None  # of the base model on general text, until that of the trained one is measured
    _has_counted_answers = False

    def _exceeds_device(self) -> bool:
        """Whether the weights alone take more than the memory of one of the cell's GPUs, so that they cannot be loaded.

        Raises:
            NeedsMoreDevicesError: it has one GPU, and may have more.
        """
        if self.device.kind != "cuda" or not can_stage(self.strategy, self.shape):
            return False
        if self.strategy.train is not None and self._job.processes == 1:  # its frozen weights may be on the CPU
            return False
        import torch

        bits = 4 if self.strategy.quantization is not None else 32 if self.device.dtype == "float32" else 16
        exceeds = (parameters_of(self.source.folder) or 0) * bits / 8 > torch.cuda.get_device_properties(0).total_memory
        return exceeds and self._may_have_parts()

    def _may_answer_in_parts(self) -> bool:
        """Whether the cell is trained, if it trains, and its devices may each hold a part of the model.

        Raises:
            NeedsMoreDevicesError: it has one device, and may have more.
        """
        return (self.strategy.train is None or is_trained(self.files)) and self._may_have_parts()

    def _may_have_parts(self) -> bool:
        if self._job.processes == 1:
            require_devices(self._job, self.strategy, self.shape, to_answer=True)
        return self._job.processes > 1 and can_stage(self.strategy, self.shape)

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
        """Predict every test example.

        Where several processes trained the cell, they divide the batches among themselves.
        """
        self._announce("predict")
        partial, done = self._stored_answers()

        def store(batch: Sequence[Prediction]) -> None:
            done.update({prediction.example_id: prediction for prediction in batch})
            partial.append(batch, self.meter.costs())
            self.emit({"event": "progress", "done": partial.count, "total": len(self.examples), "unit": "examples"})

        with self.meter.phase("predict"):
            own, *others = self._deal_batches(predictor, prompts, done)
            if others:
                with AnsweringProcesses(self._job, others) as processes:
                    self._answer_together(predictor, prompts, own, processes, store)
            return predictor.predict(self.examples, prompts, done=done, on_batch=store, on_tokens=self.meter.count_tokens)

    def _stored_answers(self) -> tuple[PartialPredictions, dict[str, Prediction]]:
        """What has been answered before; its costs are counted once."""
        partial = PartialPredictions(self.files.checkpoint)
        done = partial.read(None if self._has_counted_answers else self.meter)
        self._has_counted_answers = True
        return partial, done

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

    def answer_in_group(self) -> Mapping[str, Any]:
        """Answer the test examples as one process of `group`, each of which holds a part of the model.

        Returns:
            `costs`, as JSON. The answers, and the loss of a trained model on general text, are events before.
        """
        trained, done = self.strategy.train is not None, PartialPredictions(self.files.checkpoint).read()
        self._announce("load")
        with self.meter.phase("load"):
            predictor = self._predictor(self._load(trained=self.strategy.stores_weights, in_parts=True), self._shots())
            stage(predictor.loaded.model, self.group)
        if trained and not done:
            self.emit({"event": "general_loss", "loss": self._general_loss(predictor), "costs": self._costs_as_text()})
        self._announce("predict")

        def send(batch: Sequence[Prediction]) -> None:
            answers = [to_json_line(Prediction, each) for each in batch]
            self.emit({"event": "answers", "answers": answers, "costs": self._costs_as_text()})

        with self.meter.phase("predict"):
            predictor.predict(self.examples, done=done, on_batch=send, on_tokens=self.meter.count_tokens)
        return {"costs": self._costs_as_text()}

    def _answer_in_parts(self, result: CellResult) -> tuple[CellResult, list[Prediction]]:
        """Let other processes answer the test examples together, and store their answers as they come."""
        partial, done = self._stored_answers()
        before = self.meter.costs()

        def receive(event: Event) -> None:
            if event["event"] == "answers":
                batch = [from_json_text(Prediction, each) for each in event["answers"]]
                done.update({each.example_id: each for each in batch})
                partial.append(batch, (*before, *_read_costs(event["costs"])))
                self.emit({"event": "progress", "done": partial.count, "total": len(self.examples), "unit": "examples"})
            elif event["event"] != "general_loss":
                self.emit(event)
            elif self._outcome is not None and self._loss_before is not None:
                self._outcome = self._add_loss(self._outcome, self._loss_before, event["loss"])

        began = time.perf_counter()
        try:
            finished = answer_in_group(self._job, self.files, receive)
        except GroupFailedError as error:
            if error.status == "out-of-memory":
                require_devices(self._job, self.strategy, self.shape, to_answer=True)
            raise
        costs = _read_costs(finished["costs"])
        self._count_unmeasured(began, costs)
        self.meter.add(costs)
        general_loss = self._outcome.general_loss if self._outcome is not None else None
        return replace(result, general_loss=general_loss), [done[example.id] for example in self.examples]

    def _costs_as_text(self) -> list[str]:
        return [to_json_line(Cost, cost) for cost in self.meter.costs()]


def _read_costs(lines: Sequence[str]) -> tuple[Cost, ...]:
    """The costs that a process has sent."""
    return tuple(from_json_text(Cost, line) for line in lines)
