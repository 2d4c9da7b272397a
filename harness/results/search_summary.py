"""The searches of one task side by side: their budgets, the race, and the learning rates of LoRA and full fine-tuning."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from harness.results.costs import TotalCost, total_cost
from harness.results.search_findings import SearchFindings, find_in_search
from harness.results.searches import StrategySearch
from harness.store import RunPlan
from harness.types import CONTINUED, DroppedStrategy, SearchSpec, Strategy, discarded_steps

LEARNING_RATE = "learning_rate"


@dataclass(frozen=True)
class RateRatio:
    """The chosen learning rate of a LoRA strategy, divided by that of full fine-tuning of the same model.

    Attributes:
        low, high: the lowest and the highest ratio of two rates that are not shown to be worse than the chosen ones.
        beyond: below the first and above the second, every ratio would take a rate at or beyond one that is shown to be worse; None on a
            side on which no such rate was tried. Between `low` and `beyond`, the trials say nothing.
    """

    strategy: str
    full: str
    model: str
    lora_rate: float
    full_rate: float
    low: float
    high: float
    beyond: tuple[float | None, float | None]

    @property
    def ratio(self) -> float:
        """LoRA's rate in full fine-tuning's."""
        return self.lora_rate / self.full_rate

    def allows(self, ratio: float) -> bool:
        """Whether a ratio is plausible, apart from rounding."""
        return self.low * (1 - 1e-6) <= ratio <= self.high * (1 + 1e-6)

    def excludes(self, ratio: float) -> bool:
        """Whether a ratio is shown to be worse, and not only untried."""
        low, high = self.beyond
        return (low is not None and ratio <= low) or (high is not None and ratio >= high)


@dataclass(frozen=True)
class RaceDrop:
    """A strategy that the race has dropped, and what that saved.

    Attributes:
        share: of its training, which its trials had reached.
        values, rival_values: of its best trial, and of the trial that is better, which is one of `rival_strategy`.
        search_seconds: about what its remaining trials would have taken, a third after each rung, at the speed of those that were run.
        grid_seconds: about what training it in the grid would have taken, at that speed.
    """

    dropped: DroppedStrategy
    share: float
    values: Mapping[str, Any]
    rival_strategy: str
    rival_values: Mapping[str, Any]
    search_seconds: float
    grid_seconds: float

    @property
    def seconds(self) -> float:
        """About what was saved in all."""
        return self.search_seconds + self.grid_seconds


@dataclass(frozen=True)
class SearchSummary:
    """All searches of a task.

    Attributes:
        findings: by strategy and model, in the order in which the searches began.
        spec: None in a race of strategies as they are.
        race: the accepted chance that the best strategy at a rung is dropped; None without a race.
        share_of_total: the seconds of these searches, in those of all cells of the task, the leak test included.
    """

    spec: SearchSpec | None
    race: float | None
    findings: tuple[SearchFindings, ...]
    drops: tuple[RaceDrop, ...]
    ratios: tuple[RateRatio, ...]
    spent: TotalCost
    share_of_total: float | None


def summarize_searches(plan: RunPlan, searches: Sequence[StrategySearch], task: str, seconds_of_task: float) -> SearchSummary | None:
    """The searches of a task, or its race; None without any finished part of a trial.

    Args:
        seconds_of_task: of all its cells, trials included.
    """
    order = [cell.id for cell in plan.trial_cells]
    findings = tuple(each for search in searches if (each := find_in_search(search, plan.search, order)) is not None)
    if not findings:
        return None
    costs = [cost for each in findings for trial in each.search.trials for part in trial.parts if part.result for cost in part.result.costs]
    spent = total_cost(costs)
    return SearchSummary(
        spec=plan.search,
        race=plan.race,
        findings=findings,
        drops=tuple(_find_drop(each, findings, plan, task) for each in findings if each.search.dropped is not None),
        ratios=_find_ratios(findings, plan.strategies),
        spent=spent,
        share_of_total=spent.seconds / seconds_of_task if seconds_of_task else None,
    )


def _find_drop(own: SearchFindings, findings: Sequence[SearchFindings], plan: RunPlan, task: str) -> RaceDrop:
    dropped = own.search.dropped
    assert dropped is not None
    shares = {part.trial.share for each in findings for trial in each.search.trials for part in trial.parts} | {1.0}
    reached = plan.trials[dropped.trial].share
    following = [reached, *sorted(share for share in shares if share > reached)]
    trials, remaining = sum(trial.share >= reached for trial in own.search.trials), 0.0
    for before, after in pairwise(following):
        trials = math.ceil(trials / CONTINUED)
        remaining += trials * (after - before + discarded_steps(after))
    speed = own.seconds_per_training or 0.0
    seeds = len({cell.seed for cell in plan.cells if cell.task == task and cell.seed is not None}) or 1
    rival = next(cell for cell in plan.trial_cells if cell.id == dropped.rival)
    return RaceDrop(
        dropped=dropped,
        share=reached,
        values=plan.trials[dropped.trial].values,
        rival_strategy=rival.strategy,
        rival_values=plan.trials[dropped.rival].values,
        search_seconds=remaining * speed,
        grid_seconds=seeds * speed,
    )


def _find_ratios(findings: Sequence[SearchFindings], strategies: Mapping[str, Strategy]) -> tuple[RateRatio, ...]:
    ratios = []
    for each in findings:
        own = strategies[each.search.strategy]
        full = next((f for f in findings if strategies[f.search.strategy].method == "full" and f.search.model == each.search.model), None)
        if own.adapter.get("peft_type") != "LORA" or full is None:
            continue
        lora_rate, full_rate = each.field(LEARNING_RATE), full.field(LEARNING_RATE)
        if lora_rate is None or full_rate is None or not lora_rate.range.is_numeric or not full_rate.range.is_numeric:
            continue
        if min(lora_rate.plausible[0], full_rate.plausible[0]) <= 0:
            continue
        ratios.append(
            RateRatio(
                strategy=each.search.strategy,
                full=full.search.strategy,
                model=each.search.model,
                lora_rate=lora_rate.chosen,
                full_rate=full_rate.chosen,
                low=lora_rate.plausible[0] / full_rate.plausible[-1],
                high=lora_rate.plausible[-1] / full_rate.plausible[0],
                beyond=(_divide(lora_rate.bracket[0], full_rate.bracket[1]), _divide(lora_rate.bracket[1], full_rate.bracket[0])),
            )
        )
    return tuple(ratios)


def _divide(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
