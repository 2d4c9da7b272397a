"""One cell of a cascade: its two strategies have answered the test examples already, and their answers are put together.

Which of the two answers an example is decided by a threshold on the confidence of the first. It is chosen on calibration examples, which
only this cell lets the trained model answer; the test examples have no part in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.engine.artifacts import load_finished
from harness.engine.inference import Predictor
from harness.engine.served import parse_base_url
from harness.errors import BenchError
from harness.grid.execution.cascade_threshold import CalibrationAnswers, calibration_metrics, choose_threshold, combine
from harness.grid.execution.cell_run import CellRun
from harness.grid.execution.partial_predictions import PartialPredictions
from harness.grid.execution.result_notes import notes_on_cascade
from harness.results import FinishedCell
from harness.store import StoredRun
from harness.types import Cell, CellResult, Cost, Example, Prediction


class CascadeRun(CellRun):
    """The work on one cell of a cascade."""

    def run(self) -> tuple[CellResult, Sequence[Prediction] | None]:
        """Choose the threshold and put the answers together.

        Raises:
            BenchError: a cell that the cascade is made of has no answers, or its model cannot be loaded.
        """
        first, then = self.plan.find_cascade_parts(self.cell)
        trained = self._result_of(first)
        self._result_of(then)
        examples = self.folder.training_examples(self.task.name, "calibration")
        answers = self._answer(self._load_first(first), examples)
        self._announce("score")
        with self.meter.phase("score"):
            metrics = calibration_metrics(self.task, self.labels, trust_remote_code=self.trusts_code)
            calibration = CalibrationAnswers(examples, answers, self.folder.calibration_answers(then.id))
            measured = choose_threshold(self.task, self.strategy, calibration, metrics)
            kept, passed_on = self.folder.cell(first.id).predictions(), self.folder.cell(then.id).predictions()
            predictions, share = combine(kept, passed_on, measured.threshold)
        result = CellResult(
            self.cell,
            "done",
            (*self.meter.costs(), *self._second_costs(calibration.then)),
            self.provenance(),
            trainable_parameters=trained.trainable_parameters,
            total_parameters=trained.total_parameters,
            truncated_prompts=trained.truncated_prompts,
            signatures=trained.signatures,
            notes=tuple(notes_on_cascade(self.task, self.examples, predictions)),
            cascade=replace(measured, passed_on=share),
        )
        return result, predictions

    def _result_of(self, cell: Cell) -> CellResult:
        """The result of a part of the cascade.

        Raises:
            BenchError: it is not done.
        """
        result = self.folder.cell(cell.id).result()
        if result.status != "done":
            reason = f": {result.error}" if result.error else ""
            raise BenchError(f"a cascade needs the answers of '{cell.strategy}', whose cell is {result.status}{reason}")
        return result

    def _second_costs(self, answers: Sequence[Prediction]) -> tuple[Cost, ...]:
        """What the second strategy takes for the calibration examples, where its price is known."""
        assert self.strategy.then is not None
        second, currency = self.plan.strategies[self.strategy.then], self.plan.options["price"]["currency"]
        if second.api is not None and second.api.price is not None:
            tokens = sum(answer.tokens_in for answer in answers), sum(answer.tokens_out for answer in answers)
            host = parse_base_url(second.api.base_url)[1]
            return (Cost("predict", 0.0, host, tokens=sum(tokens), price=second.api.price.of_tokens(*tokens), currency=currency),)
        if second.outputs is not None and second.outputs.price_per_1k is not None:
            return (Cost("predict", 0.0, "external", price=second.outputs.price_per_1k * len(answers) / 1000, currency=currency),)
        return ()

    def _load_first(self, cell: Cell) -> Predictor:
        self._announce("load")
        finished = FinishedCell(StoredRun(self.folder), cell)
        with self.meter.phase("load"):
            return load_finished(finished, self.source, self.device, trust_remote_code=self.trusts_code)

    def _answer(self, predictor: Predictor, examples: Sequence[Example]) -> list[Prediction]:
        """The answers to the calibration examples. Each batch is stored as it is completed, like those to test examples."""
        self._announce("predict")
        partial = PartialPredictions(self.files.checkpoint)
        done = partial.read(self.meter)

        def on_batch(batch: Sequence[Prediction]) -> None:
            partial.append(batch, self.meter.costs())
            self.emit({"event": "progress", "done": partial.count, "total": len(examples), "unit": "calibration examples"})

        with self.meter.phase("predict"):
            prompts = predictor.prompts(examples)
            return predictor.predict(examples, prompts, done=done, on_batch=on_batch, on_tokens=self.meter.count_tokens)
