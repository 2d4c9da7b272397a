"""Which mean costs of an output the test examples allow: other inputs have other lengths, and a cascade passes on another share of them.

The tokens of each output are known, its time is not, because examples are answered in batches. Time is taken to grow with the tokens of the
prompt and with those of the output, in an unknown proportion: relative to its mean it then lies between the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.results.break_even import AS_MEASURED, CostRange, Ends
from harness.results.strategy_result import StrategyResult
from harness.results.task_results import TaskResults
from harness.statistics import cluster_index, count_units, mean_interval, share_limits
from harness.types import Prediction

Array: TypeAlias = NDArray[np.float64]


def cost_range(results: TaskResults, result: StrategyResult) -> CostRange:
    """The range of what one output costs, at 95%; as measured where the outputs have one price each, and where nothing is known of them."""
    if not result.done or result.is_file:
        return CostRange()
    if result.hosted:
        return CostRange(each=_price_ends(result))
    if result.method == "cascade":
        return _cascade_range(results, result)
    return CostRange(each=_work_ends(result))


def _price_ends(result: StrategyResult) -> Ends:
    price = result.definition.api.price if result.definition.api is not None else None
    if price is None:
        return AS_MEASURED
    return _relative_ends(_by_example(result, lambda p: price.of_tokens(p.tokens_in, p.tokens_out)), result.task_scores.groups)


def _work_ends(result: StrategyResult) -> Ends:
    groups = result.task_scores.groups
    ends = [
        _relative_ends(_by_example(result, lambda p: p.tokens_in), groups),
        _relative_ends(_by_example(result, lambda p: p.tokens_out), groups),
    ]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _cascade_range(results: TaskResults, result: StrategyResult) -> CostRange:
    """Its first strategy answers every example; the second is paid for the share that is passed on, which has an interval of its own.

    Examples of one group count as one, as if a group were passed on or kept as a whole: that is wider than they need.
    """
    try:
        first, then = (results.get_strategy(cell) for cell in result.run.plan.find_cascade_parts(result.cell))
    except LookupError:  # a part of a run has the cascade alone
        return CostRange()
    measured = [result.run.results[cell.id].cascade for cell in result.done]
    shares = [each.passed_on for each in measured if each is not None]
    share = math.fsum(shares) / len(shares) if shares else 0.0
    groups = result.task_scores.groups
    units = count_units(len(groups), cluster_index(groups, len(groups)))
    if not share or units < 2:
        return CostRange(each=_work_ends(first))
    (low, high), (cheap, dear) = share_limits(share, units), cost_range(results, then).each
    return CostRange(each=_work_ends(first), charged=(low / share * cheap, high / share * dear))


def _by_example(result: StrategyResult, amount: Callable[[Prediction], float]) -> Array:
    """The mean over the seeds, (examples,)."""
    amounts: Array = np.array([[amount(prediction) for prediction in result.predictions(cell)] for cell in result.done], dtype=np.float64)
    mean: Array = amounts.mean(axis=0)
    return mean


def _relative_ends(amounts: Array, groups: Sequence[str | None]) -> Ends:
    """The ends of the interval of the mean, relative to it; (1, 1) where there is no interval, or nothing to be relative to."""
    mean = float(np.mean(amounts))
    interval = mean_interval(amounts, groups)
    if mean <= 0 or interval.low is None or interval.high is None:
        return AS_MEASURED
    return max(0.0, interval.low / mean), interval.high / mean
