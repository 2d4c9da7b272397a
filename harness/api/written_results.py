"""The scores of a strategy in the formats of other evaluation tools."""

from __future__ import annotations

from typing import Any

from harness.api.arguments import PathLike, RunLike
from harness.api.loaded_run import load_results
from harness.errors import BenchError, did_you_mean, setting
from harness.results import StrategyResult


def lm_eval_results(
    run: RunLike,
    strategy: str,
    *,
    task: str | None = None,
    model: str | None = None,
    train_size: int | None = None,
    runs_dir: PathLike = "runs",
) -> dict[str, Any]:
    """The scores of a strategy as a results file of lm-evaluation-harness, for `json.dumps`.

    Args:
        task: one task; None: every task of the run.
        run, strategy, model, train_size, runs_dir: as for `export`.

    Raises:
        BenchError: the strategy has no result, or several fit.
    """
    from harness.interchange import build_lm_eval_results

    return build_lm_eval_results(_find(run, strategy, task, model, train_size, runs_dir))


def hub_eval_results(
    run: RunLike,
    strategy: str,
    *,
    task: str | None = None,
    model: str | None = None,
    train_size: int | None = None,
    dataset: str | None = None,
    dataset_task: str = "default",
    runs_dir: PathLike = "runs",
) -> list[dict[str, Any]]:
    """The primary scores of a strategy as the Hub reads them from `.eval_results/*.yaml` in the repository of a model.

    Args:
        dataset: the benchmark on the Hub, ORG/NAME; None: the dataset that the task reads from the Hub.
        dataset_task: the id of the benchmark's task, as its eval.yaml names it.
        run, strategy, task, model, train_size, runs_dir: as for `lm_eval_results`.

    Raises:
        BenchError: as `lm_eval_results`; or a task is on no dataset of the Hub.
    """
    from harness.interchange import HubDataset, build_eval_results

    if dataset is not None and (dataset.count("/") != 1 or not all(dataset.split("/"))):
        raise BenchError(f"{setting('dataset', dataset)}: name a dataset of the Hub as ORG/NAME")
    results = _find(run, strategy, task, model, train_size, runs_dir)
    place = None if dataset is None else HubDataset(dataset, dataset_task)
    return build_eval_results(results, dataset=place, date=results[0].run.plan.created)


def _find(
    run: RunLike, strategy: str, task: str | None, model: str | None, train_size: int | None, runs_dir: PathLike
) -> list[StrategyResult]:
    """The strategy on one task, or on every task that has it.

    Raises:
        BenchError: no task has it, or several strategies fit that differ in more than the seed.
    """
    results = load_results(run, runs_dir, task=task)
    known = dict.fromkeys(cell.strategy for cell in results.cells)
    if strategy not in known:
        raise BenchError(f"{results.path}: has no strategy '{strategy}'.{did_you_mean(strategy, known)}")
    tasks = [task] if task is not None else list(dict.fromkeys(cell.task for cell in results.cells if cell.strategy == strategy))
    return [results.find(strategy, task=name, model=model, train_size=train_size) for name in tasks]
