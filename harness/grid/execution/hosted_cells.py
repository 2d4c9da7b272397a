"""Cells of hosted models: asked, scored and stored like all others. They need no device, and wait for a host.

Every answer is kept as it comes, in the run folder and in the user's cache. A cell that cannot be completed, because the host fails or
the limit of costs is reached, has no result: the same command resumes it, and no answer is paid twice.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.engine.artifacts import save_shots
from harness.engine.hosted import (
    AnswerCache,
    CostLimitError,
    HostedAnswer,
    HostedAsker,
    HostedForm,
    HostedQuestion,
    HostedSpending,
    ask_all,
    price_of_answer,
    write_amount,
)
from harness.engine.prompts import Shot, render_shots
from harness.engine.served import Pace, ServerClient, parse_base_url
from harness.errors import BenchError
from harness.grid.execution.job import Emit, retry_event
from harness.grid.execution.kept_hosted_answers import KeptHostedAnswers, write_records
from harness.grid.execution.outside_answers import digest_scripts, score_outside_answers
from harness.grid.execution.result_notes import notes_on_hosted_answers
from harness.grid.planning import HostedRequest, Planned, make_questions, read_host_key
from harness.statistics import quantile
from harness.store import CellFolder, RunFolder, make_private_folder, write_text
from harness.types import Cell, CellResult, Cost, Example, HostedMeasurement, Strategy, Task

_ATTEMPTS = 8  # of a request: about two minutes until a host counts as down
_MOST_VERSIONS = 100


@dataclass(frozen=True)
class StoppedCell:
    """A cell that could not be completed, and why."""

    cell: Cell
    reason: str


class HostedCells:
    """The work on the cells of one run that ask hosted models.

    Attributes:
        stopped: those that could not be completed.
    """

    def __init__(self, planned: Planned, folder: RunFolder, request: HostedRequest, emit: Emit, *, use_cache: bool = True) -> None:
        """
        Args:
            use_cache: take answers from the user's cache, where the strategy allows it.
        """
        self._planned, self._folder, self._request, self._use_cache = planned, folder, request, use_cache
        self._listener, self._emitting = emit, threading.Lock()
        self.stopped: list[StoppedCell] = []
        self._spending = HostedSpending(request.max_cost)
        self._forms: dict[tuple[str, str], HostedForm] = {}  # what hosts accept, by strategy and task

    def _emit(self, event: Mapping[str, Any]) -> None:
        """Pass on an event, one at a time: requests of several threads may fail at once."""
        with self._emitting:
            self._listener(event)

    def run(self, cells: Sequence[Cell]) -> None:
        """Complete these cells as far as their hosts, and the limit of costs, allow.

        Raises:
            BenchError: a host refuses the first question, or does not answer it. Nothing else was done then.
        """
        self._spending.paid = self._count_paid()
        for cell in cells:
            self._run_cell(cell)

    def calibrate(self, cascade: Cell, cell: Cell) -> bool:
        """Let the hosted model of a cell answer the calibration examples, for a cascade that passes answers on to it.

        Answers are kept with the cascade as they come, so that none is paid twice.

        Returns:
            Whether all of them are answered.
        """
        plan = self._planned.plan
        task, strategy = plan.tasks[cell.task], plan.get_strategy(cell)
        self._spending.paid = self._count_paid()
        self._emit({"event": "start", "cell": cascade.id})
        shots = self._draw_shots(task, strategy, cell)
        asked = self._ask_all(cell, cascade, shots, self._folder.training_examples(cell.task, "calibration"))
        if asked is None:
            return False
        self._folder.write_calibration_answers(cell.id, [answer.prediction for answer in asked[0]])
        return True

    def _count_paid(self) -> float:
        """What this run has paid until now, in all of its cells."""
        plan = self._planned.plan
        hosted = [cell for cell in plan.cells if plan.get_strategy(cell).api is not None]
        cascades = [cell for cell in plan.cells if plan.get_strategy(cell).method == "cascade"]
        return sum(self._paid_before(cell) for cell in hosted) + sum(self._paid_for_calibration(cell) for cell in cascades)

    def _paid_for_calibration(self, cascade: Cell) -> float:
        """What the calibration examples of a cascade have cost; once it has a result, at their full price, whether paid here or before."""
        files, plan = self._folder.cell(cascade.id), self._planned.plan
        _, then = plan.find_cascade_parts(cascade)
        spec = plan.get_strategy(then).api
        if spec is None:
            return 0.0
        if files.is_finished():
            return sum(cost.price or 0.0 for cost in files.result().costs if cost.device == parse_base_url(spec.base_url)[1])
        return sum(price_of_answer(spec, answer) for answer in KeptHostedAnswers(files).read().values() if not answer.from_cache)

    def _paid_before(self, cell: Cell) -> float:
        """What this run has paid for a cell until now."""
        files, spec = self._folder.cell(cell.id), self._planned.plan.get_strategy(cell).api
        assert spec is not None
        if files.is_finished():
            hosted = files.result().hosted
            return 0.0 if hosted is None else hosted.paid
        return sum(price_of_answer(spec, answer) for answer in KeptHostedAnswers(files).read().values() if not answer.from_cache)

    def _run_cell(self, cell: Cell) -> None:
        plan, files = self._planned.plan, self._folder.cell(cell.id)
        task, strategy = plan.tasks[cell.task], plan.get_strategy(cell)
        self._emit({"event": "start", "cell": cell.id})
        shots = self._draw_shots(task, strategy, cell)
        if shots:
            make_private_folder(files.path)
            save_shots(files, shots)
        asked = self._ask_all(cell, cell, shots, self._folder.examples(cell.task))
        if asked is not None:
            self._store(cell, task, strategy, *asked)

    def _ask_all(
        self, cell: Cell, owner: Cell, shots: Sequence[Shot], examples: Sequence[Example]
    ) -> tuple[list[HostedAnswer], HostedAsker] | None:
        """The answers to these examples, in order; None where the host, or the limit of costs, stopped them.

        Args:
            owner: the cell that keeps the answers, and that events are about.
        """
        plan, files = self._planned.plan, self._folder.cell(owner.id)
        task, strategy = plan.tasks[cell.task], plan.get_strategy(cell)
        spec = strategy.api
        assert spec is not None
        self._emit({"event": "phase", "cell": owner.id, "phase": "ask"})
        kept = KeptHostedAnswers(files)
        questions = make_questions(task, strategy, shots, examples)
        address = parse_base_url(spec.base_url)[0]
        client = ServerClient(
            address, key=read_host_key(spec), timeout=spec.timeout, attempts=_ATTEMPTS, pace=Pace(spec.requests_per_minute),
            on_failure=lambda failed: self._emit({"cell": owner.id, **retry_event(failed)}),
        )  # fmt: skip
        cache = AnswerCache() if spec.cache and self._use_cache else None
        asker = HostedAsker(client, spec, task, examples[0].choices, repeat=cell.seed or 0, cache=cache, form=self._known_form(cell, kept))
        try:
            return self._ask(cell, owner, asker, questions, kept), asker
        except BenchError as error:
            if not kept.count and owner is cell:
                raise BenchError(f"strategy '{strategy.name}': {error}") from None
            self._stop(owner, files, str(error), f"{kept.count:,} of {len(questions):,} examples are answered")
            return None
        finally:
            client.close()

    def _known_form(self, cell: Cell, kept: KeptHostedAnswers) -> HostedForm | None:
        """How the host was asked before: in this cell, or in another repeat."""
        form = kept.read_form() or self._forms.get((cell.strategy, cell.task))
        if form is not None:
            kept.write_form(form)
        return form

    def _draw_shots(self, task: Task, strategy: Strategy, cell: Cell) -> tuple[Shot, ...]:
        if not strategy.shots:
            return ()
        return render_shots(task, strategy, "decoder", self._folder.training_examples(task.name, "train"), cell.seed or 0)

    def _ask(
        self, cell: Cell, owner: Cell, asker: HostedAsker, questions: Sequence[HostedQuestion], kept: KeptHostedAnswers
    ) -> list[HostedAnswer]:
        done = kept.read()

        def keep(answer: HostedAnswer) -> None:
            kept.append(answer)
            done[answer.prediction.example_id] = answer
            self._emit({"event": "progress", "cell": owner.id, "done": kept.count, "total": len(questions), "unit": "answers"})

        waiting = [question for question in questions if question.example.id not in done]
        if asker.form is None and waiting:
            first = waiting[0]
            if not self._spending.reserve(first.example.id, asker.most_attempts * asker.highest_price(first)):
                raise CostLimitError(self._describe_limit())
            tried = asker.find_form(first)
            self._spending.settle(first.example.id, sum(price_of_answer(asker.spec, each) for each in tried if not each.from_cache))
            assert asker.form is not None
            kept.write_form(asker.form)
            keep(tried[-1])
        if asker.form is not None:
            self._forms[cell.strategy, cell.task] = asker.form
        try:
            return ask_all(asker, questions, done=done, spending=self._spending, on_answer=keep)
        except CostLimitError:
            raise CostLimitError(self._describe_limit()) from None

    def _describe_limit(self) -> str:
        currency = self._planned.plan.options["price"]["currency"]
        limit, paid = f"{self._request.max_cost:g} {currency}", f"{write_amount(self._spending.paid)} {currency}"
        return f"the next answer could exceed the limit of {limit} ({paid} are spent). A higher limit continues"

    def _stop(self, cell: Cell, files: CellFolder, reason: str, state: str) -> None:
        """Leave a cell without a result, with the reason in its folder."""
        self.stopped.append(StoppedCell(cell, f"{state}: {reason}"))
        for folder in (files.path, files.checkpoint):
            make_private_folder(folder)
        write_text(files.stop_note, f"{state}: {reason}\n", private=True)
        self._emit({"event": "stopped", "cell": cell.id, "reason": f"{state}: {reason}"})

    def _store(self, cell: Cell, task: Task, strategy: Strategy, answers: Sequence[HostedAnswer], asker: HostedAsker) -> None:
        plan, files = self._planned.plan, self._folder.cell(cell.id)
        spec = strategy.api
        assert spec is not None
        predictions = [answer.prediction for answer in answers]
        scored, support_notes = score_outside_answers(self._planned, self._folder, cell, predictions, self._emit)
        measured = measure_answers(spec.model, parse_base_url(spec.base_url)[1], strategy, answers, asker)
        price = None if spec.price is None else spec.price.of_tokens(measured.tokens_in, measured.tokens_out)
        cost = Cost(
            "predict", 0.0, measured.host, tokens=measured.tokens_in + measured.tokens_out, price=price,
            currency=plan.options["price"]["currency"],
        )  # fmt: skip
        provenance = {"host": measured.host, "hosted_model": spec.model} | digest_scripts(self._planned, cell)
        notes = (
            *notes_on_hosted_answers(task, measured, [each.refusal for each in answers if each.refusal], scored.predictions),
            *support_notes,
        )
        result = CellResult(cell, "done", (cost,), provenance, notes=notes, signatures=scored.signatures, hosted=measured)
        write_records(files, answers)
        files.write_result(result, scored.predictions)
        self._emit({"event": "exit", "cell": cell.id, "code": 0})


def measure_answers(model: str, host: str, strategy: Strategy, answers: Sequence[HostedAnswer], asker: HostedAsker) -> HostedMeasurement:
    """What the answers of a cell have in common."""
    spec = strategy.api
    assert spec is not None and asker.form is not None
    seconds = [answer.seconds for answer in answers]
    moments = sorted(answer.asked for answer in answers)
    return HostedMeasurement(
        host=host,
        model=model,
        answers=len(answers),
        versions=_count(answer.model for answer in answers),
        fingerprints=_count(answer.fingerprint for answer in answers),
        labels=asker.form.labels,
        cached=sum(answer.from_cache for answer in answers),
        refused=sum(bool(answer.refusal) for answer in answers),
        cut=sum(answer.finish_reason == "length" for answer in answers),
        filtered=sum(answer.finish_reason == "content_filter" for answer in answers),
        uncounted=sum(not answer.counted for answer in answers),
        retries=asker.client.retries,
        unanswered=asker.client.unanswered,
        tokens_in=sum(answer.prediction.tokens_in for answer in answers),
        tokens_out=sum(answer.prediction.tokens_out for answer in answers),
        paid=sum(price_of_answer(spec, answer) for answer in answers if not answer.from_cache),
        first_asked=moments[0],
        last_asked=moments[-1],
        median_seconds=quantile(seconds, 0.5),
        slow_seconds=quantile(seconds, 0.95),
        at_once=spec.max_concurrency,
    )


def _count(names: object) -> tuple[tuple[str, int], ...]:
    """Names that are not empty, with their counts, the most frequent first."""
    counts = Counter(name for name in names if name)  # type: ignore[attr-defined]
    return tuple(counts.most_common(_MOST_VERSIONS))
