"""Ratings with the key laid over them: whose outputs were judged, on which rows, with which weight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.analysis import Interval, clopper_pearson_interval, weighted_mean, weighted_share, wilson_interval
from harness.review.packet import Key, Packet
from harness.review.ratings import Rating, Review
from harness.types import Example, Score

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """One rating with what stood behind it: the strategies from left to right. `again` marks a judgement that came back."""

    rating: Rating
    example: str
    sides: tuple[str, ...]
    again: bool


class Judgements:
    """The ratings of a packet. Estimates are over test rows: of each row the mean of its raters, weighed by the row's chance."""

    def __init__(self, review: Review, examples: Sequence[Example]) -> None:
        self.packet: Packet = review.packet
        self.key: Key = review.key
        asked = {j.id: j for j in review.packet.judgements}
        self.every = tuple(
            Judged(r, asked[r.item].example, shown.sides, shown.repeats is not None)
            for r in review.ratings
            if (shown := review.key.shown.get(r.item)) is not None
        )
        self._groups = {e.id: e.group for e in examples}

    @property
    def first(self) -> tuple[Judged, ...]:
        """Without those that came back."""
        return tuple(each for each in self.every if not each.again)

    @cached_property
    def strategies(self) -> tuple[str, ...]:
        """In the order in which they were named."""
        return tuple(self.key.cells)

    @property
    def base(self) -> str | None:
        """What the others are held against: base, else the first."""
        return "base" if "base" in self.strategies else (self.strategies[0] if len(self.strategies) > 1 else None)

    def by_row(self, judged: Iterable[Judged], value: Callable[[Judged], float]) -> dict[str, float]:
        """The mean of the raters of each row."""
        found: dict[str, list[float]] = {}
        for each in judged:
            found.setdefault(each.example, []).append(value(each))
        return {example: float(np.mean(values)) for example, values in found.items()}

    def mean(self, by_row: Mapping[str, float], *, exact: bool = False) -> Score:
        """The mean over rows with its interval. Of rows that are 0 or 1: Wilson, or where `exact` Clopper and Pearson; where the rows are
        not independent or not equally likely, those of as many rows as tell as much."""
        if not by_row:
            return Score(None, None, None, 0, "nothing was judged")
        values, chances, groups = self.arrays(by_row)
        mean, interval = weighted_mean(values, chances, groups)
        if np.isin(values, (0.0, 1.0)).all():
            known = [group for group in groups if group is not None]
            simple = float(np.ptp(chances)) < 1e-12 and len(set(known)) == len(known)
            if simple:
                method = clopper_pearson_interval if exact else wilson_interval
                interval = method(int(values.sum()), len(values))
            elif exact:
                _, interval = weighted_share(values, chances, groups)
        label = interval.method if self.key.generalises else f"{interval.method}; of the rows that were chosen, no others"
        low, high = _within(interval, values)
        return Score(mean, low, high, len(values), label)

    def arrays(self, by_row: Mapping[str, float]) -> tuple[Array, Array, list[str | None]]:
        """Values, chances and groups of the rows."""
        rows = list(by_row)
        chances = np.array([self.key.chances[row] for row in rows])
        return np.array([by_row[row] for row in rows]), chances, [self._groups.get(row) for row in rows]


def _within(interval: Interval, values: Array) -> tuple[float | None, float | None]:
    """Rates and means of answers have a lowest and a highest value that the limits do not pass: 0 and 1 for rates."""
    if interval.low is None or interval.high is None:
        return None, None
    if values.min() >= 0 and values.max() <= 1:
        return max(0.0, interval.low), min(1.0, interval.high)
    return interval.low, interval.high
