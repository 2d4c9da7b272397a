"""Searched learning rates: what strategies/README.md says about the shipped values, measured again on this machine.

With PYTHONPATH=.:tests
python -m tests.benchmarks.learning_rates --keep rates                                  # every shipped strategy that trains, included model
python -m tests.benchmarks.learning_rates --keep rates --model smollm2-135m --tasks e2e,banking77 --strategies dora,oft
python -m tests.benchmarks.learning_rates --keep rates --tables                         # only print what was searched so far
python -m tests.benchmarks.learning_rates --keep rates --model smollm2-135m --tasks e2e --strategies full --rates 9.7e-5,1.1e-4 --seeds 5

Each strategy has the search of `bench run --tune` on each task, and nothing after it: no test example is answered. With `--rates`,
nothing is searched, and each rate is trained with several seeds, so that the rate of a search can be compared with others. The same
command resumes what was interrupted and keeps what is finished. Two processes may share a folder if they work on different strategies or
tasks.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

import harness
from harness.api.requested_runs import SilentListener
from harness.catalog import shipped_folder
from harness.engine.models import resolve_model
from harness.errors import BenchError
from harness.grid.search import SHARES
from harness.results import SearchTrial, StrategySearch, load_searches
from harness.statistics import mean_interval
from harness.store import RunFolder, RunPlan, StoredRun
from tests.benchmarks.material import DATA, read_table, write_rows

NOT_SEARCHED = {"base", "fewshot", "cascade", "dpo"}  # these train nothing, or learn from pairs
SHIPPED = {"summarization": 280, "classification": 300}  # tasks, with the most examples of a split
PUBLIC = ("e2e", "banking77")  # from the public data sets beside the checkout
TASKS = (*SHIPPED, *PUBLIC)


class SearchEnded(Exception):  # noqa: N818 - it is no error
    """All trials are done, and the grid would begin."""


class UntilTheGrid(SilentListener):
    """Shows each part of a trial, and ends the run before its first cell."""

    def __init__(self) -> None:
        self._plan: RunPlan | None = None
        self._began = time.monotonic()

    def planned(self, plan: RunPlan) -> None:
        self._plan = plan

    def event(self, event: Mapping[str, Any]) -> None:
        assert self._plan is not None
        if event["event"] == "start":
            trial = self._plan.trials.get(event["cell"])
            if trial is None:
                raise SearchEnded
            seconds = time.monotonic() - self._began
            print(f"{seconds:6.0f} s  trial {trial.number}, {trial.share:.0%}: {dict(trial.values)}", file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--model", default="tiny")
    p.add_argument("--tasks", default=",".join(SHIPPED), help=f"of {', '.join(TASKS)}; {' and '.join(PUBLIC)} are read from {DATA}")
    p.add_argument("--strategies", default="", help="default: all shipped ones that train")
    p.add_argument("--keep", required=True, type=Path, help="folder for the runs")
    p.add_argument("--tables", action="store_true", help="search nothing")
    p.add_argument("--rates", default="", help="train at these learning rates instead of searching one")
    p.add_argument("--seeds", type=int, default=5, help="with --rates: how often each is trained")
    return p.parse_args()


def main() -> None:
    a = arguments()
    shipped = sorted({file.stem for file in shipped_folder("strategies").glob("*.yaml")} - NOT_SEARCHED)
    if not a.tables:
        model = a.model if a.model == "tiny" else str(resolve_model(a.model).folder)  # a GGUF file is converted once
        for task, strategy in itertools.product(a.tasks.split(","), a.strategies.split(",") if a.strategies else shipped):
            print(f"{task}, {strategy}", file=sys.stderr, flush=True)
            if a.rates:
                print(
                    write_seeds(task, strategy, train_rates(a.keep, task, strategy, a.rates.split(","), model, seeds=a.seeds)), flush=True
                )
            else:
                search(a.keep, task, strategy, model)
    if not a.rates:
        print(write_tables(read_searches(a.keep)))


def search(folder: Path, task: str, strategy: str, model: str, **options: Any) -> None:
    """Run one search in its own folder of runs, or what is missing of it.

    Args:
        options: further arguments of `harness.run`.
    """
    try:
        harness.run(
            **{"search": True, **describe_task(folder, task), **options},
            strategies=strategy,
            model=model,
            base=False,
            serving_seconds=0,
            forecasts=False,
            reuse=False,
            runs_dir=folder / f"{task}-{strategy}",
            listener=UntilTheGrid(),
        )
    except SearchEnded:
        return
    raise SystemExit(f"{task}, {strategy}: no cell of the grid began")


def train_rates(folder: Path, task: str, strategy: str, rates: Sequence[str], model: str, **options: Any) -> dict[str, list[float]]:
    """The best validation loss of each training, by learning rate and in the order of the seeds. A cell has to answer test examples, so
    those of a public data set are cut to eight.

    Args:
        options: further arguments of `harness.run`, such as `seeds`.
    """
    place = folder / "rates"
    run = harness.run(
        **{**describe_task(place, task, tested=8), **options},
        strategies=[f"{strategy}:learning_rate={rate}" for rate in rates],
        model=model,
        base=False,
        serving_seconds=0,
        forecasts=False,
        runs_dir=place / f"{task}-{strategy}",
    )
    losses: dict[str, list[float]] = {rate: [] for rate in rates}
    by_value = {float(rate): own for rate, own in losses.items()}
    for cell in sorted(run.cells, key=lambda each: each.seed):
        training = run.stored.all_results[cell.id].training
        assert training is not None and training.best_validation_loss is not None
        by_value[float(cell.strategy.rpartition("=")[2])].append(training.best_validation_loss)
    return losses


def write_seeds(task: str, strategy: str, losses: Mapping[str, Sequence[float]]) -> str:
    """A table of learning rates with their losses, the mean, and the mean difference from the first rate with its 95% interval over
    trainings with the same seed."""
    first = next(iter(losses.values()))
    rows = [f"| `{strategy}` on {task} | losses by seed | mean | minus the first |", "| --- | --- | ---: | ---: |"]
    for rate, own in losses.items():
        differences = np.array([a - b for a, b in zip(own, first, strict=True)])
        paired = ""
        if own is not first:
            interval = mean_interval(differences)
            limits = "" if interval.low is None or interval.high is None else f" ({interval.low:+.3f} to {interval.high:+.3f})"
            paired = f"{differences.mean():+.3f}{limits}"
        rows.append(f"| {rate} | {' · '.join(f'{loss:.3f}' for loss in own)} | {mean(own):.3f} | {paired} |")
    return "\n".join(rows)


def describe_task(folder: Path, task: str, tested: int | None = None) -> dict[str, Any]:
    """A task as arguments of `harness.run`. The files of a public data set are written into the folder, with at most so many test
    examples."""
    if task in SHIPPED:
        return {"task": task, "limit": SHIPPED[task]}
    if task not in PUBLIC:
        raise SystemExit(f"--tasks {task}: unknown. Tasks: {', '.join(TASKS)}")
    place = folder / "data" / task
    place.mkdir(parents=True, exist_ok=True)
    paths = {}
    for part, rows in (split_restaurants() if task == "e2e" else split_questions()).items():
        file = place / f"{part}.jsonl"
        write_rows(file, rows[:tested] if part == "test" else rows)
        paths[part] = str(file.resolve())
    kind, ending = ("generation", "Text:") if task == "e2e" else ("classification", "Intent:")
    definition = place / f"{task}.json"
    fields = {"name": task, "kind": kind, "data": paths, "prompt": f"{{{{ input }}}}\n{ending}\n"}
    definition.write_text(json.dumps(fields), encoding="utf-8")
    return {"task": str(definition), "epochs": 2}


def split_restaurants() -> dict[str, list[dict[str, str]]]:
    """One text of each of 1,484 descriptions (E2E, cleaned): 96 to train on, 48 to validate on. Test examples are never answered."""
    texts: dict[str, str] = {}
    for row in read_table("e2e-cleaned/devel-fixed.no-ol.csv"):
        texts.setdefault(row["mr"], row["ref"])
    rows = [{"input": mr, "target": text} for mr, text in texts.items()][::10]
    return {"train": rows[:96], "validation": rows[96:144], "test": rows[144:]}


def split_questions() -> dict[str, list[dict[str, str]]]:
    """Questions with 77 intents (BANKING77): four of each to train on, 128 to validate on."""
    by_label: dict[str, list[dict[str, str]]] = {}
    for row in read_table("banking77/train.csv"):
        by_label.setdefault(row["category"], []).append({"input": row["text"], "target": row["category"]})
    train = [row for own in by_label.values() for row in own[:4]]
    others = [own[4 + turn] for turn in range(3) for own in by_label.values()]
    return {"train": train, "validation": others[:128], "test": others[128:]}


def read_searches(folder: Path) -> list[StrategySearch]:
    """All searches of a folder."""
    searches: list[StrategySearch] = []
    for place in sorted(folder.glob("*/*/run.json")):
        try:
            stored = StoredRun(RunFolder(place.parent))
            searches += load_searches(stored.plan, stored.trial_results)
        except BenchError as error:
            print(f"{place.parent}: {error}", file=sys.stderr)
    return sorted(searches, key=lambda each: (each.model, each.task, each.strategy))


def write_tables(searches: Sequence[StrategySearch]) -> str:
    """A table for each task and model. Its cells have each learning rate with the loss at it, in nats per target token."""
    tables = []
    for (task, model), group in itertools.groupby(searches, key=lambda each: (each.task, each.model)):
        head = [f"| {task}, {model} | own rate | {SHARES[0]:.0%} of the steps | all |", "| --- | --- | --- | --- |"]
        tables.append("\n".join([*head, *map(_write_row, group)]))
    return "\n\n".join(tables)


def _write_row(search: StrategySearch) -> str:
    trials = sorted(search.trials, key=_rate_of)
    own = next(each for each in search.trials if each.number == 0)
    cells = []
    for rung in range(len(SHARES)):
        reached = [(each, loss) for each in trials if math.isfinite(loss := each.loss_at(rung))]
        last = rung == search.best.last.trial.rung
        cells.append(" · ".join(f"{_mark(f'{_rate_of(each):.2g}', last and each is search.best)} {loss:.3f}" for each, loss in reached))
    return f"| `{search.strategy}` | {_rate_of(own):.2g} | {' | '.join(cells)} |"


def _mark(text: str, is_chosen: bool) -> str:
    return f"**{text}**" if is_chosen else text


def _rate_of(trial: SearchTrial) -> float:
    return float(trial.values["learning_rate"])


if __name__ == "__main__":
    main()
