"""What each strategy costs a month, per acceptable output, and once: the numbers that the reader of a report signs for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.results import (
    StrategyCosts,
    StrategyResult,
    TaskResults,
    UseCosts,
    acceptable_share,
    compute_use_costs,
    list_acceptance_scores,
)
from harness.review import Findings


@dataclass(frozen=True)
class ReviewTime:
    """How long people took to rate an output: the median over the ratings that were timed."""

    minutes: float
    ratings: int


@dataclass(frozen=True)
class MoneyRow:
    """One strategy with a known cost.

    Attributes:
        baseline: the label of the untuned model that its payback refers to; empty without one.
        seconds, training_seconds, search_seconds: of an output, of training and of the search of its values, as seconds of this run's
            device that cost as much. These are the measured ones, unless the cells ran on another number of cores. None of external
            outputs, whose price does not follow from seconds.
        review: None where its outputs were not rated one by one.
        trained_together: whether it trained together with other cells, so that the cost of a training alone was not measured.
    """

    label: str
    costs: StrategyCosts
    use: UseCosts
    baseline: str
    seconds: float | None
    training_seconds: float | None
    search_seconds: float | None
    review: ReviewTime | None
    trained_together: bool


@dataclass(frozen=True)
class Money:
    """The costs of using each strategy of a task.

    Attributes:
        volume: outputs per month.
        per_hour: the price of an hour of the device; None where it is not known.
        source: where that price comes from.
        accepted_by: the scores that decide whether an output is acceptable; empty where the task has none.
    """

    volume: int
    per_hour: float | None
    currency: str
    source: str
    accepted_by: tuple[str, ...]
    rows: tuple[MoneyRow, ...]

    @property
    def has_search(self) -> bool:
        """Whether the values of any of these strategies were searched."""
        return any(row.costs.search_seconds > 0 for row in self.rows)

    def row(self, label: str | None) -> MoneyRow | None:
        """The row of this strategy."""
        return next((row for row in self.rows if row.label == label), None)


def build_money(results: TaskResults, reviews: Sequence[Findings], volume: int) -> Money:
    """The strategies with a result whose costs are known, in the order of the report.

    Args:
        reviews: as `load_findings` returns them.
        volume: outputs per month.
    """
    price: Mapping[str, object] = results.run.plan.options.get("price") or {}
    per_hour = price.get("per_hour")
    times = {time.strategy: ReviewTime(time.median_seconds / 60, time.ratings) for findings in reviews for time in findings.rating_times}
    known = [(result, result.costs) for result in results.strategies if result.done and result.costs is not None]
    hour = float(per_hour) if isinstance(per_hour, int | float) else None
    return Money(
        volume=volume,
        per_hour=hour,
        currency=str(price.get("currency") or "USD"),
        source=str(price.get("source") or ""),
        accepted_by=list_acceptance_scores(results),
        rows=tuple(_row(result, costs, volume, hour, times.get(result.label)) for result, costs in known),
    )


def _row(result: StrategyResult, costs: StrategyCosts, volume: int, per_hour: float | None, review: ReviewTime | None) -> MoneyRow:
    base = None if result.paid_by_output else result.base  # nothing was trained that could pay for itself
    baseline = base.costs if base is not None else None
    use = compute_use_costs(costs, volume, acceptable=acceptable_share(result), baseline=baseline)
    return MoneyRow(
        label=result.label,
        costs=costs,
        use=use,
        baseline=base.label if base is not None else "",
        seconds=_priced_seconds(costs.answer_seconds, _device_price(costs), per_hour),
        training_seconds=_priced_seconds(costs.training_seconds, costs.training_price, per_hour),
        search_seconds=_priced_seconds(costs.search_seconds, costs.search_price, per_hour),
        review=review,
        trained_together=result.trained_together,
    )


def _device_price(costs: StrategyCosts) -> float | None:
    """What the device takes of the price of an output."""
    return None if costs.thousand_price is None else (costs.thousand_price - costs.charged_price) / 1000


def _priced_seconds(seconds: float | None, price: float | None, per_hour: float | None) -> float | None:
    """The seconds of a device at this price per hour that cost as much; the measured ones where a price is not known."""
    if seconds is None or price is None or not per_hour:
        return seconds
    return price / per_hour * 3600
