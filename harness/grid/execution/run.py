"""Carrying out a plan: a new run or an interrupted one, cells that other runs have already finished, and all others."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from harness.data.identity import normalized_inputs_digest
from harness.engine.foreign import copy_artifact
from harness.errors import BenchError
from harness.forecast import add_to_ledger
from harness.grid.execution.cascades import check_cascades, is_cascade, needs_device, prepare_cascades
from harness.grid.execution.cell_processes import open_cell_processes
from harness.grid.execution.cells_at_once import check_devices_per_cell, choose_cells_at_once, most_devices
from harness.grid.execution.disk_space import check_disk_space
from harness.grid.execution.early_processes import EarlyProcesses
from harness.grid.execution.executor import OpenExecutor
from harness.grid.execution.external_cells import finish_external_cells
from harness.grid.execution.hosted_cells import HostedCells
from harness.grid.execution.job import Event
from harness.grid.execution.joint_jobs import make_joint_jobs, run_cells
from harness.grid.execution.listener import Listener
from harness.grid.execution.make_job import make_job
from harness.grid.execution.reused_cells import list_columns, reuse_finished_cell, score_again
from harness.grid.execution.scheduler import CellScheduler
from harness.grid.execution.search_run import RunTrials, SearchRun
from harness.grid.execution.served_run import server_fields
from harness.grid.execution.serving_run import list_serving_jobs, renamed_events
from harness.grid.execution.stored_columns import keep_named_columns
from harness.grid.planning import HostedRequest, Planned, SearchPlan, Server, choose_served_cell, with_forecasts
from harness.measure import return_freed_memory
from harness.metrics import file_families, metrics_for, try_metrics
from harness.store import RunFolder, RunLock, RunPlan, StoredRun, create_run, find_unfinished_run
from harness.types import Cell


def execute(
    planned: Planned,
    runs: Path,
    listener: Listener,
    early: EarlyProcesses,
    *,
    fresh: bool = False,
    resume: StoredRun | None = None,
    reuse: bool = True,
    jobs: int | None = None,
    checkpoint_every: float = 30.0,
    devices_per_cell: int = 1,
    together: bool = False,
    open_executor: OpenExecutor | None = None,
    serving_seconds: float | None = None,
    forecasts: bool = False,
    server: Server | None = None,
    hosted: HostedRequest | None = None,
    before_end: Callable[[StoredRun], None] = lambda _: None,
) -> StoredRun:
    """Run every cell of the plan that has no result yet.

    Args:
        early: opens the processes for cells on this machine.
        fresh: start a new run even if a run of this plan was interrupted.
        resume: the run to resume, which must have the same plan.
        reuse: take finished cells with the same id from other runs, priced as `price_reused_cell` says.
        jobs: the number of cells that run at the same time; None: one for each GPU, and one on a CPU.
        checkpoint_every: seconds between two checkpoints of a training.
        devices_per_cell: how many GPUs a cell that trains has for itself; on a CPU, how many processes train it.
        together: train the LoRA cells of one base model in one process, with shared steps; only where cells run here, on one device each.
        open_executor: where the cells run, each with a device of its own; None: in processes of this machine, which share a CPU.
        serving_seconds: how long the speed of each model may be measured once all cells have ended; None: what `choose_serving_seconds`
            says; 0: it is not measured. Cells that another executor ran are not measured: this machine may not have their device.
        forecasts: forecast what each cell takes, and add what it took to the ledger of forecasts.
        server: a running server that has the exported model of one strategy: it answers the test examples, too.
        hosted: what the user allows to be sent to hosts of models, and to be spent there.
        before_end: called with the run while its lock is still held.

    Raises:
        BenchError: another process works on the run, `resume` has another plan, a metric of a plug-in file does not work, cells would
            share a GPU, there are too few for one cell, or the disk has not enough space.
    """
    if forecasts:
        planned = with_forecasts(planned)
    plan = planned.plan
    check_devices_per_cell(devices_per_cell, planned.device)
    shares_device = planned.device.kind == "cpu" and open_executor is None
    at_once = choose_cells_at_once(jobs, planned.device, devices_per_cell, shares_device=shares_device)
    if resume is not None and resume.plan.digest != plan.digest:
        raise BenchError(
            f"{resume.path}: cannot be resumed, because the data, the model, the tasks, the strategies or the versions have changed since "
            "it began. Start a new run: it reuses the cells that are unchanged."
        )
    _check_what_runs(planned, is_here=open_executor is None)
    unfinished = resume.folder if resume is not None else None if fresh else find_unfinished_run(runs, plan.digest)
    check_disk_space(planned, runs, unfinished, reuse=reuse, at_once=at_once, together=together, trains_here=open_executor is None)
    folder = unfinished or create_run(runs, plan)
    with RunLock(folder.path):
        folder.write_plan(plan if unfinished is None else _as_resumed(plan, folder))
        folder.seal_file.unlink(missing_ok=True)  # of a run that is resumed, until it is finished again
        columns = {task: list_columns(folder, task) for task in plan.tasks}
        planned = _write_data(planned, folder)
        return_freed_memory()
        damage = _delete_damaged_cells(plan.all_cells, folder)
        changed = {task for task in plan.tasks if columns[task] != list_columns(folder, task)}
        score_again(plan, folder, [cell for cell in plan.cells if cell.task in changed])
        listener.started(folder, resumed=unfinished is not None)
        _report_damage(damage, listener)
        try:
            opener = open_executor or partial(early.open, planned.device)
            devices = None if shares_device else at_once * (devices_per_cell if planned.device.kind == "cuda" else 1)
            with CellScheduler(folder, _recorded(plan, folder, listener.event), opener, devices) as scheduler:

                def run_missing(plan: RunPlan, cells: Sequence[Cell]) -> None:
                    """Take what other runs have finished of these cells, and run the others."""
                    if reuse:
                        _reuse_cells(plan, cells, folder, listener)
                    missing = [cell for cell in _without_results(cells, folder) if needs_device(planned.plan, cell)]
                    _copy_artifacts(plan, missing, folder)
                    in_use = max(1, min(at_once, len(missing)))
                    job_of = partial(
                        make_job,
                        planned,
                        folder,
                        checkpoint_every=checkpoint_every,
                        shared_by=in_use if shares_device else 1,
                        devices_per_cell=devices_per_cell,
                        most_devices=most_devices(planned.device, devices),
                    )
                    joint = make_joint_jobs(plan, folder, missing, job_of) if together else ()
                    run_cells(missing, job_of, joint, scheduler, in_use, listener.event)

                if planned.search is not None:
                    planned = _search(planned, planned.search, folder, listener, run_missing)
                _run_grid(planned, folder, listener, run_missing, hosted or HostedRequest(), reuse=reuse)
                if open_executor is None:
                    _measure_serving(planned, folder, listener, serving_seconds, scheduler)
            _ask_server(planned, folder, listener, server)
        finally:  # an interrupted run keeps no training examples either: resuming writes them again
            folder.remove_working_files()
        folder.seal()
        run = StoredRun(folder)
        before_end(run)
    return run


def _run_grid(
    planned: Planned, folder: RunFolder, listener: Listener, run_missing: RunTrials, hosted: HostedRequest, *, reuse: bool
) -> None:
    """Complete the cells of external outputs and hosted models, then those that have a model here, and then those made of both."""
    plan = planned.plan
    external = [cell for cell in plan.cells if cell.id in planned.external_predictions]
    finish_external_cells(planned, folder, _without_results(external, folder), listener.event)
    hosts = HostedCells(planned, folder, hosted, listener.event, use_cache=reuse)
    _ask_hosts(planned, folder, listener, hosts, reuse=reuse)
    run_missing(plan, [cell for cell in plan.all_cells if not is_cascade(plan, cell)])
    cascades = [cell for cell in plan.cells if is_cascade(plan, cell)]
    if reuse:
        _reuse_cells(plan, cascades, folder, listener)
    run_missing(plan, prepare_cascades(planned, folder, _without_results(cascades, folder), hosts))


def _ask_hosts(planned: Planned, folder: RunFolder, listener: Listener, hosts: HostedCells, *, reuse: bool) -> None:
    """Complete the cells of hosted models, before anything is trained: what is wrong with a host shows at once."""
    plan = planned.plan
    cells = [cell for cell in plan.cells if plan.get_strategy(cell).api is not None]
    if reuse:
        _reuse_cells(plan, cells, folder, listener)
    if missing := _without_results(cells, folder):
        hosts.run(missing)


def _recorded(plan: RunPlan, folder: RunFolder, show: Callable[[Event], None]) -> Callable[[Event], None]:
    """Passes events on, and adds each cell that ends to the ledger of forecasts, if it was forecast."""

    def receive(event: Event) -> None:
        show(event)
        forecast = plan.forecasts.get(event["cell"]) if event["event"] == "exit" else None
        if forecast is not None:
            add_to_ledger(folder.cell(event["cell"]).result(), forecast)

    return receive


def _measure_serving(planned: Planned, folder: RunFolder, listener: Listener, limit: float | None, scheduler: CellScheduler) -> None:
    """Measure how fast the models of this run answer, one at a time, where that was not done before; for 0 seconds, none."""
    if limit == 0:
        return
    jobs = list_serving_jobs(folder, planned.plan.cells, limit, lambda cell: make_job(planned, folder, cell))
    scheduler.run(jobs, at_once=1, devices=1, on_event=renamed_events(listener.event, "measuring", "measured"))


def _ask_server(planned: Planned, folder: RunFolder, listener: Listener, server: Server | None) -> None:
    """Let a server answer the test examples of the cell whose model it has, and then keep none of its texts."""
    if server is not None:
        _compare_with_server(planned, folder, listener, server)
    folder.remove_served_answers()


def _compare_with_server(planned: Planned, folder: RunFolder, listener: Listener, server: Server) -> None:
    """Ask for the answers, unless this run has them already."""
    cell = choose_served_cell(planned.plan, server.strategy)
    result = folder.cell(cell.id).result()
    if result.status != "done" or result.served is not None:
        return
    price = planned.plan.options["price"]
    job = make_job(planned, folder, cell)
    job = replace(job, server=server_fields(server), per_hour=price["per_hour"], currency=price["currency"])
    on_event = renamed_events(listener.event, "asking", "asked")
    with CellScheduler(folder, on_event, partial(open_cell_processes, planned.device)) as scheduler:  # also where cells run on a cluster
        scheduler.run([job])


def _search(planned: Planned, search: SearchPlan, folder: RunFolder, listener: Listener, run_missing: RunTrials) -> Planned:
    """Run the trials of a search, each round with those that have no result yet; returns what is left to do, with its plan stored."""

    def store(plan: RunPlan, cells: Sequence[Cell]) -> None:
        folder.write_plan(_as_resumed(plan, folder))
        listener.planned(plan)
        _report_damage(_delete_damaged_cells(cells, folder), listener)

    def run_round(plan: RunPlan, cells: Sequence[Cell]) -> None:
        store(plan, cells)
        run_missing(plan, cells)

    after = SearchRun(planned, search, folder, run_round).run()
    folder.remove_trial_states()
    store(after.plan, after.plan.all_cells)
    return after


def _report_damage(damage: Mapping[str, str], listener: Listener) -> None:
    for cell, problem in damage.items():
        listener.event({"event": "damaged", "cell": cell, "problem": problem})


def _as_resumed(plan: RunPlan, folder: RunFolder) -> RunPlan:
    """The plan of this request for the folder of an interrupted run. What the folder says would be carried out may be a stranger's."""
    stored = folder.plan()
    return replace(plan, created=stored.created, command=stored.command, environment=stored.environment)


