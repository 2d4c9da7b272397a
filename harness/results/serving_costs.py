"""What an answer costs in service: alone and in the best batch that was measured. The times are those of one trained model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.statistics import Interval, quantile, quantile_interval
from harness.types import BatchEnd, ServingMeasurement, ServingSpeed, WeightForm

_HOUR = 3600
_BUSY = 0.1  # the share of the time without a core from which times are no longer those of a quiet machine


@dataclass(frozen=True)
class TimeQuantile:
    """A quantile of seconds with its interval, which assumes nothing about the distribution of the times."""

    seconds: float
    interval: Interval


@dataclass(frozen=True)
class ServingCosts:
    """The speed and the price of one form of a model's weights.

    Attributes:
        answers: how many were timed one at a time.
        median, percentile_95: of an answer that the model gives while nothing else runs, from the encoded prompt to the complete answer.
        first_token: median until the first token; None where answers are chosen from labels.
        tokens_per_answer: mean of what the model writes; 0 where it writes nothing.
        alone_tokens_per_second, best_tokens_per_second: written tokens per second; None where the model writes nothing.
        alone_thousand_price, best_thousand_price: of 1,000 answers, in `currency`; None where the price of the device is not known.
        best_batch: the number of inputs that were answered together fastest; 1 where no batch was faster, None where none was timed.
        best_per_second: answers per second in that batch, which was timed once.
        ended: why no larger batch was timed.
        waited: the share of the time in which the process had no core, although it computes on the CPU: 0 on a quiet machine.
    """

    form: WeightForm
    answers: int
    median: TimeQuantile
    percentile_95: TimeQuantile
    first_token: TimeQuantile | None
    tokens_per_answer: float
    alone_tokens_per_second: float | None
    alone_thousand_price: float | None
    best_batch: int | None
    best_per_second: float | None
    best_tokens_per_second: float | None
    best_thousand_price: float | None
    currency: str
    ended: BatchEnd
    waited: float

    @property
    def was_disturbed(self) -> bool:
        """Whether other programs used the processor, so that the times are too long."""
        return self.waited > _BUSY


def compute_serving_costs(measured: ServingMeasurement) -> tuple[ServingCosts, ...]:
    """The costs of each form of the weights that was measured."""
    return tuple(_costs_of(speed, measured) for speed in measured.speeds)


def _costs_of(speed: ServingSpeed, measured: ServingMeasurement) -> ServingCosts:
    seconds = [answer.seconds for answer in speed.alone]
    first = [answer.first_token for answer in speed.alone if answer.first_token is not None]
    total, written = math.fsum(seconds), sum(answer.tokens_out for answer in speed.alone)
    rates = [(len(seconds) / total, 1, written / total), *((b.rows / b.seconds, b.rows, b.tokens_out / b.seconds) for b in speed.batches)]
    per_second, rows, tokens = max(rates)
    writes, was_tried = bool(first), bool(speed.batches) or speed.ended != "time"
    return ServingCosts(
        form=speed.form,
        answers=len(seconds),
        median=_quantile(seconds, 0.5),
        percentile_95=_quantile(seconds, 0.95),
        first_token=_quantile(first, 0.5) if writes else None,
        tokens_per_answer=written / len(seconds) if writes else 0.0,
        alone_tokens_per_second=written / total if writes else None,
        alone_thousand_price=_thousand_price(len(seconds) / total, measured.per_hour),
        best_batch=rows if was_tried else None,
        best_per_second=per_second if was_tried else None,
        best_tokens_per_second=tokens if writes and was_tried else None,
        best_thousand_price=_thousand_price(per_second, measured.per_hour) if was_tried else None,
        currency=measured.currency,
        ended=speed.ended,
        waited=_waited(speed) if measured.device_kind == "cpu" else 0.0,
    )


def _quantile(seconds: Sequence[float], share: float) -> TimeQuantile:
    return TimeQuantile(quantile(seconds, share), quantile_interval(seconds, share))


def _thousand_price(per_second: float, per_hour: float | None) -> float | None:
    return None if per_hour is None else 1000 / per_second / _HOUR * per_hour


def _waited(speed: ServingSpeed) -> float:
    return max(0.0, 1 - speed.cpu_seconds / speed.seconds)
