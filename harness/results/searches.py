"""The searches of a run: for each strategy its trials, what they measured and cost, and the values that were chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.results.costs import TotalCost, total_cost
from harness.store import RunPlan
from harness.types import Cell, CellResult, DroppedStrategy, Trial, TrialMeasurement, discarded_steps


@dataclass(frozen=True)
class TrialPart:
    """One part of a trial: its cell, and the result, None while there is none."""

    cell: Cell
    trial: Trial
    result: CellResult | None

    @property
    def measured(self) -> TrialMeasurement | None:
        """What it measured; None if it diverged or failed."""
        return self.result.trial if self.result is not None else None

    @property
    def loss(self) -> float:
        """The best validation loss so far, in nats per target token; infinite without a measurement."""
        return math.inf if self.measured is None else self.measured.loss


@dataclass(frozen=True)
class SearchTrial:
    """A strategy with some values, and the parts of its training that were carried out, in order."""

    number: int
    values: Mapping[str, Any]
    parts: tuple[TrialPart, ...]

    @property
    def last(self) -> TrialPart:
        """How far it came."""
        return self.parts[-1]

    @property
    def share(self) -> float:
        """The share of its training that was carried out."""
        return self.last.trial.share

    @property
    def trainings(self) -> float:
        """How many full trainings its steps are, with those that were discarded after they were measured."""
        return self.share + math.fsum(discarded_steps(part.trial.share) for part in self.parts)

    @property
    def loss(self) -> float:
        """The best validation loss of the last part, in nats per target token; infinite if it diverged or failed."""
        return self.last.loss

    def loss_at(self, rung: int) -> float:
        """The loss after a rung; infinite if it did not come so far."""
        return next((part.loss for part in self.parts if part.trial.rung == rung), math.inf)

    @property
    def spent(self) -> TotalCost:
        """What its parts took."""
        return total_cost([cost for part in self.parts if part.result is not None for cost in part.result.costs])


@dataclass(frozen=True)
class StrategySearch:
    """The search of one strategy, on one task, with one model.

    Attributes:
        trials: in the order in which they were proposed; the first has the strategy's own values.
        dropped: why the race dropped the strategy; None if it did not.
    """

    task: str
    model: str
    strategy: str
    trials: tuple[SearchTrial, ...]
    dropped: DroppedStrategy | None = None

    @property
    def rungs(self) -> int:
        """The number of rungs that any trial reached."""
        return 1 + max(trial.last.trial.rung for trial in self.trials)

    @property
    def best(self) -> SearchTrial:
        """The chosen trial: the lowest loss of those that came farthest; the strategy's own values if all of these failed."""
        farthest = max(trial.share for trial in self.trials)
        finalists = [trial for trial in self.trials if trial.share == farthest]
        best = min(finalists, key=lambda trial: (trial.loss, trial.number))
        return best if math.isfinite(best.loss) else self.trials[0]

    @property
    def spent(self) -> TotalCost:
        """What all trials took, failed ones included."""
        return total_cost([cost for trial in self.trials for part in trial.parts if part.result is not None for cost in part.result.costs])


def load_searches(plan: RunPlan, results: Mapping[str, CellResult], task: str | None = None) -> tuple[StrategySearch, ...]:
    """The searches of a run, in the order in which they began.

    Args:
        results: of its trials, by cell id.
        task: only of this task.
    """
    cells: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in plan.trial_cells:
        if task in (None, cell.task):
            cells.setdefault((cell.task, cell.model, cell.strategy), []).append(cell)
    dropped = {(each.task, each.model, each.strategy): each for each in plan.dropped}
    return tuple(
        StrategySearch(*names, _load_trials([TrialPart(c, plan.trials[c.id], results.get(c.id)) for c in own]), dropped.get(names))
        for names, own in cells.items()
    )


def _load_trials(parts: Sequence[TrialPart]) -> tuple[SearchTrial, ...]:
    by_number: dict[int, list[TrialPart]] = {}
    for part in parts:
        by_number.setdefault(part.trial.number, []).append(part)
    return tuple(
        SearchTrial(number, own[0].trial.values, tuple(sorted(own, key=lambda part: part.trial.rung)))
        for number, own in sorted(by_number.items())
    )
