"""A test for drift that may be looked at every day: a conformal test martingale with bets that can start on any day.

The p-values of ranks (`rank_bag`) are uniform until something changes. A gambler bets against that with all bets of `bets` at once, and
keeps half of the money aside. At the end of each day, a share h of the capital is dealt out anew in the proportions of the first day (the
fixed share of Herbster & Warmuth 1998, "Tracking the best expert", Machine Learning 32:151–178), so that a change that begins late meets
money that was not lost before. The capital M stays a nonnegative martingale that starts at 1. By Ville's inequality

    P(M ever reaches 1/α) ≤ α,    so  p = 1 / max M  is a p-value that is valid at every look, and for as long as one looks.

The alarm is exact: it has no approximation that a small reference, skew or ties could break. What it takes for granted: the values are
exchangeable while nothing changes. Rows that share a group (a patient) are not independent, so one row of each group counts, drawn at
random, on the first day that has the group. Changes by weekday or season are changes, unless the reference has them, too.

Sources: Vovk, Gammerman & Shafer 2022, "Algorithmic Learning in a Random World", 2nd edition, chapter 8 (conformal test martingales);
Volkhonskiy et al. 2017, "Inductive conformal martingales for change-point detection", COPA.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.statistics.monitoring.bets import BETS, log_bets, normal_scores
from harness.statistics.monitoring.rank_bag import LEVELS, rank_p_values

Array: TypeAlias = NDArray[np.float64]
Levels: TypeAlias = NDArray[np.int64]

Day = TypeVar("Day")

MOST_DAYS = 48  # that are kept one by one
_DECIMALS = 6  # of logarithms that are kept: what rounding can add in a year is far below what any level allows
_ASIDE = 0.5  # of the capital on the first day
_SHARED_ANEW = 1 / 200  # of the capital, at the end of each day with data


@dataclass(frozen=True)
class TestedDay:
    """What one day brought to a test.

    Attributes:
        day: its number.
        n: the values that counted.
        z: the sum of their normal scores, which is normal with variance n while nothing changes.
    """

    day: int
    n: int
    z: float


@dataclass(frozen=True)
class DriftTest:
    """A test for drift in one value, between two looks.

    Attributes:
        counts: how often each level occurred, in the reference and since: pairs of level and count, without levels that did not occur.
        capital: (1 + `BETS`) logarithm of the money kept aside, and of that in each bet.
        highest: logarithm of the most money at the end of any day.
        days: the days with data, in order; of a long time the older ones in blocks, see `thin_days`.
    """

    counts: tuple[tuple[int, int], ...]
    capital: tuple[float, ...] = ()
    highest: float = 0.0
    days: tuple[TestedDay, ...] = field(default=())

    @classmethod
    def start(cls, counts: Levels) -> DriftTest:
        """A test that has seen the reference alone; an empty reference is allowed: then changes since the first day are found.

        Args:
            counts: (`LEVELS`,).
        """
        if len(counts) != LEVELS:
            raise ValueError(f"{len(counts)} counts, not {LEVELS}")
        return cls(_pack(counts), _deal(0.0))

    @property
    def p_value(self) -> float:
        """The p-value that is valid at every look."""
        return min(1.0, math.exp(-self.highest))

    @property
    def seen(self) -> int:
        """The values since the reference."""
        return sum(day.n for day in self.days)

    def observe(self, day: int, levels: Levels, uniforms: Array) -> DriftTest:
        """The test after more values of a day.

        Args:
            day: not before the last one.
            levels: (n,) in random order: a sorted file must not look like a change.
            uniforms: (n,) random numbers between 0 and 1.

        Raises:
            ValueError: the day is before the last one.
        """
        if self.days and day < self.days[-1].day:
            raise ValueError(f"day {day} is before day {self.days[-1].day}")
        if not len(levels):
            return self
        p_values, counts = rank_p_values(_unpack(self.counts), levels, uniforms)
        capital = np.array(self.capital)
        capital[1:] += log_bets(p_values).sum(axis=0)
        total = float(np.logaddexp.reduce(capital))
        anew = np.array(_deal(total + math.log(_SHARED_ANEW)))
        shared = np.logaddexp(capital + math.log1p(-_SHARED_ANEW), anew)
        tested = TestedDay(day, len(levels), round(float(normal_scores(p_values).sum()), _DECIMALS))
        days = self.days
        if days and days[-1].day == day:
            tested = _join(days[-1], tested)
            days = days[:-1]
        return replace(
            self,
            counts=_pack(counts),
            capital=tuple(shared.round(_DECIMALS).tolist()),
            highest=max(self.highest, round(total, _DECIMALS)),
            days=thin_days((*days, tested), _join),
        )

    def estimate_start(self) -> int | None:
        """The day on which a change most probably began: from there on, the normal scores are farthest from 0 in standard errors.

        None without values.
        """
        if not self.days:
            return None
        n = np.cumsum([day.n for day in reversed(self.days)])
        z = np.cumsum([day.z for day in reversed(self.days)])
        return self.days[len(self.days) - 1 - int(np.argmax(np.abs(z) / np.sqrt(n)))].day


def _pack(counts: Levels) -> tuple[tuple[int, int], ...]:
    present = np.flatnonzero(counts)
    return tuple(zip(present.tolist(), counts[present].tolist(), strict=True))


def _unpack(pairs: tuple[tuple[int, int], ...]) -> Levels:
    counts = np.zeros(LEVELS, dtype=np.int64)
    for level, count in pairs:
        counts[level] = count
    return counts


def thin_days(days: tuple[Day, ...], join: Callable[[Day, Day], Day]) -> tuple[Day, ...]:
    """At most `MOST_DAYS` days: with more, the older half is joined in pairs, so that a year stays a small file."""
    if len(days) <= MOST_DAYS:
        return days
    old = days[: MOST_DAYS // 2]
    return (*(join(first, second) for first, second in zip(old[::2], old[1::2], strict=True)), *days[MOST_DAYS // 2 :])


def _join(first: TestedDay, second: TestedDay) -> TestedDay:
    """Two days as one, which has the number of the first."""
    return TestedDay(first.day, first.n + second.n, first.z + second.z)


def _deal(capital: float) -> tuple[float, ...]:
    """Logarithm of a capital that is dealt out as on the first day."""
    each = math.log((1 - _ASIDE) / BETS)
    return (capital + math.log(_ASIDE), *([capital + each] * BETS))
