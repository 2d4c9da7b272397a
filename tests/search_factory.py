"""A search in a made-up run of `report_factory`: losses of validation examples, of trials of which a third continues, and a race."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from report_factory import declare_strategy

from harness.results import RunResults
from harness.types import Cell, CellResult, Cost, DroppedStrategy, SearchSpec, Trial, TrialMeasurement

SHARES = (0.3, 1.0)
SECONDS = 400.0  # of a full training


@dataclass(frozen=True)
class MadeTrial:
    """One trial: the loss after each rung that it reached; None if it diverged there."""

    values: Mapping[str, Any]
    losses: Sequence[float | None]


def add_search(
    run: RunResults,
    searches: Mapping[str, Sequence[MadeTrial]],
    *,
    spec: SearchSpec | None = None,
    race_only: bool = False,
    race: float | None = None,
    dropped: Mapping[str, tuple[int, str, int]] | None = None,
    examples: int = 60,
    groups: int = 0,
    priced: bool = True,
) -> RunResults:
    """The same run with a search on its first task, by strategy. A strategy without cells in the grid is added to the plan.

    Args:
        race_only: whether no values were searched: the race compared the strategies as they are.
        dropped: by strategy that lost the race, the number of its best trial, and the strategy and the number of the better one.
    """
    plan, folder = run.plan, run.folder
    task, model = next(iter(plan.tasks)), plan.cells[0].model
    cells: list[Cell] = []
    trials: dict[str, Trial] = {}
    longest = max(len(made.losses) for own in searches.values() for made in own)
    for rung in range(longest):
        for strategy, own in searches.items():
            trained = declare_strategy(strategy).train is not None
            for number, made in enumerate(own):
                if rung < len(made.losses):
                    cell = Cell(_name(strategy, number, rung), task, model, strategy, 100, 0)
                    previous = _name(strategy, number, rung - 1) if rung else None
                    share = SHARES[rung] if trained else 1.0
                    trials[cell.id] = Trial(number, rung, share, dict(made.values), previous)
                    cells.append(cell)
                    loss = made.losses[rung]
                    measured = None if loss is None else _measure(strategy, number, loss, examples, groups)
                    seconds = SECONDS * (share - (SHARES[rung - 1] if rung else 0.0))
                    costs = (Cost("train", seconds, "cpu", price=seconds * 0.09 / 3600 if priced else None),)
                    status = "done" if loss is not None else "diverged"
                    folder.cell(cell.id).write_result(CellResult(cell, status, costs, trial=measured))  # type: ignore[arg-type]
    lost = tuple(
        DroppedStrategy(task, model, name, 0, _name(name, number, 0), _name(rival, place, 0), 0.35, 0.21, 0.005)
        for name, (number, rival, place) in (dropped or {}).items()
    )
    folder.write_plan(
        replace(
            plan,
            search=None if race_only else spec or SearchSpec(trials=max(map(len, searches.values()))),
            race=race,
            trial_cells=tuple(cells),
            trials=trials,
            dropped=lost,
            strategies={**plan.strategies, **{name: declare_strategy(name) for name in searches}},
        )
    )
    folder.seal()
    return RunResults(folder)


def searched_rates(best: float, own: float, *, lowest: float = 1.0, steep: float = 0.06) -> list[MadeTrial]:
    """Six trials of the learning rate, of which two continue; the loss is lowest at `best`, and the highest rate diverges."""
    rates = [own * factor for factor in (1, 0.15, 0.4, 2.2, 5, 9.5)]
    final = [lowest + steep * math.log2(rate / best) ** 2 for rate in rates]
    order = sorted(range(6), key=lambda i: final[i])
    reached = {i: 2 if i in order[:2] else 1 for i in range(6)}
    trials = [
        MadeTrial({"learning_rate": rate}, [final[i] + (0.3, 0.0)[rung] for rung in range(reached[i])]) for i, rate in enumerate(rates)
    ]
    return [*trials[:5], replace(trials[5], losses=[None])] if reached[5] == 1 else trials


def _name(strategy: str, number: int, rung: int) -> str:
    return f"search-{strategy}-{number}-{rung}"


def _measure(strategy: str, number: int, loss: float, examples: int, groups: int) -> TrialMeasurement:
    """Losses whose mean per token is exactly this one; the hardness of an example is the same in all trials."""
    hard, own = random.Random("hardness"), random.Random(f"{strategy}{number}")
    shifts = [hard.gauss(0, 0.3) + own.gauss(0, 0.08) for _ in range(examples)]
    mean = math.fsum(shifts) / examples
    losses = tuple(12 * (loss + shift - mean) for shift in shifts)
    return TrialMeasurement(losses, (12,) * examples, tuple(i % groups for i in range(examples)) if groups else ())
