"""Carrying out a search: all strategies together, one round of trials after the other, until each has its values.

A round holds the next trials, or the next parts of trials, of every strategy. What comes next depends only on what the finished trials have
measured, so an interrupted search takes the same way again and runs what is missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.errors import BenchError, setting
from harness.grid.planning import Planned, PlannedSearch, SearchPlan, trial_cell
from harness.grid.search import afford_trials, count_survivors, propose, set_values, wave_sizes
from harness.results import StrategySearch, load_searches
from harness.statistics import race
from harness.store import RunFolder, RunPlan
from harness.types import Cell, CellResult, DroppedStrategy, Strategy, Trial

RunTrials = Callable[[RunPlan, Sequence[Cell]], None]  # runs the cells that have no result yet


@dataclass
class _Contender:
    """A strategy in the search.

    Attributes:
        limit: how many trials it gets; None while that is not known, because hours or money limit it.
        values: of its trials, by number.
        at_rung: the numbers of the trials that were trained in each part so far.
    """

    search: PlannedSearch
    limit: int | None
    values: list[Mapping[str, Any]] = field(default_factory=list)
    at_rung: list[list[int]] = field(default_factory=list)
    dropped: DroppedStrategy | None = None

    @property
    def names(self) -> tuple[str, str, str]:
        return self.search.task, self.search.model, self.search.strategy.name


class SearchRun:
    """The search of a run, from its first trial to the values of the grid."""

    def __init__(self, planned: Planned, plan: SearchPlan, folder: RunFolder, run_trials: RunTrials) -> None:
        """
        Args:
            run_trials: called with the plan that has these cells, after it was stored.
        """
        self._planned, self._plan, self._folder, self._run_trials = planned, plan, folder, run_trials
        self._cells: list[Cell] = []
        self._trials: dict[str, Trial] = {}
        self._strategies: dict[str, Strategy] = {}
        self._ids: dict[tuple[tuple[str, str, str], int, int], str] = {}  # by names, number and rung
        most = plan.spec.most_trials if plan.spec is not None else 1
        self._contenders = [_Contender(search, most if search.space else 1) for search in plan.searches]

    def run(self) -> Planned:
        """Run all rounds; returns what is left to do.

        Raises:
            BenchError: a budget in hours or money does not pay for one trial of each strategy.
        """
        self._start_trials()
        looks: dict[tuple[str, str], int] = {}
        rung = 0
        while any(len(each.search.shares) > rung for each in self._contenders):
            if rung > 0:
                self._continue_trials(rung)
            self._race(rung, looks)
            rung += 1
        left = [each for each in self._contenders if each.search.space and each.dropped is None]
        best = {each.names: self._measured(each).best for each in left}
        chosen = {names: trial.values for names, trial in best.items() if trial.number > 0}
        dropped = [each.dropped for each in self._contenders if each.dropped is not None]
        after = self._planned.after_search(chosen, dropped)
        return replace(after, plan=self._with_trials(after.plan))

    def _start_trials(self) -> None:
        """The first part of every trial: in waves, because later proposals learn from earlier trials."""
        while True:
            started = []
            for each in self._contenders:
                before, count = len(each.values), self._wave_of(each)
                if count and self._add(each, count):
                    started.append((each, 0, list(range(before, len(each.values)))))
            if not started:
                break
            self._round(started)
            self._apply_budget()
            self._drop_beaten_states()
        for each in self._contenders:
            each.at_rung.append(list(range(len(each.values))))

    def _drop_beaten_states(self) -> None:
        """Delete the states of trials that will not go on, whatever later ones measure: each is as large as a model and its optimizer."""
        for each in self._contenders:
            assert each.limit is not None
            going_on = count_survivors(each.limit, len(each.search.shares))[1:2]
            ranked = sorted(self._measured(each).trials, key=lambda trial: (trial.loss_at(0), trial.number))
            for trial in ranked[going_on[0] :] if going_on else ():
                self._folder.drop_trial_state(self._ids[each.names, trial.number, 0])

    def _wave_of(self, contender: _Contender) -> int:
        """How many trials are proposed next: what is left of the current wave. The first trial shows what a budget pays for."""
        done = len(contender.values)
        for size in wave_sizes(1 if contender.limit is None else contender.limit):
            if done < size:
                return size - done
            done -= size
        return 0

    def _add(self, contender: _Contender, count: int) -> bool:
        """Propose values for new trials; returns whether there are any."""
        number = len(contender.values)
        if not contender.search.space:
            fresh: list[dict[str, Any]] = [] if number else [{}]
        else:
            trials = self._measured(contender).trials if number else ()
            tried = [(trial.values, trial.loss_at(0)) for trial in trials]
            fresh = propose(contender.search.space, tried, count, seed=self._plan.seed * 1_000_003 + number)
        contender.values += fresh
        return bool(fresh)

    def _apply_budget(self) -> None:
        """Set the number of trials of each strategy by what the first part of its first trial took.

        Raises:
            BenchError: a budget does not pay for one trial of each strategy.
        """
        spec, problems = self._plan.spec, []
        for each in self._contenders:
            if each.limit is not None or spec is None:
                continue
            spent = self._measured(each).spent
            amount, budget = (spent.price or 0.0, spec.price) if spec.price is not None else (spent.seconds, 3600 * (spec.hours or 0.0))
            each.limit = afford_trials(budget, amount, each.search.shares)
            if each.limit < 1:
                problems.append(_describe_small_budget(each, amount, budget, in_money=spec.price is not None))
        if problems:
            raise BenchError(problems)

    def _continue_trials(self, rung: int) -> None:
        """The next part of the better half of the trials of each strategy."""
        going_on = []
        for each in self._contenders:
            if each.dropped is not None or len(each.search.shares) <= rung:
                continue
            search = self._measured(each)
            count = count_survivors(len(each.values), len(each.search.shares))[rung]
            ranked = sorted(each.at_rung[-1], key=lambda number: (search.trials[number].loss_at(rung - 1), number))
            better = [number for number in ranked[:count] if math.isfinite(search.trials[number].loss_at(rung - 1))]
            for number in each.at_rung[-1]:
                if number not in better:
                    self._folder.drop_trial_state(self._ids[each.names, number, rung - 1])
            each.at_rung.append(better)
            going_on.append((each, rung, better))
        self._round(going_on)

    def _race(self, rung: int, looks: dict[tuple[str, str], int]) -> None:
        """Drop the strategies that cannot win, task by task and model by model."""
        if self._plan.race is None:
            return
        groups: dict[tuple[str, str], list[_Contender]] = {}
        for each in self._contenders:
            if each.search.strategy.train is not None:
                groups.setdefault((each.search.task, each.search.model), []).append(each)
        for (task, model), contenders in groups.items():
            racing = [each for each in contenders if each.dropped is None and len(each.at_rung) > rung]
            if len(racing) < 2:
                continue
            looks[task, model] = looks.get((task, model), 0) + 1
            measured = {}
            for each in racing:
                trials = self._measured(each).trials
                reached = {self._ids[each.names, number, rung]: trials[number] for number in each.at_rung[rung]}
                measured[each.search.strategy.name] = {cell_id: trial.parts[rung].measured for cell_id, trial in reached.items()}
            started = {each.search.strategy.name: len(each.values) for each in contenders}
            by_name = {each.search.strategy.name: each for each in racing}
            for loss in race(measured, started=started, alpha=self._plan.race, look=looks[task, model]):
                by_name[loss.strategy].dropped = DroppedStrategy(
                    task, model, loss.strategy, rung, loss.trial, loss.rival, loss.difference, loss.limit, loss.level
                )

    def _round(self, parts: Sequence[tuple[_Contender, int, Sequence[int]]]) -> None:
        """Run a part of several trials of several strategies.

        Args:
            parts: strategies, the rung, and the numbers of the trials.
        """
        cells = [self._plan_part(contender, rung, number) for contender, rung, numbers in parts for number in numbers]
        if cells:
            self._run_trials(self._with_trials(self._planned.plan), cells)

    def _plan_part(self, contender: _Contender, rung: int, number: int) -> Cell:
        search, values = contender.search, contender.values[number]
        strategy = set_values(search.strategy, values) if number else search.strategy
        size = search.cell.cell.train_size if strategy.train is not None else strategy.shots
        task, splits = self._planned.plan.tasks[search.task], self._planned.splits[search.task]
        shares = search.shares[: rung + 1]
        cell = trial_cell(task, strategy, splits, self._planned.sources[search.model], self._planned.device, size, shares)
        previous = self._ids[contender.names, number, rung - 1] if rung else None
        if cell.id not in self._trials:
            self._cells.append(cell)
        self._trials[cell.id] = Trial(number, rung, shares[-1], values, previous)
        self._strategies[cell.id] = strategy
        self._ids[contender.names, number, rung] = cell.id
        return cell

    def _with_trials(self, plan: RunPlan) -> RunPlan:
        changed = {cell_id: each for cell_id, each in self._strategies.items() if each is not plan.strategies[each.name]}
        strategies = {**plan.cell_strategies, **changed}
        return replace(plan, trial_cells=tuple(self._cells), trials=dict(self._trials), cell_strategies=strategies)

    def _measured(self, contender: _Contender) -> StrategySearch:
        """The trials of a strategy with what they have measured so far."""
        results = {cell.id: result for cell in self._cells if (result := self._result(cell)) is not None}
        plan = self._with_trials(self._planned.plan)
        return next(each for each in load_searches(plan, results) if (each.task, each.model, each.strategy) == contender.names)

    def _result(self, cell: Cell) -> CellResult | None:
        files = self._folder.cell(cell.id)
        return files.result() if files.is_finished() else None


def _describe_small_budget(contender: _Contender, amount: float, budget: float, *, in_money: bool) -> str:
    task, model, strategy = contender.names
    first = contender.search.shares[0]
    hundredths = math.ceil(100 * amount / first / (1 if in_money else 3600)) / 100  # rounded up, so that the advice is enough

    def say(value: float) -> str:
        return f"{value:.2f} USD" if in_money else f"{value / 3600:.2g} hours"

    enough = setting("search", f"{hundredths:g}usd" if in_money else f"{hundredths:g}h")
    return (
        f"task '{task}', strategy '{strategy}' on '{model}': the budget of {say(budget)} is too small for one trial, of which {first:.0%} "
        f"took {say(amount)}. Give at least {enough}, or fewer examples or epochs"
    )
