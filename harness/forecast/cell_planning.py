"""The forecast of a cell on one or several devices: the first step of the memory ladder that fits, its memory, its time and its price."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial

from harness.engine.distributed import can_shard, can_stage
from harness.engine.models import Device, ModelSource, has_amx
from harness.engine.tuning import list_restarts
from harness.forecast.cell_trials import WORTH_TRYING, CellTrials
from harness.forecast.device_speeds import DeviceSpeeds, measure_speeds, table_speeds
from harness.forecast.memory_forecast import (
    PLACEMENTS,
    DeviceKind,
    Placement,
    answer_memory,
    arranged_bytes,
    divide_layers,
    loading_memory,
    training_memory,
)
from harness.forecast.meta_tracker import StepCounts
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.outlines import find_outline
from harness.forecast.watched_steps import AnswerCounts, BatchShape, watch_answers, watch_training
from harness.forecast.working_time import answer_range, answering_seconds, offloading_seconds, training_range, training_seconds
from harness.forecast.workload import AnsweringWork, TrainingWork, measure_answering, measure_training
from harness.measure import KnownDevice, Price, device_table
from harness.types import CellForecast, ForecastRange, MemoryParts, MemoryStep, Splits, Strategy, Task

_WITHIN_A_STEP: tuple[MemoryStep, ...] = ("as-planned", "smaller-micro-batches", "gradient-checkpointing")
_TRIED_STEPS: tuple[MemoryStep, ...] = ("as-planned", "smaller-micro-batches")
_HALVINGS = 12
_USUAL_WIDTH = 512  # of models whose configuration names it differently
_UNTUNED = Strategy(name="base", method="prompt")


@dataclass(frozen=True)
class TargetDevice:
    """A device that cells are forecast for.

    Attributes:
        name: as the user knows it.
        memory: bytes; None if it is unknown.
        known: its row of the table; None for the device of this machine, whose speeds are measured.
        dtype: the format that it computes in.
        count: how many of them a cell can have.
    """

    name: str
    kind: DeviceKind
    memory: int | None
    price: Price
    dtype: str
    known: KnownDevice | None = None
    count: int = 1

    def speeds(self, width: int) -> DeviceSpeeds:
        """Its speeds for a model of this width."""
        return table_speeds(self.known, self.dtype) if self.known is not None else measure_speeds(self.kind, self.dtype, width)


def formats_on(target: TargetDevice) -> Formats:
    """The formats that models are loaded and trained in on a device."""
    on_cpu = target.kind == "cpu"
    on_amx = on_cpu and target.dtype == "bfloat16" and has_amx()
    return Formats(target.dtype, None if target.dtype == "float32" else target.dtype, on_cpu, on_amx)


def target_of_table(device: KnownDevice) -> TargetDevice:
    """A device of the shipped table."""
    table = device_table()
    price = Price(device.price, table.currency, table.prices_source)
    return TargetDevice(device.name, "cuda", device.memory, price, "bfloat16", device)


def target_of_machine(device: Device, price: Price) -> TargetDevice:
    """The device of this machine: of several GPUs, each of them."""
    kind: DeviceKind = "cuda" if device.kind == "cuda" else "cpu"
    count = device.most_together if kind == "cuda" else 1
    return TargetDevice(device.name, kind, _memory_of_machine(device.kind), price, device.dtype, count=count)


def _memory_of_machine(kind: str) -> int | None:
    """The memory of this machine's GPU, or what a new process on its CPU can have; None if the system does not say."""
    if kind == "cuda":
        import torch

        return int(torch.cuda.get_device_properties(0).total_memory)
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            amounts = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}
    except (OSError, ValueError, IndexError):
        return None
    return amounts.get("MemAvailable")


@dataclass(frozen=True)
class _CountedCell:
    """A cell as counted, before any trial.

    Attributes:
        step: of the memory ladder; None if none fits.
        parts: its peak memory.
        devices: how many it takes.
        count_answer: counts the seconds of answers, whose lengths may be known better later.
        work: the training as planned; None where nothing is trained.
    """

    step: MemoryStep | None
    parts: MemoryParts
    devices: int
    training: ForecastRange
    count_answer: Callable[[AnsweringWork], ForecastRange]
    answering: AnsweringWork
    work: TrainingWork | None

    @property
    def answer(self) -> ForecastRange:
        """The seconds of answers whose lengths are the usual ones."""
        return self.count_answer(self.answering)


