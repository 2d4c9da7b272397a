"""What a cell is expected to take before it runs: memory by kind, time and money."""

from __future__ import annotations

from dataclasses import dataclass

from harness.types.memory_step import MemoryStep

FEWEST_CELLS = 3
"""Earlier cells from which the interval of a forecast is computed."""


@dataclass(frozen=True)
class MemoryParts:
    """Peak memory by kind, in bytes."""

    weights: int
    """Of the base model, packed if they are in 4 bits."""
    constants: int
    """Of 4-bit formats: what blocks of weights are scaled by."""
    adapter: int
    gradients: int
    optimizer: int
    """The optimizer's states."""
    activations: int
    """What a step keeps and computes with: activations, logits, keys and values, unpacked weights."""
    runtime: int
    """Of the process and its libraries; on a GPU, of its context and of gaps between tensors."""

    @property
    def total(self) -> int:
        """All kinds together."""
        return self.weights + self.constants + self.adapter + self.gradients + self.optimizer + self.activations + self.runtime


@dataclass(frozen=True)
class ForecastRange:
    """A forecast, corrected by earlier cells on the same device.

    Attributes:
        low, high: an interval. Of time, from what is not known before a cell runs: when a training stops, and how long outputs become.
            Earlier cells widen it to what 90% of cells fall into. None where there is neither.
        cells: earlier cells on this device; with 0 there is no correction, and from `FEWEST_CELLS` on it has an interval.
        computed: the forecast before the correction; None if there is none.
    """

    value: float
    low: float | None = None
    high: float | None = None
    cells: int = 0
    computed: float | None = None

    @property
    def uncorrected(self) -> float:
        """The forecast as it follows from the model alone."""
        return self.value if self.computed is None else self.computed


@dataclass(frozen=True)
class CellForecast:
    """What one cell is expected to take on one device.

    Attributes:
        device: its name.
        memory: the peak by kind, as the cell is planned or after `step`; None where the model cannot be watched.
        peak: the peak in bytes.
        training_seconds: training and validation; 0 where nothing is trained.
        answer_seconds: answering the test examples.
        price: of loading, training and answering, in `currency`; None if the price of the device is unknown.
        available: the device's memory in bytes; None if it is unknown.
        step: the first step of the memory ladder with which the cell fits; None if it fits with none.
        devices: how many such devices it takes; memory and `peak` are those of each.
        is_tried: whether the seconds follow from steps that were tried on this machine, of this cell or of a similar one; if not,
            they follow from the work that was counted.
        is_sampled: whether the model has written some of its outputs, so that their lengths are known better.
    """

    device: str
    memory: MemoryParts | None
    peak: ForecastRange | None
    training_seconds: ForecastRange
    answer_seconds: ForecastRange
    price: float | None
    currency: str
    available: int | None
    step: MemoryStep | None
    devices: int = 1
    is_tried: bool = False
    is_sampled: bool = False

    @property
    def fits(self) -> bool | None:
        """Whether the cell fits; None if that is not known."""
        return None if self.memory is None or self.available is None else self.step is not None

    @property
    def seconds(self) -> float:
        """Training and answering."""
        return self.training_seconds.value + self.answer_seconds.value

    @property
    def seconds_range(self) -> tuple[float, float] | None:
        """The sums of the lower and of the upper ends for training and answering, which is wider than a 90% interval of their sum. A phase
        without an interval adds its value. None if no phase has one."""
        phases = (self.training_seconds, self.answer_seconds)
        if all(each.low is None for each in phases):
            return None
        lows = [each.value if each.low is None else each.low for each in phases]
        highs = [each.value if each.high is None else each.high for each in phases]
        return sum(lows), sum(highs)


@dataclass(frozen=True)
class PlannedForecast:
    """The forecasts of one strategy of a task with a model: one cell, on each of several devices.

    Attributes:
        train_size: training examples; 0 where nothing is trained.
    """

    task: str
    model: str
    strategy: str
    train_size: int
    forecasts: tuple[CellForecast, ...]

    @property
    def cheapest(self) -> CellForecast | None:
        """The device on which the cell costs least, of those that it fits and whose price is known."""
        fitting = [each for each in self.forecasts if each.fits and each.price is not None]
        return min(fitting, key=lambda each: each.price or 0.0, default=None)
