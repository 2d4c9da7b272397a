"""From which volume an own model costs less than a hosted one: break-even between a price per answer and a device that is always on.

With V outputs a month,

    hosted(V) = V · (price of an answer + review)
    own(V)    = training / months + max(device kept on, V · device time of an answer / utilisation) + V · (charged + review)
    charged   = what a cascade pays a host for the answers that it passes on
    review    = share of outputs that are not acceptable · minutes to correct one · price of a minute

own(V) is convex and starts above 0, and hosted(V) is a line through 0. So own costs less from some volume on, or never.

The page repeats these formulas in `reports/break_even.js`, where readers change the assumptions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, TypeAlias

from harness.results.costs import StrategyCosts
from harness.types import ReplacementSpec, Score

BreakEvenCode: TypeAlias = Literal["from", "always", "never", "unknown"]


@dataclass(frozen=True)
class UseAmounts:
    """What a strategy costs, in the currency of the run.

    Attributes:
        once: training and the search of its values, a month's share of it.
        least: paid each month for the devices that are kept on; 0 for a hosted model.
        each: for one output, without a person.
        rejected: the share of outputs that are not acceptable; None where nothing decides that.
        charged: what a host charges for one output of a cascade, on average.
    """

    once: float
    least: float
    each: float
    rejected: float | None
    charged: float = 0.0

    def monthly(self, volume: float, spec: ReplacementSpec, *, reviewed: bool = True) -> float:
        """The cost of a month with so many outputs.

        Args:
            reviewed: count the correction of what is not acceptable, where the share of that is known.
        """
        running = max(self.least, volume * self.each) + volume * self.charged
        return self.once + running + (volume * _review(self.rejected, spec) if reviewed else 0.0)


@dataclass(frozen=True)
class BreakEven:
    """From which volume on an own model costs less than a hosted one.

    Attributes:
        code: "from" this volume on; "always", with any volume; "never"; "unknown", where a cost is missing.
        volume: outputs a month, with "from".
        low, high: the smallest and the largest volume that the intervals of the shares of acceptable outputs allow; `high` is None where
            it may cost more at any volume. Both None where people are not counted.
        reviewed: whether the correction of outputs that are not acceptable is counted.
    """

    code: BreakEvenCode
    volume: int | None = None
    low: int | None = None
    high: int | None = None
    reviewed: bool = False


def own_amounts(costs: StrategyCosts | None, spec: ReplacementSpec, per_hour: float | None, acceptable: Score | None) -> UseAmounts | None:
    """What an own model costs; None where a price is not known.

    Args:
        per_hour: the price of an hour of the device that is kept on.
        acceptable: the share of its outputs that are acceptable.
    """
    if costs is None or costs.thousand_price is None or costs.training_price is None or costs.search_price is None or per_hour is None:
        return None
    once = (costs.training_price + costs.search_price) / spec.months
    on_device = (costs.thousand_price - costs.charged_price) / 1000 / spec.utilisation
    return UseAmounts(once, spec.hours * per_hour, on_device, _rejected(acceptable), costs.charged_price / 1000)


def hosted_amounts(costs: StrategyCosts | None, acceptable: Score | None) -> UseAmounts | None:
    """What a hosted model costs; None where the price of its answers is not known."""
    if costs is None or costs.thousand_price is None:
        return None
    return UseAmounts(0.0, 0.0, costs.thousand_price / 1000, _rejected(acceptable))


def find_break_even(
    own: UseAmounts | None,
    hosted: UseAmounts | None,
    spec: ReplacementSpec,
    *,
    acceptable: tuple[Score | None, Score | None] = (None, None),
) -> BreakEven:
    """The break-even of an own model and a hosted one.

    Args:
        acceptable: the shares of acceptable outputs of both, for the interval.
    """
    if own is None or hosted is None:
        return BreakEven("unknown")
    reviewed = _review(1.0, spec) > 0 and own.rejected is not None and hosted.rejected is not None
    volume = _solve(own, hosted, spec, reviewed)
    low, high = _range(own, hosted, spec, acceptable) if reviewed else (None, None)
    if volume is None:
        return BreakEven("never", low=low, reviewed=reviewed)
    if volume <= 0:
        return BreakEven("always", high=high or None, reviewed=reviewed)
    return BreakEven("from", volume, low, high, reviewed)


def _solve(own: UseAmounts, hosted: UseAmounts, spec: ReplacementSpec, reviewed: bool) -> int | None:
    """The smallest volume from which own costs less; None where it never does.

    own(V) ≤ hosted(V) needs both pieces of the maximum to be below: V · gain ≥ once + least, and V · (gain − each) ≥ once.
    """
    gain = hosted.each - own.charged + (_review(hosted.rejected, spec) - _review(own.rejected, spec) if reviewed else 0.0)
    pieces = ((own.once + own.least, gain), (own.once, gain - own.each))
    if any(saving <= 0 and (fixed > 0 or saving < 0) for fixed, saving in pieces):
        return None
    return max(math.ceil(fixed / saving - 1e-9) if saving > 0 else 0 for fixed, saving in pieces)


def _range(
    own: UseAmounts, hosted: UseAmounts, spec: ReplacementSpec, acceptable: tuple[Score | None, Score | None]
) -> tuple[int | None, int | None]:
    """The break-even at the ends of both intervals that are best and worst for the own model.

    A range of corners is wider than a joint interval of the same confidence.
    """
    ends = [
        [_rejected(score)] if score is None or score.low is None or score.high is None else [1 - score.high, 1 - score.low]
        for score in acceptable
    ]
    if all(len(each) == 1 for each in ends):
        return None, None
    volumes = [
        _solve(replace(own, rejected=mine), replace(hosted, rejected=theirs), spec, reviewed=True) for mine, theirs in product(*ends)
    ]
    known = [volume for volume in volumes if volume is not None]
    return (min(known) if known else None), (None if len(known) < len(volumes) else max(known))


def _rejected(acceptable: Score | None) -> float | None:
    return None if acceptable is None or acceptable.value is None else 1 - acceptable.value


def _review(rejected: float | None, spec: ReplacementSpec) -> float:
    """The price of correcting what is not acceptable, per output."""
    return 0.0 if rejected is None else rejected * spec.review_minutes / 60 * spec.reviewer_price
