"""What a server takes to answer, one request at a time and several, and what that costs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.results.serving_costs import TimeQuantile
from harness.statistics import quantile, quantile_interval
from harness.types import ServedMeasurement

_HOUR = 3600


@dataclass(frozen=True)
class ServedCosts:
    """The speed and the price of a server's answers.

    Attributes:
        median, percentile_95: of an answer that was the only one requested at its time.
        alone_thousand_price, together_thousand_price: of 1,000 answers at the price of the run's device, in `currency`; None where that is
            not known, or nothing was timed.
        per_second: answers per second with `at_once` requests at a time: that number ÷ the mean time of an answer. None where nothing was
            timed.
    """

    median: TimeQuantile | None
    percentile_95: TimeQuantile | None
    alone_thousand_price: float | None
    at_once: int
    per_second: float | None
    together_thousand_price: float | None
    currency: str


def compute_served_costs(measured: ServedMeasurement) -> ServedCosts:
    """The costs that follow from the times of a server."""
    alone = [seconds for seconds in measured.alone_seconds if seconds > 0]
    total = math.fsum(alone)
    together = measured.together_answers and measured.together_seconds
    per_second = measured.at_once * measured.together_answers / measured.together_seconds if together else None
    return ServedCosts(
        median=TimeQuantile(quantile(alone, 0.5), quantile_interval(alone, 0.5)) if alone else None,
        percentile_95=TimeQuantile(quantile(alone, 0.95), quantile_interval(alone, 0.95)) if alone else None,
        alone_thousand_price=_thousand_price(len(alone) / total if alone else None, measured.per_hour),
        at_once=measured.at_once,
        per_second=per_second,
        together_thousand_price=_thousand_price(per_second, measured.per_hour),
        currency=measured.currency,
    )


def _thousand_price(per_second: float | None, per_hour: float | None) -> float | None:
    return None if per_second is None or per_hour is None else 1000 / per_second / _HOUR * per_hour
