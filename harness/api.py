"""The Python interface: what the command does, as functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from harness.catalog import Catalog
from harness.errors import BenchError, did_you_mean
from harness.grid import Listener, Request, execute, make_plan, vocabulary
from harness.reporting import TaskRows, to_json, write_page
from harness.store import Run, open_run
from harness.store.folder import RunFolder
from harness.types import Cell, Score


class LoadedRun(Run):
    """A run with its scores: what `run` and `load_run` give."""

    def scores(self, cell_id: str) -> dict[str, Score]:
        """Every score of a cell with its 95 % interval; empty for a cell that is not done."""
        cell = next(c for c in self.cells if c.id == cell_id)
        if self.status(cell_id) != "done":
            return {}
        return TaskRows(self, self.plan.tasks[cell.task]).cell_scores(cell)

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
        options: the fields of `harness.grid.Request`: model, data, fields, seeds, limit, epochs, price, …

    Raises:
        BenchError: when something about the request is wrong; nothing was started then.
    """
    request = _request({"tasks": _names(task), "strategies": _names(strategies)} | options)
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
    command: str,
) -> LoadedRun:
    """`run` for a request that is already put together."""
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
        before_end=lambda done: write_page(done, done.folder.report),
    )
    return LoadedRun(finished.folder)


def request_of(stored: Run) -> Request:
    """The request that a run was started with, so that it can go on without saying it all again."""
    return _request(stored.plan.options["request"])


def load_run(run: str | Path, *, runs_dir: str | Path = "runs") -> LoadedRun:
    """A run by its folder, its name in `runs_dir`, or "latest".

    Raises:
        BenchError: when there is no such run.
    """
    return LoadedRun(open_run(Path(runs_dir), str(run)).folder)


def open_catalog(tasks: Sequence[str] = (), strategies: Sequence[str] = ()) -> Catalog:
    """The shipped tasks and strategies, those of the working directory, and those of the folders named."""
    return Catalog(vocabulary(), tasks=[Path(p) for p in tasks], strategies=[Path(p) for p in strategies])


def _request(values: Mapping[str, Any]) -> Request:
    """A request out of plain values.

    Raises:
        BenchError: when a name is none of its fields.
    """
    known = {field.name for field in fields(Request)}
    unknown = [f"unknown option '{name}'.{did_you_mean(name, known)}" for name in values if name not in known]
    if unknown:
        raise BenchError(unknown)
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return Request(**plain)


def _names(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
