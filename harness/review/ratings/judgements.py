"""Ratings with the key laid over them: whose outputs were judged, on which rows, with which weight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.review.packets import Key, Packet
from harness.review.ratings.ratings import Rating, Review
from harness.statistics import (
    ROUGH,
    Interval,
    clopper_pearson_interval,
    cluster_index,
    units,
    unseen_room,
    weighted_mean,
    weighted_share,
    wilson_interval,
)
from harness.types import Example, Score

Array: TypeAlias = NDArray[np.float64]
_SAME = 1e-12


@dataclass(frozen=True)
class Judged:
    """One rating with what stood behind it: the strategies from left to right. `again` marks a judgement that came back."""

    rating: Rating
    example: str
    sides: tuple[str, ...]
    again: bool


class Judgements:
    """The ratings of a packet. Estimates are over test rows: of each row the mean of its raters, weighed by the row's chance."""

    def __init__(self, review: Review, examples: Sequence[Example], confidence: float = 0.95) -> None:
        self.confidence = confidence
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

    def mean(self, by_row: Mapping[str, float], *, exact: bool = False, scale: tuple[float, float] = (0.0, 1.0)) -> Score:
        """The mean over rows with its interval.

        Of rows that are 0 or 1: Wilson, or where `exact` Clopper and Pearson; where the rows are not independent or not equally likely,
        those of as many rows as tell as much. Where all rows are the same, what was not seen (`unseen_share`) may lie
        at the ends of `scale`.
        """
        if not by_row:
            return Score(None, None, None, 0, "nothing was judged")
        values, chances, groups = self.arrays(by_row)
        mean, interval = weighted_mean(values, chances, groups, self.confidence)
        simple = not self.unequal(by_row) and cluster_index(groups, len(groups)) is None
        if np.isin(values, (0.0, 1.0)).all() and scale == (0.0, 1.0):
            if simple:
                method = clopper_pearson_interval if exact else wilson_interval
                interval = method(int(values.sum()), len(values), self.confidence)
            else:
                _, interval = weighted_share(values, chances, groups, self.confidence)
        elif np.ptp(values) < _SAME and interval.low is not None:
            count = units(len(values), cluster_index(groups, len(groups)))
            label = f"no spread: Clopper–Pearson of none in {count}{ROUGH}"
            interval = Interval(*unseen_room(mean, scale, count, self.confidence), 0.0, None, label)
        rough = ROUGH if interval.method.endswith(ROUGH) else ""
        alone = "" if self.key.generalises else "; of the rows that were chosen, no others"
        label = f"{interval.method.removesuffix(ROUGH)}{alone}{rough}"
        low, high = (None if end is None else min(max(end, scale[0]), scale[1]) for end in (interval.low, interval.high))
        return Score(mean, low, high, len(values), label)

    def unequal(self, rows: Iterable[str]) -> bool:
        """Whether some of these rows were likelier to be drawn than others."""
        chances = [self.key.chances[row] for row in rows]
        return bool(chances) and max(chances) - min(chances) >= _SAME

    def cluster_of(self, row: str) -> str:
        """What a row is independent of the others with: its group, else itself."""
        group = self._groups.get(row)
        return row if group is None else f"group {group}"

    def votes(self, by_row: Mapping[str, float], half: float) -> tuple[int, int] | None:
        """How many independent things lie above one half, and below: rows, or groups where rows share them.

        None where rows were not equally likely: counts of them mean nothing then.
        """
        if self.unequal(by_row):
            return None
        sums: dict[str, float] = {}
        for row, value in by_row.items():
            sums[self.cluster_of(row)] = sums.get(self.cluster_of(row), 0.0) + value - half
        return sum(total > _SAME for total in sums.values()), sum(total < -_SAME for total in sums.values())

    def arrays(self, by_row: Mapping[str, float]) -> tuple[Array, Array, list[str | None]]:
        """Values, chances and groups of the rows."""
        rows = list(by_row)
        chances = np.array([self.key.chances[row] for row in rows])
        return np.array([by_row[row] for row in rows]), chances, [self._groups.get(row) for row in rows]
