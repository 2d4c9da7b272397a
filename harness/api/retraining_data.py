"""What a retraining needs before it trains: the data, and what earlier runs have cost."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.api.arguments import PathLike, as_texts
from harness.api.catalogs import open_catalog
from harness.errors import BenchError
from harness.gate import Event, find_leaked_examples
from harness.results import RunResults, StrategyResult
from harness.store import list_run_folders
from harness.types import Example, Task

if TYPE_CHECKING:
    from harness.grid import Listener, Request
    from harness.lifecycle.retraining import CollectedData, CostForecast, DataCounts, Lifecycle, MeasuredCosts, TrainingData, UsedRows

_MOST_RUNS = 20  # newest ones, that are read for their costs


@dataclass(frozen=True)
class StepOptions:
    """The arguments of one call, as for `retrain`."""

    registry: Path
    runs_dir: Path
    today: date
    jobs: int | None = None
    executor: Literal["local", "ray"] = "local"
    ray_address: str = "auto"
    devices_per_cell: int = 1
    model_path: PathLike | None = None
    tasks_dirs: PathLike | Sequence[PathLike] = ()
    strategies_dirs: PathLike | Sequence[PathLike] = ()
    listener: Listener | None = None


@dataclass(frozen=True)
class Assembly:
    """The task with its examples for this retraining.

    Attributes:
        used: the rows that it uses.
    """

    task: Task
    data: TrainingData
    used: UsedRows

    def count(self, counts: DataCounts) -> DataCounts:
        """The counts, with those of the splits."""
        sizes = {"train": len(self.data.train), "validation": len(self.data.validation), "test": len(self.data.test)}
        data = self.data
        return replace(counts, sizes=sizes, added=data.added, left_out=data.left_out, unknown_labels=data.unknown_labels)


def assemble_data(plan: Lifecycle, new: CollectedData, tested: frozenset[str], champion: StrategyResult, options: StepOptions) -> Assembly:
    """The task's own examples with corrections and new rows.

    Args:
        tested: the keys of the inputs that were in the test set of an earlier step.
        champion: the model that the candidate is compared with.

    Raises:
        BenchError: a defect of the task, its data or a correction; the champion was trained on all test examples.
    """
    from harness.grid import Request, read_tasks
    from harness.lifecycle.retraining import UsedRows, assemble, find_present_files

    spec = plan.spec
    corrections, _ = find_present_files(spec.data.harvested)
    with tempfile.TemporaryDirectory() as folder:
        if new.edited:
            edited = Path(folder) / "feedback.jsonl"
            edited.write_text("".join(json.dumps(record) + "\n" for record in new.edited), encoding="utf-8")
            corrections.append(edited)
        names = tuple(map(str, corrections))
        request = Request(tasks=(spec.task,), strategies=(), harvested=names, tasks_dirs=as_texts(options.tasks_dirs))
        ((task, splits),) = read_tasks(request, open_catalog(options.tasks_dirs, options.strategies_dirs))

    def find_seen(examples: Sequence[Example]) -> list[str]:
        """Nothing where the champion cannot tell what it was trained on: the gate judges that."""
        return find_leaked_examples(champion, examples) or []

    data = assemble(task, splits, new.rows, test_share=spec.data.test_share, tested=tested, find_seen=find_seen)
    if not data.test:
        raise BenchError(
            f"{task.name}: the model in service was trained on every test example, so no other model can be compared with it. "
            "Add labelled rows that it was not trained on."
        )
    return Assembly(task, data, UsedRows(frozenset(new.keys), data.tested))


def make_run_request(plan: Lifecycle, task: Task | str, options: StepOptions) -> Request:
    """The request of the run that the file asks for."""
    from harness.grid import Request

    run = plan.spec.run
    return Request(
        tasks=(task,),
        strategies=run.strategies,
        models=(run.model,),
        base=run.base,
        seeds=run.seeds,
        epochs=run.epochs,
        dtype=run.dtype,
        price=run.price,
        search=run.search,
        race=run.race,
        tasks_dirs=as_texts(options.tasks_dirs),
        strategies_dirs=as_texts(options.strategies_dirs),
    )


def forecast(plan: Lifecycle, assembly: Assembly, options: StepOptions, event: Event, champion: StrategyResult) -> CostForecast:
    """What the run will take, from the newest runs of the task and from the champion.

    Args:
        event: that put the champion into service.

    Raises:
        BenchError: an unknown strategy.
    """
    from harness.grid import resolve_strategies
    from harness.lifecycle.retraining import forecast_costs, measure

    request = make_run_request(plan, plan.spec.task, options)
    catalog = open_catalog(options.tasks_dirs, options.strategies_dirs)
    strategies = resolve_strategies(request, catalog)
    measured = _measure_runs(options.runs_dir, assembly.task.name)
    own = measure(champion, event.run)
    data = assembly.data
    return forecast_costs(
        strategies,
        Path(plan.spec.run.model).name,
        seeds=plan.spec.run.seeds,
        search=plan.spec.run.search,
        train_size=len(data.train),
        test_size=len(data.test),
        price_per_hour=plan.spec.run.price,
        measured=[*measured, *([own] if own is not None else [])],
    )


def _measure_runs(runs: Path, task: str) -> list[MeasuredCosts]:
    """What the strategies of the newest finished runs of a task took. Damaged runs are passed over."""
    from harness.lifecycle.retraining import measure

    measured: list[MeasuredCosts] = []
    for folder in list_run_folders(runs)[:_MOST_RUNS]:
        try:
            if not folder.is_finished() or task not in folder.plan().tasks:
                continue
            results = RunResults(folder)
            costs = [measure(result, results.name) for result in results.by_task[task].unranked]
        except BenchError:
            continue
        measured += [each for each in costs if each is not None]
    return measured
