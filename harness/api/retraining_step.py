"""One retraining, from the assembled data to the decision of the gate. Every turn is written down, so that the next call can resume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.api.gates import NotPassedError, promote
from harness.api.requested_runs import SilentListener, run_request
from harness.api.retraining_data import Assembly, StepOptions, make_run_request
from harness.errors import BenchError
from harness.gate import Event, Registry
from harness.results import RunResults, StrategyResult
from harness.statistics import Outcome
from harness.store import RunFolder
from harness.types import HostedForecast

if TYPE_CHECKING:
    from harness.grid import Listener
    from harness.lifecycle.retraining import Lifecycle, OpenStep, RetrainingState, StepOutcome, StepResult, StepStore

_OUTCOMES: Mapping[Outcome, StepOutcome] = {"PASS": "promoted", "FAIL": "held", "INCONCLUSIVE": "undecided"}


class ChampionChangedError(Exception):
    """Another model was put into service while the candidate was trained, so the step compares with the wrong one. It stays open."""


def find_promotion(options: StepOptions, task: str, step: OpenStep) -> Event | None:
    """The event by which an earlier call has promoted the candidate of a step, before it could note so; it may be rolled back by now."""
    events = Registry(options.registry).journal.events(task)
    own = [event for event in events if event.action == "promote" and event.number > step.champion and event.run == step.run]
    return own[0] if own else None


def run_step(
    store: StepStore, state: RetrainingState, result: StepResult, plan: Lifecycle, options: StepOptions, assembly: Assembly | None
) -> StepResult:
    """Do what is left of the step that is open.

    Args:
        result: what is known about the step.
        assembly: its data; None where that was written by an earlier call.

    Raises:
        BenchError: the run cannot be planned, the gate cannot judge, or a file cannot be written. The step stays open.
        ChampionChangedError: see there.
    """
    step = _Step(store, state, plan, options)
    if assembly is not None:
        step.write_data(assembly)
    results = step.train()
    return step.decide(result, results)


class _Step:
    """The open step of a state. The lock is held."""

    def __init__(self, store: StepStore, state: RetrainingState, plan: Lifecycle, options: StepOptions) -> None:
        self._store = store
        self._state = state
        self._plan = plan
        self._options = options

    @property
    def _open(self) -> OpenStep:
        assert self._state.step is not None
        return self._state.step

    def _update(self, **changes: Any) -> None:
        self._state = replace(self._state, step=replace(self._open, **changes))
        self._store.write_state(self._state)

    def write_data(self, assembly: Assembly) -> None:
        """Write the examples and the keys of the rows; then note that they are complete."""
        from harness.lifecycle.retraining import declare_task, write_data_files

        number = self._open.number
        folder = self._store.data_folder(number).resolve()
        self._store.write_used(number, assembly.used)
        try:
            write_data_files(folder, assembly.task, assembly.data)
        except OSError as error:
            raise BenchError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
        self._update(task=declare_task(assembly.task, assembly.data, folder))

    def train(self) -> RunResults:
        """The finished run of the step: the one that it has already, or a new one, or what is left of an interrupted one."""
        from harness.grid import Listeners

        folder = RunFolder(self._options.runs_dir / self._open.run)
        if self._open.run and (folder.path / "run.json").is_file() and folder.is_finished():
            return RunResults(folder)
        assert self._open.task is not None
        request = make_run_request(self._plan, self._open.task, self._options)
        listeners: list[Listener] = [_RunName(self), *([self._options.listener] if self._options.listener else [])]
        done = run_request(
            request,
            runs_dir=self._options.runs_dir,
            listener=Listeners(listeners),
            jobs=self._options.jobs,
            executor=self._options.executor,
            ray_address=self._options.ray_address,
            devices_per_cell=self._options.devices_per_cell,
            command=f"bench retrain {self._plan.file}",
        )
        return done.stored

    def note_run(self, name: str) -> None:
        """Remember the run before its first cell starts."""
        if name != self._open.run:
            self._update(run=name)

    def decide(self, result: StepResult, results: RunResults) -> StepResult:
        """Judge the candidate, and put it into service if it passes."""
        spent = results.spent
        result = replace(
            result,
            run=results.name,
            hours=spent.seconds / 3600,
            price=spent.price,
            currency=spent.currency or "",
        )
        candidate = _choose_candidate(results, result.task)
        if candidate is None:
            return self._end(replace(result, outcome="not_trained"))
        result = replace(result, candidate=candidate.strategy)
        event = find_promotion(self._options, result.task, self._open)
        if event is not None:
            return self._end(replace(result, outcome="promoted", candidate=event.strategy, promoted=_without_text(event)))
        current = Registry(self._options.registry).current(result.task)
        if current is None or current.number != self._open.champion:
            raise ChampionChangedError
        try:
            event, verdict = promote(
                results.path,
                candidate.strategy,
                task=result.task,
                policy=self._plan.spec.gate.policy,
                registry=self._options.registry,
                model=candidate.model,
                train_size=candidate.train_size,
                model_path=self._options.model_path,
            )
        except NotPassedError as error:
            outcome: StepOutcome = "waiting" if error.verdict.awaits_approval else _OUTCOMES[error.verdict.outcome]
            result = replace(result, outcome=outcome, verdict=error.verdict.without_text())
            return result if outcome == "waiting" else self._end(result)
        return self._end(replace(result, outcome="promoted", promoted=_without_text(event), verdict=verdict.without_text()))

    def _end(self, result: StepResult) -> StepResult:
        """Write the record, and then close the step. A call that is interrupted in between does both again."""
        number = self._open.number
        self._store.write_record(number, result)
        state = replace(self._state, step=None, last_day=self._options.today, undelivered=number, notified="")
        if result.outcome != "not_trained":
            state = replace(state, used=number)
        if result.promoted is not None:
            state = replace(state, promoted_event=result.promoted.number, promoted_day=self._options.today)
        self._store.write_state(state)
        self._store.remove_data()
        return result


class _RunName(SilentListener):
    """Writes down the name of the run."""

    def __init__(self, step: _Step) -> None:
        self._step = step

    def hosted(self, forecast: HostedForecast) -> None: ...

    def started(self, folder: RunFolder, resumed: bool) -> None:
        self._step.note_run(folder.path.name)


def _choose_candidate(results: RunResults, task: str) -> StrategyResult | None:
    """The strategy with the best primary score, the untuned model left out; None where none has a score."""
    return next((result for result in results.by_task[task].scored if not result.is_base), None)


def _without_text(event: Event) -> Event:
    """The event without the outputs that its verdict quotes."""
    return replace(event, verdict={})
