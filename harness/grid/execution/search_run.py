"""Carrying out a search: all strategies together, one round of trials after the other, until each has its values.

A round holds the next trials, or the next parts of trials, of every strategy. What comes next depends only on what the finished trials have
measured, so an interrupted search makes the same decisions again and runs what is missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from harness.errors import BenchError, setting
from harness.grid.planning import Planned, PlannedSearch, SearchPlan, trial_cell
from harness.grid.search import afford_trials, count_survivors, estimate_cost, propose, set_values, wave_sizes
from harness.results import SearchTrial, StrategySearch, TotalCost, load_searches
from harness.statistics import race
from harness.store import RunFolder, RunPlan
from harness.types import TRIALS, Cell, CellResult, DroppedStrategy, Strategy, Trial

RunTrials = Callable[[RunPlan, Sequence[Cell]], None]  # runs the cells that have no result yet


@dataclass
class _Contender:
    """A strategy in the search.

    Attributes:
        limit: how many trials it gets; None while that is not known, because hours or money limit it.
        search: its trials so far; None before the first.
    """

    planned: PlannedSearch
    limit: int | None
    search: StrategySearch | None = None
    dropped: DroppedStrategy | None = None

    @property
    def names(self) -> tuple[str, str, str]:
        return self.planned.task, self.planned.model, self.name

    @property
    def name(self) -> str:
        return self.planned.strategy.name

    @property
    def trials(self) -> tuple[SearchTrial, ...]:
        return () if self.search is None else self.search.trials

    def rank(self, rung: int) -> list[SearchTrial]:
        """The trials that were trained up to this rung, the lowest loss first."""
        reached = [trial for trial in self.trials if len(trial.parts) > rung]
        return sorted(reached, key=lambda trial: (trial.loss_at(rung), trial.number))


class _Part(NamedTuple):
    """A part of a trial that is run in the next round."""

    contender: _Contender
    number: int
    rung: int
    values: Mapping[str, Any]


class SearchRun:
    """The search of a run, from its first trial to the values of the grid."""

    def __init__(self, planned: Planned, plan: SearchPlan, folder: RunFolder, run_trials: RunTrials) -> None:
        """
        Args:
            run_trials: called with a plan and those of its cells that are the next round.
        """
        self._planned, self._plan, self._folder, self._run_trials = planned, plan, folder, run_trials
        self._cells: dict[str, Cell] = {}
        self._trials: dict[str, Trial] = {}
        self._strategies: dict[str, Strategy] = {}
        self._results: dict[str, CellResult] = {}
        most = plan.spec.most_trials if plan.spec is not None else 1
        self._contenders = [_Contender(search, most if search.space else 1) for search in plan.searches]

    def run(self) -> Planned:
        """Run all rounds; returns what is left to do.

        Raises:
            BenchError: a budget in hours or money does not pay for one trial of each strategy.
        """
        self._start_trials()
        self._race(0)
        for rung in range(1, max((len(each.planned.shares) for each in self._contenders), default=0)):
            self._continue_trials(rung)
            self._race(rung)
        chosen = {
            each.names: each.search.best.values
            for each in self._contenders
            if each.search is not None and each.dropped is None and each.search.best.number > 0  # 0 has the strategy's own values
        }
        after = self._planned.after_search(chosen, [each.dropped for each in self._contenders if each.dropped is not None])
        return replace(after, plan=self._with_trials(after.plan))

    def _start_trials(self) -> None:
        """The first part of every trial: in waves, because later proposals learn from earlier trials."""
        while parts := [part for each in self._contenders for part in self._propose(each)]:
            self._run_round(parts)
            self._apply_budget()
            self._drop_beaten_states()

    def _propose(self, contender: _Contender) -> list[_Part]:
        """The first parts of the next trials of a strategy; none if it has them all."""
        number = len(contender.trials)
        # Until a first part shows what a budget pays for, there is one trial at a time.
        count = 1 if contender.limit is None else _left_of_wave(number, contender.limit)
        if not count:
            return []
        fresh: list[dict[str, Any]] = [{}]
        if contender.planned.space:
            tried = [(trial.values, trial.loss_at(0)) for trial in contender.trials]
            fresh = propose(contender.planned.space, tried, count, seed=self._plan.seed * 1_000_003 + number)
        return [_Part(contender, number + i, 0, values) for i, values in enumerate(fresh)]

    def _apply_budget(self) -> None:
        """Set the number of trials of each strategy by what the first part of its first trial took, unless that diverged or failed.

        Such a trial ends at once, and its cost says nothing about others: then the next trial decides, up to the default number of trials.

        Raises:
            BenchError: a budget does not pay for one trial of each strategy.
        """
        spec, problems = self._plan.spec, []
        for each in self._contenders:
            if each.limit is not None or each.search is None or spec is None:
                continue
            in_money = spec.price is not None
            budget = spec.price if spec.price is not None else 3600 * (spec.hours or 0.0)
            *earlier, latest = (_amount(trial.spent, in_money=in_money) for trial in each.trials)
            failed, is_measured = math.fsum(earlier), math.isfinite(each.trials[-1].loss)
            if not is_measured and failed + latest <= budget:
                each.limit = len(each.trials) if len(each.trials) >= TRIALS else None
                continue
            affordable = afford_trials(budget - failed, latest, each.planned.shares)
            each.limit = len(earlier) + affordable
            if not affordable:
                problems.append(_describe_small_budget(each, latest, failed, budget, in_money=in_money))
        if problems:
            raise BenchError(problems)

    def _drop_beaten_states(self) -> None:
        """Delete the states of trials that cannot continue any more: each is as large as a model and its optimizer."""
        for each in self._contenders:
            if each.limit is not None and len(each.planned.shares) > 1:
                self._drop_states(each.rank(0)[count_survivors(each.limit)[1] :])

    def _continue_trials(self, rung: int) -> None:
        """The next part of the best trials of each strategy."""
        parts = []
        for each in self._contenders:
            if each.dropped is None and len(each.planned.shares) > rung:
                ranked = each.rank(rung - 1)
                better = [trial for trial in ranked[: count_survivors(len(each.trials))[rung]] if math.isfinite(trial.loss)]
                self._drop_states(ranked[len(better) :])
                parts += [_Part(each, trial.number, rung, trial.values) for trial in better]
        self._run_round(parts)

    def _drop_states(self, trials: Sequence[SearchTrial]) -> None:
        for trial in trials:
            self._folder.drop_trial_state(trial.last.cell.id)

    def _race(self, rung: int) -> None:
        """Drop the strategies that cannot win, task by task and model by model. There is one look after each rung."""
        if self._plan.race is None:
            return
        groups: dict[tuple[str, str], list[_Contender]] = {}
        for each in self._contenders:
            if each.planned.strategy.train is not None:
                groups.setdefault((each.planned.task, each.planned.model), []).append(each)
        for (task, model), contenders in groups.items():
            racing = {each.name: each for each in contenders if each.dropped is None and each.rank(rung)}
            if len(racing) < 2:
                continue
            measured = {
                name: {trial.parts[rung].cell.id: trial.parts[rung].measured for trial in each.rank(rung)} for name, each in racing.items()
            }
            started = {each.name: len(each.trials) for each in contenders}
            for loss in race(measured, started=started, alpha=self._plan.race, look=rung + 1):
                racing[loss.strategy].dropped = DroppedStrategy(
                    task, model, loss.strategy, rung, loss.trial, loss.rival, loss.difference, loss.limit, loss.level
                )
                self._drop_states(racing[loss.strategy].rank(rung))

    def _run_round(self, parts: Sequence[_Part]) -> None:
        """Run parts of several trials of several strategies, and read what they measured."""
        if not parts:
            return
        cells = [self._plan_part(part) for part in parts]
        plan = self._with_trials(self._planned.plan)
        self._run_trials(plan, cells)
        self._results |= {cell.id: self._folder.cell(cell.id).result() for cell in cells}
        searches = {(each.task, each.model, each.strategy): each for each in load_searches(plan, self._results)}
        for contender in self._contenders:
            contender.search = searches.get(contender.names)

    def _plan_part(self, part: _Part) -> Cell:
        search, planned = part.contender.planned, self._planned
        strategy = set_values(search.strategy, part.values) if part.number else search.strategy
        size = search.cell.cell.train_size if strategy.train is not None else strategy.shots
        task, splits = planned.plan.tasks[search.task], planned.splits[search.task]
        shares = search.shares[: part.rung + 1]
        cell = trial_cell(task, strategy, splits, planned.sources[search.model], planned.device, size, shares)
        previous = part.contender.trials[part.number].last.cell.id if part.rung else None
        self._cells[cell.id] = cell
        self._trials[cell.id] = Trial(part.number, part.rung, shares[-1], part.values, previous)
        self._strategies[cell.id] = strategy
        return cell

    def _with_trials(self, plan: RunPlan) -> RunPlan:
        changed = {cell_id: each for cell_id, each in self._strategies.items() if each is not plan.strategies[each.name]}
        strategies = {**plan.cell_strategies, **changed}
        return replace(plan, trial_cells=tuple(self._cells.values()), trials=dict(self._trials), cell_strategies=strategies)


def _amount(spent: TotalCost, *, in_money: bool) -> float:
    return (spent.price or 0.0) if in_money else spent.seconds


def _left_of_wave(started: int, limit: int) -> int:
    """How many trials are proposed next, if so many have started: those that the current wave still has."""
    for size in wave_sizes(limit):
        if started < size:
            return size - started
        started -= size
    return 0


def _describe_small_budget(contender: _Contender, amount: float, failed: float, budget: float, *, in_money: bool) -> str:
    task, model, strategy = contender.names
    shares = contender.planned.shares
    needed = failed + estimate_cost(1, amount, shares)
    hundredths = math.ceil(100 * needed / (1 if in_money else 3600)) / 100  # rounded up, so that the advice is enough

    def say(value: float) -> str:
        return f"{value:.2f} USD" if in_money else f"{value / 3600:.2g} hours"

    enough = setting("search", f"{hundredths:g}usd" if in_money else f"{hundredths:g}h")
    return (
        f"task '{task}', strategy '{strategy}' on '{model}': the budget of {say(budget)} is too small for one trial, of which "
        f"{shares[0]:.0%} took {say(amount)}. Give at least {enough}, or fewer examples or epochs"
    )
