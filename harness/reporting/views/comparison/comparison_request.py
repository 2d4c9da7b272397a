"""Which strategies to compare: the pairs that the names in a request select."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from harness.errors import BenchError, did_you_mean, setting
from harness.results import RunResults, StrategyResult

Value = TypeVar("Value")


@dataclass(frozen=True)
class ComparisonRequest:
    """The strategies to compare. Of each setting, one value counts for both sides, two are for A and B."""

    strategies: Sequence[str] = ()
    models: Sequence[str] = ()
    train_sizes: Sequence[int] = ()
    task: str | None = None

    def __post_init__(self) -> None:
        for name in ("strategies", "models", "train_sizes"):
            values = getattr(self, name)
            if len(values) > 2:
                raise BenchError(f"{setting(name, ','.join(map(str, values)))}: name at most two, A and B, not {len(values)}.")

    @property
    def names_nothing(self) -> bool:
        """Whether no strategy is named."""
        return not (self.strategies or self.models or self.train_sizes)


def select_pairs(runs: Sequence[RunResults], request: ComparisonRequest) -> list[tuple[StrategyResult, StrategyResult]]:
    """The pairs (A, B) to compare, task by task.

    Without names in one run: the best strategy as A with each of the others as B; of two strategies the better one is B. Without names in
    two runs: each strategy that both have.

    Raises:
        BenchError: a name is unknown or fits several strategies, or there are not two strategies with a score.
    """
    return [pair for tasks in _tasks(runs, request.task) for pair in _pairs(runs, request, tasks)]


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
        raise BenchError(f"{runs[0].name} ({', '.join(first)}) and {runs[-1].name} ({', '.join(last)}) have no task in common.")
    return common


def _pairs(runs: Sequence[RunResults], request: ComparisonRequest, tasks: tuple[str, str]) -> list[tuple[StrategyResult, StrategyResult]]:
    if not request.names_nothing:
        return [_named_pair(runs, request, tasks)]
    if len(runs) == 1:
        best, others = _best_and_others(runs[0], tasks[0])
        return [(others[0], best)] if len(others) == 1 else [(best, other) for other in others]
    first, last = (_finished(run, task) for run, task in zip(runs, tasks, strict=True))
    common = [key for key in first if key in last]
    if not common:
        raise BenchError(f"{runs[0].name} and {runs[1].name} have no strategy in common. Name A and B with {setting('strategies', 'A,B')}.")
    return [(first[key], last[key]) for key in common]


def _best_and_others(run: RunResults, task: str) -> tuple[StrategyResult, Sequence[StrategyResult]]:
    scored = run.by_task[task].scored
    if len(scored) < 2:
        raise BenchError(f"{run.path}: a comparison needs two strategies with a score; {task} has {len(scored)}.")
    return scored[0], scored[1:]


def _finished(run: RunResults, task: str) -> dict[tuple[str, str, int], StrategyResult]:
    """The strategies with results, by what identifies them across runs."""
    return {(r.model, r.strategy, r.train_size): r for r in run.by_task[task].strategies if r.done}


def _named_pair(runs: Sequence[RunResults], request: ComparisonRequest, tasks: tuple[str, str]) -> tuple[StrategyResult, StrategyResult]:
    if not request.strategies:
        raise BenchError(f"Name the strategies to compare with {setting('strategies', 'A,B')}.")
    values = [request.strategies, request.models, request.train_sizes]
    if len(runs) == 1 and all(len(named) < 2 for named in values):
        name = request.strategies[0]
        raise BenchError(f"'{name}' needs a second strategy to be compared with in the same run: {setting('strategies', f'A,{name}')}.")
    sides = [
        run.find(
            str(_value_of_side(request.strategies, side)),
            task=task,
            model=_value_of_side(request.models, side),
            train_size=_value_of_side(request.train_sizes, side),
        )
        for side, (run, task) in enumerate(zip((runs[0], runs[-1]), tasks, strict=True))
    ]
    return sides[0], sides[1]


def _value_of_side(values: Sequence[Value], side: int) -> Value | None:
    return values[min(side, len(values) - 1)] if values else None
