"""Training a model again when it is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.api.arguments import PathLike, check_counts
from harness.api.catalogs import open_catalog
from harness.api.model_history import REGISTRY, find_champion, history
from harness.api.notifying import deliver
from harness.api.retraining_checks import check_gate, check_plan
from harness.api.retraining_data import StepOptions, assemble_data, forecast
from harness.api.retraining_situation import describe_situation, find_promotion_day, read_collected_data
from harness.api.retraining_step import ChampionChangedError, find_promotion, run_step
from harness.gate import Event, Registry
from harness.types import Task

if TYPE_CHECKING:
    from harness.grid import Listener
    from harness.lifecycle.retraining import CollectedData, Lifecycle, OpenStep, RetrainingState, StepResult, StepStore


def retrain(
    lifecycle: PathLike,
    *,
    registry: PathLike = REGISTRY,
    runs_dir: PathLike = "runs",
    today: date | None = None,
    dry_run: bool = False,
    jobs: int | None = None,
    executor: Literal["local", "ray"] = "local",
    ray_address: str = "auto",
    devices_per_cell: int = 1,
    model_path: PathLike | None = None,
    tasks_dirs: PathLike | Sequence[PathLike] = (),
    strategies_dirs: PathLike | Sequence[PathLike] = (),
    listener: Listener | None = None,
) -> StepResult:
    """Do what the file of a model's lifecycle asks for now: nothing, or one retraining, from the data to the decision of the gate.

    Call it as often as you like. If it is interrupted at any moment, the next call resumes: cells that are done are not run again, and no
    model is promoted twice. A model is put into service only by a PASS of the gate, with the approvals that the policy requires.

    Args:
        lifecycle: the file, usually lifecycle.yaml.
        registry: the folder with the champion; the state and the records of retraining are kept there.
        runs_dir: the folder of the runs.
        today: the date of this call; by default that of this machine, in UTC.
        dry_run: only say what a call would do, and what it would cost. Nothing is written, and no notice is sent.
        jobs: number of cells to run at the same time; by default one for each GPU, and one on a CPU.
        executor, ray_address, devices_per_cell: where cells run, and on how many devices each, as for `run`.
        model_path: folder of the champion's base model, if it has to answer new test examples and cannot be found by its name.
        tasks_dirs, strategies_dirs: folders with more tasks and strategies.
        listener: receives the progress of the run.

    Raises:
        BenchError: the file is not valid; nothing is in service for the task, or its files are damaged; a data file or the policy has
            problems; the date goes back; another process works on this task; files of the step are damaged.
    """
    from harness.lifecycle.retraining import StepStore, read_lifecycle

    check_counts(jobs=jobs, devices_per_cell=devices_per_cell)
    plan = read_lifecycle(Path(lifecycle))
    task = open_catalog(tasks_dirs, strategies_dirs).task(plan.spec.task).value
    champion = find_champion(task.name, registry)
    store = StepStore(Path(registry), task.name)
    options = StepOptions(
        registry=Path(registry),
        runs_dir=Path(runs_dir),
        today=today or datetime.now(UTC).date(),
        jobs=jobs,
        executor=executor,
        ray_address=ray_address,
        devices_per_cell=devices_per_cell,
        model_path=model_path,
        tasks_dirs=tasks_dirs,
        strategies_dirs=strategies_dirs,
        listener=listener,
    )
    check_plan(plan, task, options)
    if dry_run:
        return _Call(plan, task, champion, store, options, dry_run=True).decide()
    with store.locked():
        problems = _deliver_again(store, plan)
        while True:
            champion = find_champion(task.name, registry)  # which may be another one since the lock is held, or the training began
            try:
                result = _Call(plan, task, champion, store, options, dry_run=False).decide()
            except ChampionChangedError:
                continue
            return _notify(store, plan, result, problems)


def list_retrainings(task: str, *, registry: PathLike = REGISTRY) -> list[StepResult]:
    """The results of all retrainings of a task that have ended, the oldest first.

    Raises:
        BenchError: there is no registry, or a record is damaged.
    """
    from harness.lifecycle.retraining import StepStore

    Registry(Path(registry)).journal.check()
    return StepStore(Path(registry), task).list_records()


def _deliver_again(store: StepStore, plan: Lifecycle) -> tuple[str, ...]:
    """Deliver the notices of the last step, if an earlier call could not; why they still are not."""
    state = store.read_state()
    if not state.undelivered:
        return ()
    problems = deliver(store.read_record(state.undelivered), plan.spec.notify)
    if not problems:
        store.write_state(replace(state, undelivered=0))
    return problems


def _notify(store: StepStore, plan: Lifecycle, result: StepResult, problems: tuple[str, ...]) -> StepResult:
    """Deliver the notices of this call: at the end of a step, and once where a person has to do something.

    Args:
        problems: with the notices of an earlier step.
    """
    if result.is_over:
        return replace(result, undelivered=_deliver_again(store, plan))
    state, situation = store.read_state(), result.situation
    if situation != state.notified:
        own = deliver(result, plan.spec.notify) if situation else ()
        if not own:
            store.write_state(replace(state, notified=situation))
        problems += own
    return replace(result, undelivered=problems)


class _Call:
    """One call for one task. The lock is held, except in a dry run."""

    def __init__(self, plan: Lifecycle, task: Task, champion: Event, store: StepStore, options: StepOptions, *, dry_run: bool) -> None:
        self._plan = plan
        self._digest = plan.digest_with(task)
        self._task = task
        self._champion = champion
        self._store = store
        self._options = options
        self._dry_run = dry_run

    def decide(self) -> StepResult:
        """Resume the step that is unfinished, begin one that is due, or do nothing."""
        from harness.lifecycle.retraining import ChampionName, DataCounts, StepResult, check_clock

        state = self._store.read_state()
        promoted = find_promotion_day(state, self._champion)
        check_clock(self._options.today, promoted, state.step.began if state.step else state.last_day)
        if not self._dry_run:
            self._store.remove_data(keep=state.step.number if state.step else 0)
        superseded = self._find_obstacle(state.step)
        if state.step is not None and not superseded:
            return self._resume(state, state.step)
        if superseded:
            state = replace(state, step=None)
            if not self._dry_run:
                self._store.write_state(state)
                self._store.remove_data()
        new = read_collected_data(self._plan, self._task, state.salt, self._options)
        used = self._store.read_used(state.used)
        counts = DataCounts(
            labelled=len(new.rows),
            corrections=len(new.corrections),
            unused=new.count_unused(used.keys),
            unlabelled=new.unlabelled,
            repeated=new.repeated,
            edited_left_out=new.edited_left_out,
            empty=new.empty,
        )
        result = StepResult(
            task=self._task.name,
            outcome="not_due",
            today=self._options.today,
            champion=ChampionName(self._champion.strategy, self._champion.run, promoted),
            data=counts,
            limits=self._plan.spec.limits,
            dry_run=self._dry_run,
            superseded=superseded,
        )
        return self._begin(state, result, new, used.tested, promoted)

    def _begin(self, state: RetrainingState, result: StepResult, new: CollectedData, tested: frozenset[str], promoted: date) -> StepResult:
        from harness.lifecycle.retraining import OpenStep, count_days_to_wait, read_triggers

        when = self._plan.spec.when
        now = describe_situation(self._plan, self._champion, state.last_day, promoted, result.data.unused, self._options)
        waits = count_days_to_wait(when, now)
        result = replace(result, triggers=read_triggers(when, now), waits_days=waits)
        if waits or not any(trigger.fires for trigger in result.triggers):
            return result
        if not result.data.unused:
            return replace(result, outcome="no_new_data")
        model = Registry(self._options.registry).load(self._champion)
        assembly = assemble_data(self._plan, new, tested, model, self._options)
        result = replace(result, data=assembly.count(result.data))
        if not assembly.data.added.get("train") and not result.data.corrections:
            return replace(result, outcome="no_new_data")
        check_gate(self._plan, assembly, model, self._options)
        result = replace(result, forecast=forecast(self._plan, assembly, self._options, self._champion, model))
        if _exceeds_limit(result):
            return replace(result, outcome="over_limit")
        number = state.steps + 1
        result = replace(result, outcome="due", number=number)
        if self._dry_run:
            return result
        step = OpenStep(
            number,
            self._options.today,
            self._digest,
            self._champion.number,
            promoted,
            result.triggers,
            result.data,
            result.forecast,
        )
        state = replace(state, steps=number, step=step)
        self._store.write_state(state)
        return run_step(self._store, state, result, self._plan, self._options, assembly)

    def _resume(self, state: RetrainingState, step: OpenStep) -> StepResult:
        from harness.lifecycle.retraining import ChampionName, StepResult

        before = next(event for event in history(self._task.name, registry=self._options.registry) if event.number == step.champion)
        result = StepResult(
            task=self._task.name,
            outcome="due",
            today=self._options.today,
            champion=ChampionName(before.strategy, before.run, step.promoted),
            triggers=step.triggers,
            data=step.data,
            limits=self._plan.spec.limits,
            number=step.number,
            resumed=True,
            dry_run=self._dry_run,
            forecast=step.forecast,
            run=step.run,
        )
        if self._dry_run:
            return result
        assembly = None
        if step.task is None:
            new = read_collected_data(self._plan, self._task, state.salt, self._options)
            model, tested = Registry(self._options.registry).load(self._champion), self._store.read_used(state.used).tested
            assembly = assemble_data(self._plan, new, tested, model, self._options)
        return run_step(self._store, state, result, self._plan, self._options, assembly)

    def _find_obstacle(self, step: OpenStep | None) -> str:
        """Why an unfinished step cannot be resumed; empty if it can, or if there is none."""
        if step is None:
            return ""
        if find_promotion(self._options, self._task.name, step) is not None:
            return ""
        if self._champion.number != step.champion:
            return "champion_changed"
        return "file_changed" if step.lifecycle != self._digest else ""


def _exceeds_limit(result: StepResult) -> bool:
    """Whether the forecast exceeds a limit, or a limit is set and nothing can be forecast."""
    cost = result.forecast
    pairs = [(result.limits.hours, cost.hours if cost else None), (result.limits.price, cost.price if cost else None)]
    return any(limit is not None and (amount is None or amount > limit) for limit, amount in pairs)
