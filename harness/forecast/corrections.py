"""Forecasts corrected by what earlier cells took on the same device, of the same kind where there are such.

What a forecast misses belongs mostly to what is run: an untuned model writes until the limit, a training stops early. So cells of the same
task, model and strategy say most about the next one of them, and other cells only how far this device is from its forecasts.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.errors import BenchError
from harness.forecast.ledger import ForecastRecord, read_ledger
from harness.statistics import t_quantile
from harness.types import FEWEST_CELLS, CellForecast, ForecastRange

_LATEST = 200  # cells that decide a correction
_ABOUT = 10  # a cell corrects forecasts that are up to so many times as large or as small as its own was
_COVERAGE = 0.9


@dataclass(frozen=True)
class CellKind:
    """What cells have in common that differ only in seed and size."""

    task: str
    model: str
    strategy: str


@dataclass(frozen=True)
class EarlierCell:
    """What a cell took over what was forecast, as a logarithm."""

    kind: CellKind
    log_ratio: float


@dataclass(frozen=True)
class MeasuredFactor:
    """How the measurements of a device relate to its forecasts, for the next cell of a kind.

    Attributes:
        factor: by which a forecast is multiplied: the geometric mean of measured over forecast, of the cells of the kind if there are any.
        of_device: that of all cells.
        low, high: a 90% prediction interval of the factor for the next cell; None from fewer than three cells.
        cells: earlier cells.
        same: those of the kind.
    """

    factor: float = 1.0
    of_device: float = 1.0
    low: float | None = None
    high: float | None = None
    cells: int = 0
    same: int = 0

    def apply(self, forecast: ForecastRange) -> ForecastRange:
        """A forecast with this correction. A range that it has, such as from the shortest to the longest outputs, is corrected as all cells
        of the device are, and widened to the interval; three cells of the kind have shown what it takes, and replace it."""
        value = forecast.value
        corrected = self.factor * value
        known = (None, None) if self.same >= FEWEST_CELLS else (forecast.low, forecast.high)
        lows = [self.of_device * known[0]] if known[0] is not None else []
        highs = [self.of_device * known[1]] if known[1] is not None else []
        lows += [value * self.low] if self.low is not None else []
        highs += [value * self.high] if self.high is not None else []
        return ForecastRange(
            corrected,
            min([*lows, corrected]) if lows else None,
            max([*highs, corrected]) if highs else None,
            self.cells,
            value,
        )


def correct_by(earlier: Sequence[EarlierCell], kind: CellKind) -> MeasuredFactor:
    """The correction for the next cell of a kind.

    Logarithms of measured over forecast are treated as normal around a mean of each kind, with one variance s² within kinds (one-way
    analysis of variance). With n cells of the kind, the interval is Student's for one further cell: mean ± t·s·sqrt(1 + 1/n). Without any,
    or where fewer than two degrees of freedom are left within kinds, mean and variance are those of all cells, which differ more.
    """
    if not earlier:
        return MeasuredFactor()
    ratios: dict[CellKind, list[float]] = defaultdict(list)
    for each in earlier:
        ratios[each.kind].append(each.log_ratio)
    everything = [each.log_ratio for each in earlier]
    own = ratios.get(kind, [])
    overall, mean = _mean(everything), _mean(own or everything)
    result = MeasuredFactor(math.exp(mean), math.exp(overall), cells=len(everything), same=len(own))
    if len(everything) < FEWEST_CELLS:
        return result
    freedom = len(everything) - len(ratios)
    if own and freedom >= FEWEST_CELLS - 1:
        deviations = math.fsum((y - _mean(group)) ** 2 for group in ratios.values() for y in group)
    else:
        freedom = len(everything) - 1
        deviations = math.fsum((y - overall) ** 2 for y in everything)
    count = len(own) or len(everything)
    margin = t_quantile((1 + _COVERAGE) / 2, freedom) * math.sqrt(deviations / freedom * (1 + 1 / count))
    return replace(result, low=math.exp(mean - margin), high=math.exp(mean + margin))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


@dataclass(frozen=True)
class DeviceRecords:
    """The cells that ran on a device, the oldest first."""

    records: tuple[ForecastRecord, ...] = ()

    def correct(self, forecast: ForecastRange, field: Literal["peak", "training", "answering"], kind: CellKind) -> ForecastRange:
        """A forecast corrected by the cells of about its size: what starting up takes of a small cell says nothing about a large one."""
        earlier = []
        for each in self.records:
            expected, measured = getattr(each, field), getattr(each, f"measured_{field}")
            if measured and expected > 0 and forecast.value / _ABOUT <= expected <= forecast.value * _ABOUT:
                earlier.append(EarlierCell(CellKind(each.task, each.model, each.strategy), math.log(measured / expected)))
        return correct_by(earlier[-_LATEST:], kind).apply(forecast)


def read_calibration(device: str) -> DeviceRecords:
    """The cells of a device in the ledger; none where it has none of this device, or cannot be read."""
    try:
        return DeviceRecords(tuple(each for each in read_ledger() if each.device == device))
    except BenchError:
        return DeviceRecords()


def calibrated(forecast: CellForecast, calibration: DeviceRecords, kind: CellKind) -> CellForecast:
    """A forecast of a cell of this kind, corrected by earlier cells on its device, of time by those that were forecast in
    the same way. The price follows its time."""
    if forecast.peak is None:
        return forecast
    tried = tuple(each for each in calibration.records if each.is_tried == forecast.is_tried)
    answered = tuple(each for each in tried if each.is_sampled == forecast.is_sampled)
    training = DeviceRecords(tried).correct(forecast.training_seconds, "training", kind)
    answering = DeviceRecords(answered).correct(forecast.answer_seconds, "answering", kind)
    before = forecast.seconds
    price = forecast.price if forecast.price is None or before <= 0 else forecast.price * (training.value + answering.value) / before
    return replace(
        forecast,
        peak=calibration.correct(forecast.peak, "peak", kind),
        training_seconds=training,
        answer_seconds=answering,
        price=price,
    )
