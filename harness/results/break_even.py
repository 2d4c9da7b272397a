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
from typing import Literal, TypeAlias

from harness.results.costs import StrategyCosts
from harness.types import ReplacementSpec, Score

BreakEvenCode: TypeAlias = Literal["from", "always", "never", "unknown"]
Ends: TypeAlias = tuple[float, float]
AS_MEASURED: Ends = (1.0, 1.0)


@dataclass(frozen=True)
class CostRange:
    """Which mean costs of an output the test examples allow, relative to the measured ones: 0.9 is a tenth less. At 95%.

    Attributes:
        each: of `UseAmounts.each`.
        charged: of `UseAmounts.charged`.
    """

    each: Ends = AS_MEASURED
    charged: Ends = AS_MEASURED


@dataclass(frozen=True)
class UseAmounts:
    """What a strategy costs, in the currency of the run.

    Attributes:
        once: training and the search of its values, a month's share of it.
        least: paid each month for the devices that are kept on; 0 for a hosted model.
        each: for one output, without a person.
        rejected: the share of outputs that are not acceptable; None where nothing decides that.
        charged: what a host charges for one output of a cascade, on average.
        range: the means of `each` and `charged` that the test examples allow.
        rejected_range: the shares that they allow; None where the share has no interval.
    """

    once: float
    least: float
    each: float
    rejected: float | None
    charged: float = 0.0
    range: CostRange = CostRange()
    rejected_range: Ends | None = None

    def monthly(self, volume: float, spec: ReplacementSpec, *, reviewed: bool = True) -> float:
        """The cost of a month with so many outputs.

        Args:
            reviewed: count the correction of what is not acceptable, where the share of that is known.
        """
        running = max(self.least, volume * self.each) + volume * self.charged
        return self.once + running + (volume * _review(self.rejected, spec) if reviewed else 0.0)

    @property
    def cheapest(self) -> UseAmounts:
        """The least that an output may cost, everything taken at the lower end of its interval."""
        return self._at(0)

    @property
    def dearest(self) -> UseAmounts:
        """The most that an output may cost, everything taken at the upper end of its interval."""
        return self._at(1)

    def _at(self, end: Literal[0, 1]) -> UseAmounts:
        return replace(
            self,
            each=self.each * self.range.each[end],
            charged=self.charged * self.range.charged[end],
            rejected=self.rejected if self.rejected_range is None else self.rejected_range[end],
        )


@dataclass(frozen=True)
class BreakEven:
    """From which volume on an own model costs less than a hosted one.

    Attributes:
        code: "from" this volume on; "always", with any volume; "never"; "unknown", where a cost is missing.
        volume: outputs a month, with "from".
        low, high: the smallest and the largest volume that the test examples allow: the ends of what an output takes and, where people are
            counted, of the shares of acceptable outputs. `high` is None where it may cost more at any volume. Both None without intervals.
        reviewed: whether the correction of outputs that are not acceptable is counted.
    """

    code: BreakEvenCode
    volume: int | None = None
    low: int | None = None
    high: int | None = None
    reviewed: bool = False


def own_amounts(
    costs: StrategyCosts | None,
    spec: ReplacementSpec,
    per_hour: float | None,
    acceptable: Score | None,
    cost_range: CostRange = CostRange(),
) -> UseAmounts | None:
    """What an own model costs; None where a price is not known.

    Args:
        per_hour: the price of an hour of the device that is kept on.
        acceptable: the share of its outputs that are acceptable.
    """
    if costs is None or costs.thousand_price is None or costs.training_price is None or costs.search_price is None or per_hour is None:
        return None
    once = (costs.training_price + costs.search_price) / spec.months
    on_device = (costs.thousand_price - costs.charged_price) / 1000 / spec.utilisation
    charged, least = costs.charged_price / 1000, spec.hours * per_hour
    return UseAmounts(once, least, on_device, _rejected(acceptable), charged, cost_range, _rejected_range(acceptable))


def hosted_amounts(costs: StrategyCosts | None, acceptable: Score | None, cost_range: CostRange = CostRange()) -> UseAmounts | None:
    """What a hosted model costs; None where the price of its answers is not known."""
    if costs is None or costs.thousand_price is None:
        return None
    each = costs.thousand_price / 1000
    return UseAmounts(0.0, 0.0, each, _rejected(acceptable), 0.0, cost_range, _rejected_range(acceptable))


def find_break_even(own: UseAmounts | None, hosted: UseAmounts | None, spec: ReplacementSpec) -> BreakEven:
    """The break-even of an own model and a hosted one.

    It grows with each cost of the own model and falls with each of the hosted one, so its range lies between the cheapest own model beside
    the dearest hosted one, and the reverse. All ends at once are rarer than each of them: the range is wider than a joint interval.
    """
    if own is None or hosted is None:
        return BreakEven("unknown")
    reviewed = _review(1.0, spec) > 0 and own.rejected is not None and hosted.rejected is not None
    volume = _solve(own, hosted, spec, reviewed)
    low = high = None
    if _has_range(own, reviewed) or _has_range(hosted, reviewed):
        low, high = _solve(own.cheapest, hosted.dearest, spec, reviewed), _solve(own.dearest, hosted.cheapest, spec, reviewed)
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


def _has_range(amounts: UseAmounts, reviewed: bool) -> bool:
    costs = (amounts.range.each if amounts.each else AS_MEASURED, amounts.range.charged if amounts.charged else AS_MEASURED)
    return any(low < high for low, high in costs) or (reviewed and amounts.rejected_range is not None)


def _rejected(acceptable: Score | None) -> float | None:
    return None if acceptable is None or acceptable.value is None else 1 - acceptable.value


def _rejected_range(acceptable: Score | None) -> Ends | None:
    if acceptable is None or acceptable.value is None or acceptable.low is None or acceptable.high is None:
        return None
    return 1 - acceptable.high, 1 - acceptable.low


def _review(rejected: float | None, spec: ReplacementSpec) -> float:
    """The price of correcting what is not acceptable, per output."""
    return 0.0 if rejected is None else rejected * spec.review_minutes / 60 * spec.reviewer_price
