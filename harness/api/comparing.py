"""What a test set can detect, and how strategies compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.api.arguments import PathLike, RunLike, StrategyLike, TaskLike, as_declared, as_texts, check_margin
from harness.api.catalogs import open_catalog
from harness.api.loaded_run import load_results
from harness.errors import BenchError, setting
from harness.plugins import use_plugin_files
from harness.reporting import ComparisonRequest, ComparisonView, PowerForecast, compare_runs, forecast_power

if TYPE_CHECKING:
    from harness.catalog import Catalog
    from harness.grid import Request


def plan(
    task: TaskLike | Sequence[TaskLike],
    *,
    margin: float | None = None,
    earlier: RunLike | None = None,
    strategies: int | StrategyLike | Sequence[StrategyLike] = (),
    policy: PathLike | None = None,
    data: PathLike | Sequence[PathLike] | None = None,
    train: PathLike | Sequence[PathLike] | None = None,
    validation: PathLike | Sequence[PathLike] | None = None,
    test: PathLike | Sequence[PathLike] | None = None,
    hub: str | None = None,
    hub_revision: str | None = None,
    subset: str | None = None,
    fields: Mapping[str, str] | None = None,
    labels: Sequence[str] = (),
    fold_references_by: str | None = None,
    keep: Sequence[str] = (),
    harvested: PathLike | Sequence[PathLike] | None = None,
    skip_bad_rows: bool = False,
    limit: int | None = None,
    plugins: PathLike | Sequence[PathLike] = (),
    tasks_dirs: PathLike | Sequence[PathLike] = (),
    strategies_dirs: PathLike | Sequence[PathLike] = (),
    runs_dir: PathLike = "runs",
) -> list[PowerForecast]:
    """What the test set of each task can detect, before a run. Nothing is trained.

    Args:
        task: a name, a YAML file, a `Task`, or several of these.
        margin: the accepted loss Δ, above 0, in the unit of the primary score; by default each task's own.
        earlier: a run on similar data, whose spread is used instead of the worst case.
        strategies: those among which one will be chosen, as for `run`, which adds the untuned model; or their number, at least 2. By
            default those of the earlier run; without one, the untuned model and one other.
        policy: a YAML file with a release policy, whose `alpha` and `looks` are used.
        data, train, validation, test, hub, hub_revision, subset, fields, labels, fold_references_by, keep, harvested, skip_bad_rows, limit,
            plugins, tasks_dirs, strategies_dirs, runs_dir: as for `run`.

    Returns:
        One value per task: the smallest difference that the test set detects, and whether it can answer the question about the margin.

    Raises:
        BenchError: something about a task or its data is wrong, or the earlier run does not fit.
    """
    from pathlib import Path

    from harness.gate import read_policy
    from harness.grid import make_request, read_tasks
    from harness.metrics import metrics_for

    request = make_request(
        {
            "tasks": as_declared(task),
            "data": as_texts(data),
            "train": as_texts(train),
            "validation": as_texts(validation),
            "test": as_texts(test),
            "hub": hub,
            "hub_revision": hub_revision,
            "subset": subset,
            "fields": dict(fields or {}),
            "labels": labels,
            "fold_references_by": fold_references_by,
            "keep": as_texts(keep),
            "harvested": as_texts(harvested),
            "skip_bad_rows": skip_bad_rows,
            "limit": limit,
            "strategies": () if isinstance(strategies, int) else as_declared(strategies),
        }
    )
    check_margin(margin)
    with use_plugin_files(as_texts(plugins)):
        catalog = open_catalog(tasks_dirs, strategies_dirs)
        count, names = _count_strategies(strategies, request, catalog)
        tasks = read_tasks(request, catalog)
        only = tasks[0][0].name if len(tasks) == 1 else None
        before = load_results(earlier, runs_dir, task=only) if earlier is not None else None
        forecasts = []
        for read, splits in tasks:
            rules = read_policy(Path(policy), read, metrics_for(read.metrics, read.labels)) if policy is not None else None
            forecasts.append(forecast_power(read, splits.test, margin=margin, earlier=before, strategies=count, names=names, policy=rules))
        return forecasts


def _count_strategies(
    strategies: int | StrategyLike | Sequence[StrategyLike], request: Request, catalog: Catalog
) -> tuple[int | None, tuple[str, ...]]:
    """How many strategies are planned, None where nothing says so, and their names where these are known.

    Raises:
        BenchError: fewer than two, or a strategy that is not known.
    """
    from harness.grid import resolve_strategies

    if isinstance(strategies, int):
        if strategies < 2:
            raise BenchError(f"{setting('strategies', str(strategies))}: at least 2 strategies are compared")
        return strategies, ()
    if not request.strategies:
        return None, ()
    names = tuple(resolve_strategies(request, catalog))
    return max(2, len(names)), names


def compare(
    run: RunLike,
    other: RunLike | None = None,
    *,
    strategies: str | Sequence[str] = (),
    task: str | None = None,
    model: str | Sequence[str] = (),
    train_size: int | Sequence[int] = (),
    by: str | None = None,
    margin: float | None = None,
    runs_dir: PathLike = "runs",
) -> list[ComparisonView]:
    """Compare strategies on the same test examples: B (of `other`, if given) with A (of `run`).

    `Run.comparisons` gives all pairs of a run as a data frame.

    Args:
        run, other: runs, their folders, their names in `runs_dir`, or "latest".
        strategies: the names of A and B; with two runs, one name is enough. By default the best strategy with every other, or all
        strategies
            that both runs share.
        task: only this task.
        model, train_size: if a run has several; one value for both sides, or those of A and B.
        by: results by subgroup: a column of the data, "length" or "class".
        margin: the accepted loss Δ, above 0, in the unit of the primary score; by default the task's own.

    Raises:
        BenchError: an unknown run or strategy, different test examples or scores on the two sides, or an unknown column.
    """
    check_margin(margin)
    sides = [load_results(each, runs_dir, task=task) for each in (run, other) if each is not None]
    sizes = (train_size,) if isinstance(train_size, int) else tuple(train_size)
    return compare_runs(sides, ComparisonRequest(as_texts(strategies), as_texts(model), sizes, task), by=by, margin=margin)
