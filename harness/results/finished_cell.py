"""A cell with a result, found in its run by the names that people use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.catalog import Catalog, Vocabulary, resolve_strategy
from harness.errors import BenchError, did_you_mean, setting
from harness.store import CellFolder, StoredRun
from harness.text import plural
from harness.types import Cell, Example, Shape, Strategy, Task


@dataclass(frozen=True)
class FinishedCell:
    """A cell with a result, together with what its run records about it."""

    run: StoredRun
    cell: Cell

    @property
    def task(self) -> Task:
        return self.run.plan.tasks[self.cell.task]

    @property
    def strategy(self) -> Strategy:
        return self.run.plan.get_strategy(self.cell)

    @property
    def shape(self) -> Shape:
        return self.run.plan.models[self.cell.model].shape

    @property
    def files(self) -> CellFolder:
        return self.run.folder.cell(self.cell.id)

    @cached_property
    def example(self) -> Example:
        """The first test example of the run: it shows which inputs and labels the examples of the task have."""
        (example,) = self.run.examples(self.task.name, first=1)
        return example

    @property
    def label(self) -> str:
        """The cell's name for people, with everything that tells it from other cells."""
        noun = "training example" if self.strategy.train is not None else "shot"
        size = f" · {plural(self.cell.train_size, noun)}" if self.cell.train_size else ""
        seed = "" if self.cell.seed is None else f" · seed {self.cell.seed}"
        model = f" · {self.cell.model}" if self.cell.model != self.cell.strategy else ""
        return f"{self.cell.task} · {self.cell.strategy}{model}{size}{seed}"


def find_cell(
    run: StoredRun,
    strategy: str,
    *,
    task: str | None = None,
    model: str | None = None,
    seed: int | None = None,
    train_size: int | None = None,
    needs_model: bool = True,
) -> FinishedCell:
    """The cell with a result that fits these names; of several seeds the lowest.

    Args:
        strategy: its name in the run, or what `bench run` accepts for it: a file, or a name with values in brackets.
        needs_model: refuse external outputs.

    Raises:
        BenchError: none fits, or several fit that differ in more than the seed: then the choices are listed.
    """
    if all(cell.strategy != strategy for cell in run.cells):
        strategy = _name_in_run(run, strategy)
    criteria = {"task": task, "model": model, "strategy": strategy, "train_size": train_size}
    fitting = list(run.cells)
    for name, value in criteria.items():
        if value is not None:
            known = dict.fromkeys(str(getattr(c, name)) for c in fitting)
            fitting = [c for c in fitting if getattr(c, name) == value]
            if not fitting:
                noun = {"train_size": "training size"}.get(name, name)
                raise BenchError(f"{run.path}: no cell with the {noun} '{value}'.{did_you_mean(str(value), known)}")
    seeds = {c.seed for c in fitting}
    if seed is not None and seeds != {None}:  # where no seed matters, any will do
        fitting = [c for c in fitting if c.seed == seed]
        if not fitting:
            known_seeds = ", ".join(str(s) for s in sorted(s for s in seeds if s is not None))
            raise BenchError(f"{run.path}: '{strategy}' has no cell with the seed {seed}. Known: {known_seeds}.")
    done = [c for c in fitting if run.status(c.id) == "done"]
    if not done:
        raise BenchError(f"{run.path}: '{strategy}' has no result: its cell is {_outcome(run, fitting[0])}.")
    definition = run.plan.get_strategy(done[0])
    if needs_model and definition.method == "cascade":
        raise BenchError(
            f"{run.path}: '{strategy}' is a cascade: its answers come from two strategies, and it has no model of its own. "
            f"Choose '{definition.first}', the model that answers first."
        )
    if needs_model and definition.outputs is not None:
        raise BenchError(f"{run.path}: '{strategy}' are external outputs: the run has no model to use. Choose another strategy.")
    if needs_model and definition.api is not None:
        raise BenchError(
            f"{run.path}: '{strategy}' is a hosted model: its weights are not here, and only `bench run` asks its host. Choose another "
            "strategy."
        )
    choices = [
        f"{setting(name, name.upper())} ({', '.join(str(value) for value in values)})"
        for name in ("task", "model", "train_size")
        if len(values := dict.fromkeys(getattr(c, name) for c in done)) > 1
    ]
    if choices:
        raise BenchError(f"{run.path}: '{strategy}' has {len(done)} cells with results. Choose one with {' and '.join(choices)}.")
    return FinishedCell(run, min(done, key=lambda c: -1 if c.seed is None else c.seed))


def _name_in_run(run: StoredRun, typed: str) -> str:
    """The name that `bench run` gives to the strategy that was typed; unchanged where it knows no such strategy."""
    folders = run.plan.options.get("request", {}).get("strategies_dirs", ())
    try:
        return resolve_strategy(typed, Catalog(Vocabulary(), strategies=[Path(f) for f in folders])).name
    except BenchError:
        return typed


def _outcome(run: StoredRun, cell: Cell) -> str:
    result = run.results.get(cell.id)
    return run.status(cell.id) + (f" ({result.error})" if result and result.error else "")
