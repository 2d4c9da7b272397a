"""What a strategy costs in use: per month, per acceptable output, and whether its training pays for itself.

The page repeats these formulas in `reports/money.js`, where readers change the volume and the price of the device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.results.costs import StrategyCosts
from harness.types import Score

PaybackCode: TypeAlias = Literal["after", "at_once", "never", "unknown"]


@dataclass(frozen=True)
class Payback:
    """After how many outputs the extra cost of training is paid back by cheaper outputs, compared with a baseline.

    Attributes:
        code: "after" so many outputs; "at_once" where training costs no more than that of the baseline, and outputs cost less; "never"
            where an output costs no less; "unknown" where a cost is missing.
        outputs: with "after", rounded up.
    """

    code: PaybackCode
    outputs: int | None = None


@dataclass(frozen=True)
class UseCosts:
    """What one strategy costs in use, in the currency of its costs.

    Attributes:
        monthly_price, monthly_seconds: at the volume; seconds of the device, working without a break. None where not known.
        acceptable: the share of outputs that are acceptable; None where nothing decides that.
        acceptable_price, acceptable_low, acceptable_high: per acceptable output. The interval is that of the share; without an upper end
            where the share may be 0, and without any value where no output was acceptable.
        payback: compared with the untuned model; None for the untuned model, and without one.
    """

    monthly_price: float | None
    monthly_seconds: float | None
    acceptable: Score | None
    acceptable_price: float | None
    acceptable_low: float | None
    acceptable_high: float | None
    payback: Payback | None


def compute_use_costs(costs: StrategyCosts, volume: int, *, acceptable: Score | None, baseline: StrategyCosts | None) -> UseCosts:
    """The costs of a strategy at a volume.

    Args:
        volume: outputs per month.
        acceptable: the share of its outputs that are acceptable.
        baseline: the costs of the untuned model; None where there is none, or this is it.
    """
    price = _divide(costs.thousand_price, 1000)
    share, low, high = (acceptable.value, acceptable.low, acceptable.high) if acceptable else (None, None, None)
    return UseCosts(
        monthly_price=monthly_price(costs, volume),
        monthly_seconds=None if costs.answer_seconds is None else costs.answer_seconds * volume,
        acceptable=acceptable,
        acceptable_price=_divide(price, share),
        acceptable_low=_divide(price, high) if share else None,
        acceptable_high=_divide(price, low) if share else None,
        payback=None if baseline is None else compute_payback(costs, baseline),
    )


def monthly_price(costs: StrategyCosts, volume: int) -> float | None:
    """The price of so many outputs a month; None where the price of an output is not known."""
    return None if costs.thousand_price is None else costs.thousand_price / 1000 * volume


def compute_payback(costs: StrategyCosts, baseline: StrategyCosts) -> Payback:
    """The payback in money where both have prices, else in seconds of the device. A search is paid once, like the training."""
    for once, each in (
        (
            (_plus(costs.training_price, costs.search_price), _plus(baseline.training_price, baseline.search_price)),
            (_divide(costs.thousand_price, 1000), _divide(baseline.thousand_price, 1000)),
        ),
        (
            (_plus(costs.training_seconds, costs.search_seconds), _plus(baseline.training_seconds, baseline.search_seconds)),
            (costs.answer_seconds, baseline.answer_seconds),
        ),
    ):
        if once[0] is None or once[1] is None or each[0] is None or each[1] is None:
            continue
        extra, saving = once[0] - once[1], each[1] - each[0]
        if saving <= 0:
            return Payback("never")
        return Payback("at_once") if extra <= 0 else Payback("after", math.ceil(extra / saving))
    return Payback("unknown")


def _plus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _divide(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
