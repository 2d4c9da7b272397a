"""What the search of a strategy shows: how certain the chosen values are, how much they matter, and what the search took."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from harness.results.searches import SearchTrial, StrategySearch, TrialPart
from harness.statistics import NEAR_BEST, Comparison, Interval, compare_losses, is_near_end, is_outermost, loss_interval, share_of_range
from harness.types import FieldFactor, FieldRange, SearchedField, SearchSpec

TrialStanding: TypeAlias = Literal["chosen", "as_good", "worse", "failed"]
Edge: TypeAlias = Literal["low", "high"]


@dataclass(frozen=True)
class ValueRange:
    """What was searched for one field of one strategy: from `low` to `high`, or a list of values."""

    low: float | None = None
    high: float | None = None
    log: bool = False
    values: tuple[Any, ...] = ()

    @property
    def is_numeric(self) -> bool:
        """Whether its values have an order and a distance."""
        return self.low is not None and self.high is not None

    def position(self, value: float) -> float:
        """Where a value is, from 0 at the lower end to 1. A value outside, such as the strategy's own, counts as at the end."""
        assert self.low is not None and self.high is not None  # it is numeric
        if self.low == self.high:
            return 0.5
        low, high, at = (math.log(max(v, 1e-300)) if self.log else v for v in (self.low, self.high, value))
        return min(1.0, max(0.0, (at - low) / (high - low)))


@dataclass(frozen=True)
class TrialFinding:
    """One trial beside the chosen one.

    Attributes:
        interval: of its loss over validation examples; None without a measurement.
        difference: its loss less that of the chosen trial, at the last rung that both reached; None for the chosen one, and without.
        excess: its loss over the lowest loss of the strategy at that rung, less 1; infinite without a measurement.
        standing: "as_good" where the interval of the difference includes 0, or none exists.
    """

    trial: SearchTrial
    interval: Interval | None
    difference: Comparison | None
    excess: float
    standing: TrialStanding


@dataclass(frozen=True)
class FieldFinding:
    """One searched field.

    Attributes:
        own, chosen: the strategy's own value, and the chosen one.
        plausible: the values of the trials that are not shown to be worse than the chosen one, in order; of numbers the lowest and the
            highest.
        bracket: of numbers, the nearest values tried below and above `plausible`: they are shown to be worse, or failed. None on a side on
            which no such value was tried.
        tried: how many different values were tried.
        robust_share: the share of the range on which the loss is at most 5% above the lowest, see `share_of_range`; of a list the
            share of its tried values. None where a single value was tried.
        edge: the side on which no value speaks against a better one further out: the chosen value is near the end of the range, or the
            outermost of three or more values tried.
        is_near_end: whether it is near the end of the range.
    """

    name: str
    range: ValueRange
    own: Any
    chosen: Any
    plausible: tuple[Any, ...]
    bracket: tuple[float | None, float | None]
    tried: int
    robust_share: float | None
    edge: Edge | None
    is_near_end: bool


@dataclass(frozen=True)
class BestSoFar:
    """The lowest loss among the parts of trials that were finished after so many seconds of the search."""

    seconds: float
    loss: float


@dataclass(frozen=True)
class SearchFindings:
    """What the search of one strategy shows.

    Attributes:
        trials: by number.
        improvement: the loss of the chosen trial less that of the strategy's own values, at the last rung that both reached; None where
            these were chosen. It is optimistic: the chosen trial is the luckiest, too.
        progress: after each part that lowered the loss, and at the end.
        full_trainings: what the steps of the search are, in full trainings of the strategy.
    """

    search: StrategySearch
    trials: tuple[TrialFinding, ...]
    fields: tuple[FieldFinding, ...]
    improvement: Comparison | None
    progress: tuple[BestSoFar, ...]
    full_trainings: float

    @property
    def chosen(self) -> TrialFinding:
        """The chosen trial."""
        return next(each for each in self.trials if each.trial is self.search.best)

    @property
    def seconds_per_training(self) -> float | None:
        """About how long one full training of the strategy takes, from its trials."""
        return self.search.spent.seconds / self.full_trainings if self.full_trainings else None

    def field(self, name: str) -> FieldFinding | None:
        """A searched field."""
        return next((each for each in self.fields if each.name == name), None)


def find_in_search(search: StrategySearch, spec: SearchSpec | None, order: Sequence[str]) -> SearchFindings | None:
    """What one search shows so far; None while no part of a trial is finished.

    Args:
        spec: None in a race of strategies as they are.
        order: the ids of the cells of trials, as they were started.
    """
    own = search.trials[0].values
    search = replace(search, trials=tuple(filter(None, map(_finished, search.trials))))
    if not search.trials:
        return None
    chosen, first = search.best, search.trials[0]
    trials = tuple(_judge(trial, chosen, search.trials) for trial in search.trials)
    fields = spec.fields if spec is not None else {}
    return SearchFindings(
        search=search,
        trials=trials,
        fields=tuple(_find_field(name, searched, trials, own[name], chosen) for name, searched in fields.items() if name in own),
        improvement=None if chosen is first or first.number else _compare(chosen, first),
        progress=_follow([part for trial in search.trials for part in trial.parts], order),
        full_trainings=math.fsum(trial.trainings for trial in search.trials),
    )