class CellWork:
    """A cell to forecast: what it computes does not depend on the device, but for its kind and its format.

    Args:
        source: the model; its weights need not be here.
        train_size: training examples.
    """

    def __init__(
        self, task: Task, strategy: Strategy, splits: Splits, source: ModelSource, train_size: int, *, trust_remote_code: bool = False
    ) -> None:
        self.task, self.strategy, self.splits, self.train_size = task, strategy, splits, train_size
        self._source, self._trusts_code = source, trust_remote_code
        self._counted: dict[TargetDevice, _CountedCell] = {}

    @cached_property
    def outline(self) -> ModelOutline:
        """The model with the strategy on it."""
        return self._outline_of(self.strategy)

    @cached_property
    def answering_outline(self) -> ModelOutline:
        """What answers as this model does: a fully fine-tuned model answers as the untuned one."""
        return self.outline if self.strategy.has_adapter else self._outline_of(_UNTUNED)

    def _outline_of(self, strategy: Strategy) -> ModelOutline:
        return find_outline(self._source, strategy, self.splits.test[0].choices, trust_remote_code=self._trusts_code)

    def forecast(self, target: TargetDevice, *, new_trials: bool = True, new_samples: bool = True) -> CellForecast:
        """What the cell takes on a device, with the first step of the memory ladder that fits. Where none does, with the last one.

        Args:
            new_trials: whether its steps may be tried, on the device of this machine. Trials of the last day count in any case.
            new_samples: whether an untuned model may write a few outputs there, to see how long they are. Those of the last day count, too.
        """
        counted = self._count(target)
        training, answer, step = counted.training, counted.answer, counted.step
        trials = self._trials(target, may_run=new_trials, may_sample=new_samples)
        is_small = training.value + answer.value <= WORTH_TRYING
        is_tried = is_sampled = False
        if trials is not None:  # all of a cell is tried or nothing: tried and counted cells are corrected by other factors
            tried = training if counted.work is None else trials.training(counted.work, training, is_small=is_small)
            answering = trials.with_sample(counted.answering)
            tried_answer = None if tried is None else trials.answers(answering, counted.count_answer(answering), is_small=is_small)
            if tried is not None and tried_answer is not None:
                training, answer, is_tried, is_sampled = tried, tried_answer, True, answering.sample is not None
        per_hour = target.price.per_hour
        # A cell that does not fit shows the memory that it would need, without pages that the system can drop.
        loading = loading_memory(self.outline, formats_on(target)) if target.kind == "cpu" and step is not None else 0
        return CellForecast(
            device=target.name,
            memory=counted.parts,
            peak=ForecastRange(max(counted.parts.total, loading)),
            training_seconds=training,
            answer_seconds=answer,
            price=None if per_hour is None else (training.value + answer.value) / 3600 * per_hour * counted.devices,
            currency=target.price.currency,
            available=target.memory,
            step=step,
            devices=counted.devices,
            is_tried=is_tried,
            is_sampled=is_sampled,
        )

    def counted_seconds(self, target: TargetDevice) -> float:
        """Training and answering, as counted."""
        counted = self._count(target)
        return counted.training.value + counted.answer.value

    def list_trial_costs(self, target: TargetDevice, *, with_samples: bool) -> dict[str, float]:
        """About how long each trial of the cell takes, in seconds as counted, by what identifies it: several cells share one."""
        trials, counted = self._trials(target, may_run=False, may_sample=with_samples), self._count(target)
        if trials is None:
            return {}
        training = None if counted.work is None else (counted.work, counted.training.value)
        return trials.list_costs(training, (counted.answering, counted.answer.value))

    def _trials(self, target: TargetDevice, *, may_run: bool, may_sample: bool) -> CellTrials | None:
        """Those of this machine's device, if they fit in its memory, and if the training takes no step of the memory ladder that a trial
        does not take. Code that comes with a model is not tried."""
        trials = CellTrials(self.outline, target.name, target.kind, target.memory, formats_on(target), may_run, may_sample)
        can_try = target.known is None and not self._trusts_code and trials.fit_in_memory
        return trials if can_try and (self.strategy.train is None or self._count(target).step in _TRIED_STEPS) else None

    def _count(self, target: TargetDevice) -> _CountedCell:
        if target not in self._counted:
            self._counted[target] = self._count_anew(target)
        return self._counted[target]

    def _count_anew(self, target: TargetDevice) -> _CountedCell:
        formats, speeds = formats_on(target), target.speeds(getattr(self.outline.config, "hidden_size", _USUAL_WIDTH))
        answering = measure_answering(self.task, self.strategy, self.outline.loaded, self.splits, self.train_size, target.kind)
        answers = _answers(self, formats, answering)
        step: MemoryStep | None = "as-planned"
        text_batches = None if answering.asked is None else answering.batches
        arranged = 0 if text_batches is None else arranged_bytes(self.outline, formats, answering.limit)
        parts = answer_memory(self.outline, formats, answers.peak, target.kind, text_batches=text_batches, arranged=arranged)
        training, devices = ForecastRange(0.0), 1
        if self.strategy.train is not None:
            fitted = fit_training(self.outline, target, formats, speeds, partial(self._measure, target))
            step, training, devices = fitted.step, training_range(fitted.seconds, fitted.least_seconds), fitted.devices
            parts = max(parts, fitted.parts, key=lambda each: each.total)
        elif target.memory is not None and parts.total > target.memory:
            step, parts, devices = _divide_answers(self.outline, formats, parts, target.memory, target.count)
        work = None if self.strategy.train is None else self._measure(target, None)

        def count_answer(known: AnsweringWork) -> ForecastRange:
            return answer_range(known, lambda written: answering_seconds(self.outline, answers, known, speeds, written))

        return _CountedCell(step, parts, devices, training, count_answer, answering, work)

    def _measure(self, target: TargetDevice, budget: int | None) -> TrainingWork:
        loaded, size = self.outline.loaded, self.train_size
        return measure_training(self.task, self.strategy, loaded, self.splits, size, target.kind, target.dtype, budget)


