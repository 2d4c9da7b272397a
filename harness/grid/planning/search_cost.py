"""How long the search before a grid takes: from the forecast of one training of each strategy, or from the budget."""

from __future__ import annotations

import math
from collections.abc import Mapping

from harness.grid.planning.search_plan import PlannedSearch, SearchPlan
from harness.grid.search import cost_of_trials, count_survivors
from harness.types import CellForecast, SearchForecast


def forecast_search(
    search: SearchPlan | None, forecasts: Mapping[str, CellForecast], price_per_hour: float | None
) -> SearchForecast | None:
    """What all trials together take at most; None without a search, and where a training has no forecast.

    Trials of strategies that train nothing only read the validation examples, and are not counted.

    Args:
        forecasts: of the cells of the grid, by id.
        price_per_hour: of the device, for a budget in money.
    """
    if search is None:
        return None
    trained = [each for each in search.searches if each.strategy.train is not None]
    if search.spec is not None and (search.spec.hours is not None or search.spec.price is not None):
        hours = search.spec.hours if search.spec.price is None else search.spec.price / price_per_hour if price_per_hour else None
        return None if hours is None else SearchForecast(3600 * hours * len(search.searches), None, None, None)
    if any(each.cell.cell.id not in forecasts for each in trained):
        return None
    seconds = [forecasts[each.cell.cell.id].training_seconds.value * _count_trainings(search, each) for each in trained]
    return SearchForecast(
        math.fsum(seconds),
        _trials(search),
        max((_count_trainings(search, each) for each in trained), default=0.0),
        sum(sum(count_survivors(_trials_of(search, each), len(each.shares))) for each in search.searches),
    )


def _count_trainings(search: SearchPlan, each: PlannedSearch) -> float:
    return cost_of_trials(_trials_of(search, each), each.shares)


def _trials_of(search: SearchPlan, each: PlannedSearch) -> int:
    return _trials(search) if each.space else 1


def _trials(search: SearchPlan) -> int:
    """Of each strategy; one in a race of strategies as they are."""
    return (search.spec.most_trials if search.spec is not None else None) or 1
