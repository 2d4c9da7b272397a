"""Who is held against whom: the strategies of one run, or of two, that are to be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from harness.errors import BenchError, did_you_mean
from harness.reporting.views.comparison_view import Side
from harness.results import RunResults, StrategyResult

Value = TypeVar("Value")


@dataclass(frozen=True)
class Wanted:
    """What is asked to be compared. Of each option that names cells, one value is meant for both sides, two for A and B."""

    strategies: Sequence[str] = ()
    models: Sequence[str] = ()
    train_sizes: Sequence[int] = ()
    task: str | None = None

    def __post_init__(self) -> None:
        for option, values in (("--strategies", self.strategies), ("--model", self.models), ("--train-size", self.train_sizes)):
            if len(values) > 2:
                raise BenchError(f"{option}: two can be compared, A and B, not {len(values)}: {', '.join(map(str, values))}")

    @property
    def nothing(self) -> bool:
        """Whether the choice is left to us."""
        return not (self.strategies or self.models or self.train_sizes)


def best_and_others(run: RunResults, task: str) -> tuple[StrategyResult, list[StrategyResult]]:
    """The strategy with the best primary score, and all others that have one, from the second best on.

    Raises:
        BenchError: fewer than two have a score.
    """
    scored = run.by_task[task].scored
    if len(scored) < 2:
        raise BenchError(f"{run.path}: it takes two strategies with a score to compare them, and {task} has {len(scored)}")
    best, *others = scored
    return best, others


def opponents(runs: Sequence[RunResults], wanted: Wanted) -> list[tuple[StrategyResult, StrategyResult]]:
    """The pairs (A, B) to compare, task by task.

    One run and nothing named: the best strategy as A against each of the others as B; of two strategies the better one is B. Two runs and
    nothing named: each strategy that both have.

    Raises:
        BenchError: what is named is not there, or leaves several choices.
    """
    return [pair for tasks in _tasks(runs, wanted.task) for pair in _pairs(runs, wanted, tasks)]


def _tasks(runs: Sequence[RunResults], named: str | None) -> list[tuple[str, str]]:
    """The task of A and of B for each comparison."""
    first, last = runs[0].plan.tasks, runs[-1].plan.tasks
    if named is not None:
        for run in runs:
            if named not in run.plan.tasks:
                raise BenchError(f"{run.path}: has no task '{named}'.{did_you_mean(named, run.plan.tasks)}")
        return [(named, named)]
    common = [(name, name) for name in first if name in last]
    if not common and len(first) == len(last) == 1:
        return [(next(iter(first)), next(iter(last)))]
    if not common:
        raise BenchError(f"{runs[0].name} ({', '.join(first)}) and {runs[-1].name} ({', '.join(last)}) have no task in common")
    return common


def _pairs(runs: Sequence[RunResults], wanted: Wanted, tasks: tuple[str, str]) -> list[tuple[StrategyResult, StrategyResult]]:
    if not wanted.nothing:
        return [_named_pair(runs, wanted, tasks)]
    if len(runs) == 1:
        best, others = best_and_others(runs[0], tasks[0])
        return [(others[0], best)] if len(others) == 1 else [(best, other) for other in others]
    first, last = (_scored(run, task) for run, task in zip(runs, tasks, strict=True))
    common = [key for key in first if key in last]
    if not common:
        raise BenchError(f"{runs[0].name} and {runs[1].name} have no strategy in common: name A's and B's with --strategies A,B")
    return [(first[key], last[key]) for key in common]


def _named_pair(runs: Sequence[RunResults], wanted: Wanted, tasks: tuple[str, str]) -> tuple[StrategyResult, StrategyResult]:
    if not wanted.strategies:
        raise BenchError("name the strategy, or the two, with --strategies")
    values = [wanted.strategies, wanted.models, wanted.train_sizes]
    if len(runs) == 1 and all(len(given) < 2 for given in values):
        raise BenchError(f"'{wanted.strategies[0]}' against what? Within one run name two: --strategies A,{wanted.strategies[0]}")
    sides = [
        run.find(
            str(_of_side(wanted.strategies, side)),
            task=task,
            model=_of_side(wanted.models, side),
            train_size=_of_side(wanted.train_sizes, side),
        )
        for side, (run, task) in enumerate(zip((runs[0], runs[-1]), tasks, strict=True))
    ]
    return sides[0], sides[1]


def _of_side(values: Sequence[Value], side: int) -> Value | None:
    return values[min(side, len(values) - 1)] if values else None


def _scored(run: RunResults, task: str) -> dict[tuple[str, str, int], StrategyResult]:
    """The strategies with results, by what they are called."""
    return {(ln.model, ln.strategy, ln.train_size): ln for ln in run.by_task[task].strategies if ln.done}


def side_of(chosen: StrategyResult) -> Side:
    """What is said of it."""
    return Side(
        run=chosen.run.name,
        label=chosen.label,
        strategy=chosen.strategy,
        model=chosen.model,
        train_size=chosen.train_size,
        seeds=chosen.seeds,
        costs=chosen.costs,
        trained=chosen.varies_by_seed,
    )