def _finished(trial: SearchTrial) -> SearchTrial | None:
    parts = tuple(part for part in trial.parts if part.result is not None)
    return replace(trial, parts=parts) if parts else None


def _judge(trial: SearchTrial, chosen: SearchTrial, trials: Sequence[SearchTrial]) -> TrialFinding:
    last = trial.last
    if last.measured is None:
        return TrialFinding(trial, None, None, math.inf, "chosen" if trial is chosen else "failed")
    lowest = min(other.loss_at(last.trial.rung) for other in trials)
    excess = last.loss / lowest - 1 if lowest > 0 else 0.0
    interval = loss_interval(last.measured)
    if trial is chosen:
        return TrialFinding(trial, interval, None, excess, "chosen")
    difference = _compare(trial, chosen)
    is_worse = difference is not None and difference.low is not None and difference.low > 0
    return TrialFinding(trial, interval, difference, excess, "worse" if is_worse else "as_good")


def _compare(trial: SearchTrial, other: SearchTrial) -> Comparison | None:
    """The loss of a trial less that of another at the last rung that both reached; None where one has no measurement there."""
    rungs = {part.trial.rung: part for part in other.parts}
    shared = [(part, rungs[part.trial.rung]) for part in trial.parts if part.trial.rung in rungs]
    if not shared:
        return None
    first, second = shared[-1]
    return compare_losses(first.measured, second.measured) if first.measured and second.measured else None


def _find_field(name: str, searched: SearchedField, trials: Sequence[TrialFinding], own: Any, chosen: SearchTrial) -> FieldFinding:
    tried: list[Any] = [each.trial.values.get(name) for each in trials]
    within = _resolve_range(name, searched, own, tried)
    good = [each.excess <= NEAR_BEST for each in trials]
    plausible = _in_order({_key(v): v for v, each in zip(tried, trials, strict=True) if each.standing in ("chosen", "as_good")})
    distinct = len({_key(value) for value in tried})
    share: float | None = None
    edge: Edge | None = None
    bracket: tuple[float | None, float | None] = (None, None)
    at = 0.5
    if within.is_numeric:
        positions = [within.position(value) for value in tried]
        at = within.position(chosen.values[name])
        edge = _find_edge(at, positions)
        edge = None if edge == "low" and chosen.values[name] == 0 else edge  # no field has values below 0
        share = share_of_range(positions, good) if distinct > 1 else None
        plausible = (plausible[0], plausible[-1])
        below, above = [v for v in tried if v < plausible[0]], [v for v in tried if v > plausible[1]]
        bracket = (max(below, default=None), min(above, default=None))
    elif distinct > 1:
        share = len({_key(value) for value, fine in zip(tried, good, strict=True) if fine}) / distinct
    near_end = edge is not None and is_near_end(at, upper=edge == "high")
    return FieldFinding(name, within, own, chosen.values.get(name), plausible, bracket, distinct, share, edge, near_end)


def _find_edge(at: float, positions: Sequence[float]) -> Edge | None:
    high, low = (is_near_end(at, upper=upper) or is_outermost(at, positions, upper=upper) for upper in (True, False))
    return "high" if high else "low" if low else None


def _resolve_range(name: str, searched: SearchedField, own: Any, tried: Sequence[Any]) -> ValueRange:
    """Where values were searched: numeric only if all values are numbers. A strategy's own value may be None, or outside the range."""
    listed = () if isinstance(searched, FieldFactor | FieldRange) else tuple(searched)
    if not all(_is_number(value) for value in (own, *tried, *listed)):
        return ValueRange(values=listed)
    if isinstance(searched, FieldFactor):
        return ValueRange(*searched.around(name, own), log=True) if own > 0 else ValueRange()
    if isinstance(searched, FieldRange):
        return ValueRange(searched.low, searched.high, searched.log)
    ends = min(own, *listed), max(own, *listed)
    return ValueRange(*ends, log=ends[0] > 0, values=listed)  # a list of numbers has ends, too


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _in_order(values: Mapping[str, Any]) -> tuple[Any, ...]:
    numeric = all(isinstance(value, int | float) for value in values.values())
    return tuple(sorted(values.values()) if numeric else values.values())


def _key(value: Any) -> str:
    return repr(value)


def _follow(parts: Sequence[TrialPart], order: Sequence[str]) -> tuple[BestSoFar, ...]:
    places = {cell_id: place for place, cell_id in enumerate(order)}
    finished = sorted((part for part in parts if part.result is not None), key=lambda part: places[part.cell.id])
    seconds, lowest = 0.0, math.inf
    points: list[BestSoFar] = []
    for part in finished:
        assert part.result is not None
        seconds += math.fsum(cost.seconds for cost in part.result.costs)
        if part.loss < lowest:
            lowest = part.loss
            points.append(BestSoFar(seconds, lowest))
    if points and points[-1].seconds < seconds:
        points.append(BestSoFar(seconds, lowest))
    return tuple(points)
