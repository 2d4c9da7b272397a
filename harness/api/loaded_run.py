"""A run with its results as data frames."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.api import frames
from harness.api.arguments import PathLike, RunLike, check_volume
from harness.errors import BenchError, did_you_mean, setting
from harness.results import RunResults
from harness.store import open_run
from harness.types import Cell, Task

if TYPE_CHECKING:
    from pandas import DataFrame

    from harness.decision import Decision


class Run(os.PathLike[str]):
    """A finished or interrupted run. It is a path to its folder, so it can be passed wherever a run is expected.

    Reading a run needs no model and imports neither torch nor transformers. In a notebook, a run shows its strategies and scores.

    Attributes:
        stored: the typed values behind the data frames: tasks, strategies, scores, comparisons, costs.
    """

    def __init__(self, stored: RunResults) -> None:
        self.stored = stored

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.stored.path

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.stored.name

    @property
    def tasks(self) -> Mapping[str, Task]:
        """The tasks by name, as this run used them."""
        return self.stored.plan.tasks

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every planned cell: a task, a model, a strategy, a training size and a seed."""
        return self.stored.cells

    @property
    def complete(self) -> bool:
        """Whether every planned cell is done, those of the leak test included. A trial of a search may diverge or run out of memory."""
        results, plan = self.stored.all_results, self.stored.plan
        done = all(cell.id in results and results[cell.id].status == "done" for cell in (*plan.cells, *plan.leak_cells))
        ended = ("done", "diverged", "out-of-memory")
        return done and all(cell.id in results and results[cell.id].status in ended for cell in plan.trial_cells)

    def summary(self) -> DataFrame:
        """One row per strategy, the best first: primary score, difference to `base`, costs.

        Columns: task, model, strategy, train_size, status, seeds (those with a result), score (name of the primary score), value, low, high
        (95% CI), n (test examples), reliable, difference, difference_low, difference_high and verdict (compared with `base`),
        training_seconds, training_price, output_seconds, price_per_1k (1,000 outputs), total_price, currency, peak_memory (bytes). Costs
        are the mean over seeds.
        """
        return frames.summary_frame(self.stored)

    def scores(self, *, by_seed: bool = False) -> DataFrame:
        """One row per task, model, strategy, training size and score. Strategies without a result have none.

        Columns: task, model, strategy, train_size, score, value, low, high (95% CI), n (test examples with this score), reliable, reason
        (why it is not reliable), method, unit, direction ("higher", "lower" or "none" is better), primary (whether it ranks the
        strategies).

        Args:
            by_seed: one row per cell instead, with a column `seed`; otherwise seeds are averaged within each example.
        """
        return frames.scores_frame(self.stored, by_seed=by_seed)

    def predictions(self, *, with_inputs: bool = False) -> DataFrame:
        """One row per cell and test example.

        Columns: task, model, strategy, train_size, seed, example (its id), output (the raw text), answer (what is scored), finish ("stop",
        "length" or "choice"), tokens_in, tokens_out, and one per score that judges single examples.

        Args:
            with_inputs: also add `input.NAME` for each input, `targets` (a list of references) and `group`. These texts may be
            confidential.
        """
        return frames.predictions_frame(self.stored, with_inputs=with_inputs)

    def costs(self) -> DataFrame:
        """One row per cell and phase (load, train, validate, store, predict, score), as measured. Failed cells are included.

        Columns: task, model, strategy, train_size, seed, status, phase, seconds, price, currency, tokens, energy (joules), peak_allocated,
        peak_reserved (bytes), device. `summary` has the costs per strategy.
        """
        return frames.costs_frame(self.stored)

    def comparisons(self) -> DataFrame:
        """One row per pair of strategies of a task, on the same test examples and for the primary score: b minus a.

        Columns: task, a, b, score, difference, low, high (95% CI), p_value, verdict, equivalent (the interval lies within the margin),
        margin, n, reliable, reason, method, better, equal, worse (examples), detectable (the difference found 80% of the time). p-values
        and verdicts are corrected for the number of pairs (Benjamini–Hochberg).
        """
        return frames.comparisons_frame(self.stored)

    def decision(self, task: str | None = None) -> Decision:
        """What to ship on a task, on which conditions, and why: the decision that the report shows.

        `state` is "ship", "ship_with_conditions", "undecided" or "do_not_ship"; `strategy` is the strategy to ship, if any; `conditions`,
        `guardrails` and `next_steps` say what is open.

        Args:
            task: needed if the run has several.

        Raises:
            BenchError: the task is not in the run, or several are and none is named; or the run's files are damaged.
        """
        from harness.decision import decide_task

        names = list(self.tasks)
        if task is None and len(names) != 1:
            raise BenchError(f"{self.path}: has {len(names)} tasks. Choose one with {setting('task', 'TASK')}: {', '.join(names)}.")
        name = task or names[0]
        if name not in self.tasks:
            raise BenchError(f"{self.path}: has no task '{name}'.{did_you_mean(name, names)}")
        return decide_task(self.stored.by_task[name])

    def to_dict(self, *, volume: int | None = None) -> dict[str, Any]:
        """All results as plain values, as `bench report RUN --format json` prints them.

        Args:
            volume: outputs per month, for costs; by default those that each task declares.
        """
        from harness.reporting import to_json

        check_volume(volume)
        return to_json(self.stored, volume=volume)

    def write_report(self, path: PathLike | None = None, *, with_text: bool = True, volume: int | None = None) -> Path:
        """Write the HTML report and return its path.

        Args:
            path: the file to write; by default `report.html` in the run's folder.
            with_text: include inputs, references and outputs. They may be what patients or customers said.
            volume: outputs per month, for costs; by default those that each task declares.

        Raises:
            BenchError: the folder does not exist, or the volume is out of range.
        """
        from harness.reporting import write_page

        target = self.stored.folder.report if path is None else Path(path)
        check_volume(volume)
        if not target.parent.is_dir():
            raise BenchError(f"{target}: the folder {target.parent} does not exist")
        write_page(self.stored, target, with_text=with_text, volume=volume)
        return target

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def _repr_html_(self) -> str:
        from harness.reporting import to_notebook_html

        return to_notebook_html(self.stored)


def load_run(run: RunLike, *, task: str | None = None, runs_dir: PathLike = "runs") -> Run:
    """A run by its folder, its name in `runs_dir`, or "latest": the newest finished run.

    Args:
        task: "latest" is the newest finished run of this task.

    Raises:
        BenchError: there is no such run, or it is damaged.
    """
    return Run(load_results(run, runs_dir, task=task))


def load_results(run: RunLike, runs_dir: PathLike, *, task: str | None = None) -> RunResults:
    """The results of a run; raises as `load_run` does."""
    return RunResults(open_run(Path(runs_dir), os.fspath(run), task=task).folder)