@dataclass(frozen=True)
class FittedTraining:
    """A training on a device: the first step of the ladder that fits, or None with what the smallest takes.

    Attributes:
        seconds: if it does not stop early.
        least_seconds: if it stops as early as it may.
    """

    step: MemoryStep | None
    parts: MemoryParts
    seconds: float
    least_seconds: float
    devices: int = 1


def fit_training(
    outline: ModelOutline, target: TargetDevice, formats: Formats, speeds: DeviceSpeeds, measure: Callable[[int | None], TrainingWork]
) -> FittedTraining:
    """The first step of the memory ladder with which a training fits.

    Args:
        measure: the training with micro-batches of so many tokens; None: of those that suit the device.
    """
    smallest: FittedTraining | None = None
    for step in (*_WITHIN_A_STEP, *list_restarts(outline.strategy, target.kind)):
        tried = _try_step(step, PLACEMENTS.get(step, Placement()), outline, target, formats, speeds, measure)
        if target.memory is None or tried.parts.total <= target.memory:
            return tried
        if smallest is None or tried.parts.total < smallest.parts.total:
            smallest = replace(tried, step=None)
    assert smallest is not None and target.memory is not None
    for processes in _group_sizes(target.count) if can_shard(outline.strategy, outline.shape) else ():
        tried = _try_step("sharded", Placement(processes=processes), outline, target, formats, speeds, measure)
        if tried.parts.total <= target.memory:
            return tried
    return smallest


def _divide_answers(
    outline: ModelOutline, formats: Formats, parts: MemoryParts, memory: int, count: int
) -> tuple[MemoryStep | None, MemoryParts, int]:
    """The fewest of so many devices that hold a model together to answer, each a part of its layers; what each takes, and their number."""
    for processes in _group_sizes(count) if can_stage(outline.strategy, outline.shape) else ():
        divided = divide_layers(outline, formats, parts, processes)
        if divided.total <= memory:
            return "sharded", divided, processes
    return None, parts, 1


def _group_sizes(count: int) -> list[int]:
    """How many devices a training is divided among, one after the other, until it fits: doubled, as the run does."""
    sizes = [1]
    while sizes[-1] < count:
        sizes.append(min(2 * sizes[-1], count))
    return sizes[1:]


def _try_step(
    step: MemoryStep,
    placement: Placement,
    outline: ModelOutline,
    target: TargetDevice,
    formats: Formats,
    speeds: DeviceSpeeds,
    measure: Callable[[int | None], TrainingWork],
) -> FittedTraining:
    recipe = outline.strategy.train
    assert recipe is not None
    checkpointing = recipe.gradient_checkpointing == "on" or (
        recipe.gradient_checkpointing == "auto" and step not in ("as-planned", "smaller-micro-batches")
    )
    work, smallest = measure(None), 2 if recipe.objective == "dpo" else 1
    for _ in range(_HALVINGS):
        counts = _cached_training(outline, formats, work.batch, checkpointing, work.compiles)
        later = None if work.later is None else _cached_training(outline, formats, work.later, checkpointing, work.compiles)
        parts = training_memory(
            outline,
            formats,
            counts,
            target.kind,
            later=later,
            placement=placement,
            one_step=work.steps == 1,
            always_accumulates=work.always_accumulates,
            compiles=work.compiles,
        )
        if step == "as-planned" or work.batch.rows == smallest or target.memory is None or parts.total <= target.memory:
            break
        work = measure(max(work.batch.tokens, work.batch.rows * work.batch.tokens // 2))

    def seconds(done: TrainingWork) -> float:
        alone = training_seconds(outline, counts, done, speeds) + offloading_seconds(outline, done, placement)
        return alone / placement.processes

    return FittedTraining(step, parts, seconds(work), seconds(work.until_earliest_stop()), placement.processes)


@lru_cache(maxsize=1024)
def _cached_training(outline: ModelOutline, formats: Formats, batch: BatchShape, checkpointing: bool, compiles: bool) -> StepCounts:
    return watch_training(outline, formats, batch, checkpointing=checkpointing, compiles=compiles)


@lru_cache(maxsize=1024)
def _cached_answers(
    outline: ModelOutline, formats: Formats, batch: BatchShape, groups: tuple[BatchShape, ...], nodes: int, written: int, shared: int
) -> AnswerCounts:
    return watch_answers(outline, formats, batch, groups=groups, nodes=nodes, written=written, shared=shared)


def _answers(work: CellWork, formats: Formats, answering: AnsweringWork) -> AnswerCounts:
    outline, limit = work.answering_outline, answering.limit
    return _cached_answers(outline, formats, answering.batch, answering.groups, answering.nodes, limit, answering.shared)