def _check_what_runs(planned: Planned, *, is_here: bool) -> None:
    """
    Raises:
        BenchError: cells cannot run where they are to run, or a metric of a plug-in file does not work.
    """
    check_cascades(planned.plan, is_here=is_here)
    _try_plugin_metrics(planned)


def _try_plugin_metrics(planned: Planned) -> None:
    """Try the metrics of plug-in files on the test examples as they will be stored: without the columns that the task does not name.

    Raises:
        BenchError: a metric does not work.
    """
    for name, task in planned.plan.tasks.items():
        if names := list(file_families(task.metrics)):
            examples = keep_named_columns(task, planned.splits[name]).test
            try_metrics(metrics_for(names, examples[0].choices), examples)


def _write_data(planned: Planned, folder: RunFolder) -> Planned:
    """Write the examples of all tasks; returns the plan without those in memory, which read them from the files where they are needed."""
    for task, splits in planned.splits.items():
        digests = {e.id: normalized_inputs_digest(e) for e in (*splits.train, *splits.validation, *splits.calibration)}
        folder.write_data(task, keep_named_columns(planned.plan.tasks[task], splits), digests)
    return replace(planned, splits={task: folder.stored_splits(task, splits) for task, splits in planned.splits.items()})


def _delete_damaged_cells(cells: Sequence[Cell], folder: RunFolder) -> dict[str, str]:
    """Delete the finished ones of these cells whose files are not as they were stored, so that they run again.

    Returns:
        The first problem of each, by cell id.
    """
    damage = {}
    for cell in cells:
        files = folder.cell(cell.id)
        problems = files.list_damage() if files.is_finished() else []
        if problems:
            damage[cell.id] = problems[0]
            shutil.rmtree(files.path)
    return damage


def _without_results(cells: Sequence[Cell], folder: RunFolder) -> list[Cell]:
    """The cells that have no result yet, in their order."""
    return [cell for cell in cells if not folder.cell(cell.id).is_finished()]


def _copy_artifacts(plan: RunPlan, cells: Sequence[Cell], folder: RunFolder) -> None:
    """Copy what was tuned elsewhere into the run, as if these cells had trained it, and adapters from which their trainings start.

    Raises:
        BenchError: a folder has changed since the plan was made.
    """
    for cell in cells:
        strategy, files = plan.get_strategy(cell), folder.cell(cell.id)
        if strategy.artifact is not None:
            copy_artifact(strategy.artifact, files.artifact)
        if strategy.start_from is not None:
            copy_artifact(strategy.start_from, files.start)


def _reuse_cells(plan: RunPlan, cells: Sequence[Cell], folder: RunFolder, listener: Listener) -> None:
    """Take the cells that other runs have finished."""
    for cell in _without_results(cells, folder):
        if other := reuse_finished_cell(plan, folder, cell):
            listener.reused(cell, other)
