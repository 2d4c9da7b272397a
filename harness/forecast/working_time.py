"""How long a cell takes: from trials of its steps on this machine, or from the work that was counted on a model without weights, at the
speeds of a device.

Of the counted work, matrix products and everything else run one after the other; a small product takes as long as reading its weights.
This is the roofline model (Williams, Waterman and Patterson 2009), summed over kinds of work.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.forecast.device_speeds import DeviceSpeeds
from harness.forecast.memory_forecast import Placement
from harness.forecast.meta_tracker import StepCounts
from harness.forecast.model_outline import ModelOutline
from harness.forecast.output_lengths import WrittenTokens
from harness.forecast.trials import AnsweringTrial, TrainingTrial
from harness.forecast.watched_steps import AnswerCounts
from harness.forecast.workload import AnsweringWork, TrainingWork
from harness.types import ForecastRange

# AdamW reads the weight, its gradient and two states, and writes three of them; clipping reads and writes the gradient.
_UPDATE_BYTES = 4 * 9
# A forward pass is so much of a step: a third where every weight is trained, almost half where most are frozen, whose gradients are not
# computed.
_FORWARD_FULL, _FORWARD_ADAPTER = 1 / 3, 0.42
_LINK = 2e10  # bytes per second between a GPU and its host: PCIe 4.0 with 16 lanes reaches 20 to 26 GB/s
_UNPACKED_BYTES = 2.5  # per weight in 4 bits: half a byte is read, two are written


def step_seconds(counts: StepCounts, speeds: DeviceSpeeds, *, operations: float, share: float) -> float:
    """The seconds of steps that do `share` times the counted work and start so many operations."""
    products = max(counts.flops / speeds.products, counts.product_bytes / speeds.bandwidth)
    return share * (products + counts.moved / speeds.bandwidth) + operations * speeds.launch


def offloading_seconds(outline: ModelOutline, work: TrainingWork, placement: Placement) -> float:
    """Moving what a step of the ladder keeps elsewhere. On the CPU: gradients down and weights up, and frozen weights for both passes. On
    other GPUs: weights for both passes, and gradients; between GPUs, the link is at least as fast."""
    moved = 0.0
    if placement.processes > 1:
        share_of_others = 1 - 1 / placement.processes
        weights = sum(outline.sizes.base_bytes(4 if outline.strategy.method == "full" else 2, outline.strategy.quantization))
        moved += share_of_others * work.micro_batches * (2 * weights + 4.0 * outline.sizes.trained)
    if placement.offloads_optimizer:
        moved += work.steps * 8.0 * outline.sizes.trained
    if placement.offloads_weights and outline.strategy.method != "full":
        moved += work.micro_batches * 2 * sum(outline.sizes.base_bytes(2, outline.strategy.quantization))
    return moved / _LINK


def training_seconds(outline: ModelOutline, counts: StepCounts, work: TrainingWork, speeds: DeviceSpeeds) -> float:
    """Training and validation, with the references of a preference tuning."""
    batch_tokens = work.batch.rows * work.batch.tokens
    share = work.tokens / batch_tokens
    forward = _FORWARD_FULL if outline.strategy.method == "full" else _FORWARD_ADAPTER
    validations = forward * (work.validated_tokens + work.reference_tokens) / batch_tokens
    passes = 2 * work.micro_batches + validations
    return (
        step_seconds(counts, speeds, operations=counts.operations * (work.micro_batches + validations), share=share + validations)
        + work.steps * _UPDATE_BYTES * outline.sizes.trained / speeds.bandwidth
        + passes * _unpacking_seconds(outline, speeds)
    )


def answering_seconds(
    outline: ModelOutline, counts: AnswerCounts, work: AnsweringWork, speeds: DeviceSpeeds, written: WrittenTokens
) -> float:
    """Answering the test examples, with outputs of this length."""
    reading, writing = counts.reading, counts.writing
    share = (work.tokens + work.compared) / (work.shared + work.batch.rows * (work.batch.tokens - work.shared))
    passes = work.batches if work.nodes else written.steps
    return (
        step_seconds(reading, speeds, operations=reading.operations * (work.batches + (work.compared > 0)), share=share)
        + step_seconds(writing, speeds, operations=writing.operations * passes, share=passes)
        + (work.batches + passes) * _unpacking_seconds(outline, speeds)
    )


def _unpacking_seconds(outline: ModelOutline, speeds: DeviceSpeeds) -> float:
    """Unpacking all weights in 4 bits once."""
    return _UNPACKED_BYTES * outline.sizes.packed / speeds.bandwidth if outline.strategy.quantization is not None else 0.0


def tried_training_seconds(trial: TrainingTrial, work: TrainingWork) -> float:
    """Training and validation at the speeds of a trial, with the references of a preference tuning."""
    validated = trial.validation * (work.validated_tokens + work.reference_tokens)
    prepared = work.distinct_shapes + _FORWARD_FULL * work.validated_shapes  # about a third of a step's kernels
    return trial.step * work.tokens + trial.update * work.steps + validated + trial.fresh * prepared


def tried_answering_seconds(trial: AnsweringTrial, work: AnsweringWork, written: WrittenTokens) -> float:
    """Answering the test examples at the speeds of a trial, with outputs of this length."""
    return trial.start + trial.reading * work.tokens + trial.writing * written.steps + trial.row * written.row_steps


def training_range(seconds: float, least: float) -> ForecastRange:
    """The time of a training that runs to its end, and from the earliest stop."""
    return ForecastRange(seconds, least, seconds) if least < seconds else ForecastRange(seconds)


def answer_range(work: AnsweringWork, seconds: Callable[[WrittenTokens], float]) -> ForecastRange:
    """The time of answers, with an interval where outputs are written, whose length is not known."""
    lengths = work.outputs
    if lengths is None:
        return ForecastRange(seconds(WrittenTokens(0.0, 0.0)))
    likely, shortest, longest = (seconds(each) for each in (lengths.likely, lengths.shortest, lengths.longest))
    return ForecastRange(likely, min(shortest, likely), max(longest, likely))
