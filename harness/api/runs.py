"""Runs, comparisons, and what is made with finished cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harness.catalog import Catalog
from harness.data import load_inputs
from harness.errors import BenchError, setting
from harness.reporting import ComparisonView, Foresight, Wanted, compare_runs, foresee_task, to_json, write_page
from harness.results import FinishedCell, RunResults, find_cell
from harness.store import RunFolder, StoredRun, open_run
from harness.types import Cell, Prediction, Score

if TYPE_CHECKING:  # reading a run imports no engine: what trains and answers is imported where it is called
    from harness.engine.artifacts import Exported, PredictionTable
    from harness.grid import Listener, Request


class LoadedRun(RunResults):
    """A run with its scores: what `run` and `load_run` give."""

    def scores(self, cell_id: str) -> dict[str, Score]:
        """Every score of a cell with its 95 % interval; empty for a cell that is not done."""
        cell = next(c for c in self.cells if c.id == cell_id)
        if self.status(cell_id) != "done":
            return {}
        return self.by_task[cell.task].scores([cell])

    def to_dict(self) -> dict[str, Any]:
        """The whole run as `bench report RUN --format json` prints it."""
        return to_json(self)

    def write_report(self, path: Path | None = None) -> Path:
        """Write the HTML report and return where it is."""
        target = path or self.folder.report
        write_page(self, target)
        return target


class _Silent:
    """A listener that shows nothing."""

    def started(self, folder: RunFolder, resumed: bool) -> None: ...

    def reused(self, cell: Cell, run: str) -> None: ...

    def event(self, event: Mapping[str, Any]) -> None: ...


def run(
    task: str | Sequence[str],
    strategies: str | Sequence[str],
    *,
    runs_dir: str | Path = "runs",
    listener: Listener | None = None,
    new: bool = False,
    reuse: bool = True,
    resume: str | Path | None = None,
    jobs: int = 1,
    command: str = "harness.run",
    **options: Any,
) -> LoadedRun:
    """Fine-tune, score and price every strategy on every task; go on where the same call was interrupted.

    Args:
        task, strategies: names or YAML files, one or several.
        runs_dir: where the run's folder is made.
        listener: is told of progress; nothing is shown without one.
        new: start a new run although one of the same plan was interrupted.
        reuse: take cells that are done in other runs, instead of running them again.
        resume: go on with this run.
        jobs: cells at the same time.
        options: the fields of `harness.grid.Request`: model (or models), data, fields, seeds, train_sizes, limit, epochs, price, …

    Raises:
        BenchError: when something about the request is wrong; nothing was started then.
    """
    from harness.grid import make_request

    if "model" in options:
        options["models"] = options.pop("model")
    request = make_request({"tasks": names_of(task), "strategies": names_of(strategies)} | options)
    return run_request(request, runs_dir=runs_dir, listener=listener, new=new, reuse=reuse, resume=resume, jobs=jobs, command=command)


def run_request(
    request: Request,
    *,
    runs_dir: str | Path = "runs",
    listener: Listener | None = None,
    new: bool = False,
    reuse: bool = True,
    resume: str | Path | None = None,
    jobs: int = 1,
    checkpoint_every: float = 30.0,
    command: str,
) -> LoadedRun:
    """`run` for a request that is already put together; `checkpoint_every` is in seconds."""
    from harness.grid import execute, make_plan

    runs = Path(runs_dir)
    planned = make_plan(request, open_catalog(request.tasks_dirs, request.strategies_dirs), command=command)
    going_on = open_run(runs, str(resume)) if resume is not None else None
    finished = execute(
        planned,
        runs,
        listener or _Silent(),
        fresh=new,
        resume=going_on,
        reuse=reuse,
        at_once=jobs,
        checkpoint_every=checkpoint_every,
        before_end=lambda done: write_page(RunResults(done.folder), done.folder.report),
    )
    return LoadedRun(finished.folder)


def stored_request(stored: StoredRun) -> Request:
    """The request that a run was started with, so that it can go on without saying it all again."""
    from harness.grid import make_request

    return make_request(stored.plan.options["request"])


def load_run(run: str | Path, *, runs_dir: str | Path = "runs") -> LoadedRun:
    """A run by its folder, its name in `runs_dir`, or "latest".

    Raises:
        BenchError: when there is no such run.
    """
    return LoadedRun(open_run(Path(runs_dir), str(run)).folder)


def open_catalog(tasks: Sequence[str] = (), strategies: Sequence[str] = ()) -> Catalog:
    """The shipped tasks and strategies, those of the working directory, and those of the folders named."""
    from harness.grid import vocabulary

    return Catalog(vocabulary(), tasks=[Path(p) for p in tasks], strategies=[Path(p) for p in strategies])


def score(
    task: str,
    predictions: str | Path,
    *,
    name: str | None = None,
    price_per_1k: float | None = None,
    runs_dir: str | Path = "runs",
    listener: Listener | None = None,
    command: str = "harness.score",
    **data: Any,
) -> LoadedRun:
    """Score outputs that were made elsewhere: a run with one cell, like every other.

    Args:
        task: a name or a YAML file; every row of a file that is not split already is a test row.
        predictions: a file of {"id", "output"} rows, or of one output a line in the order of the data.
        name: what the strategy is called; without it, as the file is.
        price_per_1k: what a thousand outputs cost, in USD.
        data: the fields of `harness.grid.Request` that say where the rows come from.

    Raises:
        BenchError: anything wrong with the task, its data or the outputs; nothing is written then.
    """
    from harness.grid import make_request

    own: dict[str, Any] = {"base": False, "models": (), "whole_as_test": True, "outputs_name": name, "price_per_1k": price_per_1k}
    request = make_request({"tasks": (task,), "strategies": (f"outputs:{predictions}",)} | own | data)
    return run_request(request, runs_dir=runs_dir, listener=listener, command=command)


def foresee(
    request: Mapping[str, Any], *, margin: float | None = None, earlier: str | Path | None = None, runs_dir: str | Path = "runs"
) -> list[Foresight]:
    """What the test rows of each task can show; nothing is trained.

    Args:
        request: the fields of `harness.grid.Request` that name tasks and data.
        margin: Δ, above 0, in place of each task's own.
        earlier: a run whose spread is taken, in place of the worst case.

    Raises:
        BenchError: anything wrong with a task or its data; an earlier run that does not fit.
    """
    from harness.grid import make_request, read_tasks, vocabulary

    asked = make_request(request)
    before = load_run(earlier, runs_dir=runs_dir) if earlier is not None else None
    catalog = Catalog(vocabulary(), tasks=[Path(p) for p in asked.tasks_dirs])
    return [foresee_task(task, rows.test, margin=margin, earlier=before) for task, rows in read_tasks(asked, catalog)]


def compare(
    run: str | Path,
    other: str | Path | None = None,
    *,
    strategies: str | Sequence[str] = (),
    task: str | None = None,
    models: Sequence[str] = (),
    train_sizes: Sequence[int] = (),
    by: str | None = None,
    margin: float | None = None,
    runs_dir: str | Path = "runs",
) -> list[ComparisonView]:
    """Strategies against each other on the same test rows, B (of `other`, where it is given) against A (of `run`).

    Args:
        run, other: folders, names in `runs_dir`, or "latest".
        strategies: A's and B's; one name for both runs; none: the best against each other, or all that both runs have.
        task: only this one.
        models, train_sizes: where a run has several; one for both sides, or A's and B's.
        by: slices of the rows by a column of the data, "length" or "class".
        margin: Δ, above 0, in the unit of the primary score, in place of the task's own.

    Raises:
        BenchError: no such run or cell; other test rows or metrics on the two sides; no such column.
    """
    runs = [load_run(name, runs_dir=runs_dir) for name in (run, other) if name is not None]
    return compare_runs(runs, Wanted(names_of(strategies), models, train_sizes, task), by=by, margin=margin)


class FinishedListener(Protocol):
    """Whoever shows what becomes of a finished cell."""

    def chosen(self, finished: FinishedCell) -> None:
        """The cell is known, and its model is about to be loaded."""

    def progress(self, done: int, total: int) -> None:
        """So many of the rows are answered."""


def predict(
    run: str | Path,
    strategy: str,
    data: str | Path,
    *,
    task: str | None = None,
    model: str | None = None,
    seed: int | None = None,
    train_size: int | None = None,
    fields: Mapping[str, str] | None = None,
    model_path: str | None = None,
    trust_remote_code: bool = False,
    runs_dir: str | Path = "runs",
    listener: FinishedListener | None = None,
) -> PredictionTable:
    """What the model of a finished cell says to the rows of a file, with the prompt and the decoding of its run.

    Args:
        run: a folder, a name in `runs_dir`, or "latest".
        task, model, train_size: needed where the strategy has several; of several seeds the lowest is taken.
        fields: columns by role, where they are named otherwise than in the run's data.
        model_path: where the base model lies, if its name alone does not tell.

    Raises:
        BenchError: no such cell, or several; bad rows; another base model than the run's; a damaged artifact.
    """
    from harness.engine.artifacts import PredictionTable, check_artifact, device_for, find_base, fit_examples, load_finished

    finished = find_cell(load_run(run, runs_dir=runs_dir), strategy, task=task, model=model, seed=seed, train_size=train_size)
    if listener is not None:
        listener.chosen(finished)
    check_artifact(finished)
    rows = fit_examples(finished, load_inputs(finished.task, Path(data), fields=dict(fields or {})), Path(data).name)
    source = find_base(finished, model_path, with_code=trust_remote_code)
    predictor = load_finished(finished, source, device_for(finished.run), trust_remote_code=trust_remote_code)
    prompts = predictor.prompts(rows)
    done = 0

    def tell(batch: Sequence[Prediction]) -> None:
        nonlocal done
        done += len(batch)
        if listener is not None:
            listener.progress(done, len(rows))

    return PredictionTable(finished, rows, tuple(prompts), tuple(predictor.predict(rows, prompts, on_batch=tell)))


def export(
    run: str | Path,
    strategy: str,
    out: str | Path,
    *,
    merge: bool = False,
    dtype: str = "auto",
    force: bool = False,
    task: str | None = None,
    model: str | None = None,
    seed: int | None = None,
    train_size: int | None = None,
    model_path: str | None = None,
    trust_remote_code: bool = False,
    runs_dir: str | Path = "runs",
    listener: FinishedListener | None = None,
) -> Exported:
    """The adapter or the model of a finished cell as a folder that other programs load.

    Args:
        merge: make one model of adapter and base.
        dtype: what a whole model is stored in; "auto" is what the cell computed in.
        force: replace a former export.
        (the others as for `predict`)

    Raises:
        BenchError: as `predict` does; a folder that is not empty; a method that cannot be merged.
    """
    from harness.engine.artifacts import check_target, device_for, export_adapter, export_model, find_base

    target = Path(out)
    check_target(target, force=force)
    finished = find_cell(load_run(run, runs_dir=runs_dir), strategy, task=task, model=model, seed=seed, train_size=train_size)
    if listener is not None:
        listener.chosen(finished)
    if finished.strategy.method == "prompt":
        raise BenchError(f"'{strategy}' trains nothing: it is the base model with a prompt, and there is nothing to export")
    if finished.strategy.method == "peft" and not merge:
        if dtype != "auto":
            raise BenchError(
                f"{setting('dtype', dtype)} needs {setting('merge')}: only a whole model is converted. "
                "An adapter keeps the number format that it was trained in."
            )
        return export_adapter(finished, target)
    source = find_base(finished, model_path, with_code=trust_remote_code)
    return export_model(finished, source, device_for(finished.run), target, dtype=dtype, trust_remote_code=trust_remote_code)


def names_of(value: str | Sequence[str]) -> tuple[str, ...]:
    """One name, or several."""
    return (value,) if isinstance(value, str) else tuple(value)
