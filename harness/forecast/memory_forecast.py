"""The peak memory of a cell, from what a step takes on a model without weights and from the sizes of the weights.

A training holds weights, gradients, the optimizer's states, and what a step allocates. Gradients of earlier micro-batches of a step are
in place while the next one computes. AdamW's own step on weights in float32 needs room for one more number for each trained weight on a
GPU, and none on a CPU. All others need two numbers for each weight of the largest tensor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from harness.engine.models import arranged_size, count_linear
from harness.forecast.meta_tracker import StepCounts
from harness.forecast.model_outline import Formats, ModelOutline
from harness.types import MemoryParts, MemoryStep

_MIB = 2**20
# A context of CUDA with the kernels of torch and its libraries: 300 to 600 MiB, by card and driver.
_CONTEXT = 500 * _MIB
# torch's allocator keeps blocks that do not fit the next tensor; batches of other sizes leave gaps. Measured by others as reserved minus
# allocated memory: 3 to 10% of what comes and goes.
_GAPS = 0.07
# Resident memory of a cell's process on a CPU beside its tensors, without files of libraries (Linux, torch 2.13): Python with torch,
# transformers and PEFT once a model is loaded, and 20 MiB of the command that was forked to run it. Beyond that, what stays of a training,
# of answers, and of the metrics that come last: by the peaks of each phase of 100 cells of the included model, with 30, 40 and 120
# examples, on an AMD EPYC without AMX, less the 66 to 103 MiB of libraries that were resident in these phases. With AMX, matrix products
# stay prepared, too. Then 27 MiB more, since what stores and scores outputs is imported before a cell begins: the mean of 30 phases of six
# cells, 27 of which took 19 to 37 MiB more.
_LOADED_PROCESS = 370 * _MIB
_COMPILER = 45 * _MIB  # of a process that compiles
_PREPARED_FOR_AMX = 40 * _MIB  # of a process that trains in bfloat16
_TRAINING_PROCESS = 387 * _MIB
_ANSWERING_PROCESS, _SCORING_PROCESS = 371 * _MIB, 433 * _MIB
_TRAINED_ANSWERING, _TRAINED_SCORING = 415 * _MIB, 459 * _MIB  # in a process that has trained
# Freed blocks between others, of what comes and goes. In training, 0.17 to 0.19 with SmolLM2-135M; less than 0.1 in two or three steps of
# texts of about one length. Of small tensors more stays, because the C library gives memory back to the system from 64 MiB on: 0.45 with
# the included model. None in the first micro-batch: nine trainings of one step, of 8 texts of 100 to 300 tokens, took 4% less to 7% more
# than is forecast so. Where the later micro-batches of a step are small, the blocks of a large first one are free again at the next: 0.01
# to 0.07 of it.
_TRAINING_GAPS, _SMALL_GAPS, _SMALL = 0.18, 0.27, 128 * _MIB
# In answering, of all above 64 MiB. Labels, and what is answered after a training: 0.3 to 1.2 (SmolLM2-135M, and the included model).
# Texts without a training, SmolLM2-135M in bfloat16: 0.10 to 0.26 in one batch of 8 to 32 texts of 128 to 2,048 tokens, alone, with LoRA,
# and with LoRA on 4-bit weights; 14 peaks are within 3%. Keys and values of a batch leave places that those of later ones do not fit, and
# their shapes have prepared products of their own: with two or three batches, 0.3 and 20 MiB are within 7% of four peaks of SmolLM2-135M
# and of three of the included model (glibc 2.41, a processor with AMX).
_ANSWERING_GAPS, _TEXT_GAPS, _LATER_TEXT_GAPS, _WITHOUT_GAPS, _MORE_SHAPES = 0.75, 0.19, 0.3, 64 * _MIB, 20 * _MIB
_WORD = 950  # bytes of the tokenizer for each word: 45 MiB for 49,152 words


@dataclass(frozen=True)
class Placement:
    """What a step of the ladder takes off the device.

    Attributes:
        processes: among how many weights, gradients and states are divided, each with a device of its own.
    """

    offloads_optimizer: bool = False
    offloads_weights: bool = False
    processes: int = 1


PLACEMENTS: dict[MemoryStep, Placement] = {
    "offloaded-optimizer": Placement(offloads_optimizer=True),
    "offloaded-weights": Placement(offloads_optimizer=True, offloads_weights=True),
}

_ON_DEVICE = Placement()
DeviceKind = Literal["cpu", "cuda"]


def training_memory(
    outline: ModelOutline,
    formats: Formats,
    step: StepCounts,
    device: DeviceKind,
    *,
    later: StepCounts | None,
    placement: Placement = _ON_DEVICE,
    one_step: bool = False,
    always_accumulates: bool = False,
    compiles: bool = False,
) -> MemoryParts:
    """The peak memory of a training.

    Args:
        step: what the largest micro-batch takes.
        later: what the largest of those takes that are not the first of their step; None if steps have one each.
        one_step: whether the optimizer takes one step only. Its states are made at the end of it, when nothing else is left.
        always_accumulates: whether each step has several micro-batches, so that no two first ones follow each other.
        compiles: whether layers are compiled.
    """
    recipe, sizes = outline.strategy.train, outline.sizes
    assert recipe is not None
    trained_width = 2 if recipe.weights == "bfloat16" else 4
    weights, constants = _base_bytes(outline, formats, training=True)
    gradients = trained_width * sizes.trained
    # Paged states of a GPU are in memory that the driver moves to the CPU when it needs room.
    on_device = not placement.offloads_optimizer and (device == "cpu" or not recipe.optimizer.startswith("paged"))
    states = (sizes.state_bytes(recipe) if on_device else 0.0) + _importance_bytes(outline)
    working = _working_bytes(outline, formats, step, later, gradients)
    own_step = _own_step_bytes(outline, device) if on_device else 0
    if placement.offloads_weights and outline.strategy.method != "full":
        weights, constants = _resident(outline, formats, weights + constants), 0.0
    share = placement.processes
    if share > 1:
        working += _collected(outline, weights, gradients)
    activations = max(working - (states if one_step else 0.0), own_step / share)
    between = working if later is None or not always_accumulates else later.peak
    gaps = _gaps_in_training(max(between, own_step / share))
    if one_step:  # the first micro-batch finds no gaps, later ones its, and the optimizer's step all
        after = states + own_step / share + _gaps_in_training(max(working, own_step / share))
        largest = max(working + _gaps_in_training(0.0 if later is None else later.peak), after)
        gaps = max(0.0, largest - activations - states)
    return _with_runtime(
        outline,
        formats,
        MemoryParts(
            weights=round(weights / share),
            constants=round(constants),  # every process holds those of all weights
            adapter=4 * sizes.adapter // share,
            gradients=round(gradients / share),
            optimizer=round(states / share),
            activations=round(activations),
            runtime=0,
        ),
        device,
        _TRAINING_PROCESS + (_COMPILER if compiles else 0),
        gaps,
    )


def _own_step_bytes(outline: ModelOutline, device: DeviceKind) -> int:
    """What the optimizer's own step allocates besides its states."""
    recipe, sizes = outline.strategy.train, outline.sizes
    assert recipe is not None
    if recipe.optimizer == "adamw" and recipe.weights == "float32":  # on a CPU, torch computes it in one pass
        return 0 if device == "cpu" else 4 * sizes.trained
    return 8 * sizes.largest_trained


def _importance_bytes(outline: ModelOutline) -> int:
    """What AdaLoRA keeps from step to step to say which ranks matter: three numbers for each weight of the adapter (peft 0.21)."""
    kind = str(outline.strategy.adapter.get("peft_type")).upper()
    return 12 * outline.sizes.adapter if kind == "ADALORA" else 0


def _gaps_in_training(size: float) -> float:
    """Bytes of gaps beside so many that come and go."""
    return _TRAINING_GAPS * size + _SMALL_GAPS * min(size, _SMALL)


def _collected(outline: ModelOutline, weights: float, gradients: float) -> float:
    """What a process holds whole for a moment of weights that are divided: the layer that computes, the next one, and gradients of one."""
    return (2 * weights + gradients) / max(1, outline.layer_count)


def answer_memory(
    outline: ModelOutline, formats: Formats, peak: float, device: DeviceKind, *, text_batches: float | None = None, arranged: int = 0
) -> MemoryParts:
    """The peak memory of answering, of which a batch allocates `peak` bytes.

    Args:
        text_batches: how many batches of texts are written; None where labels are chosen.
        arranged: bytes of weights that are in memory in another order, too.
    """
    weights, constants = _base_bytes(outline, formats, training=False)
    weights += arranged
    if outline.strategy.quantization is not None:
        peak += _width(outline, formats) * outline.sizes.largest_packed
    adapter = 4 * outline.sizes.adapter
    parts = MemoryParts(round(weights), round(constants), adapter, 0, 0, round(peak), 0)
    above = max(0.0, peak - _WITHOUT_GAPS)
    if outline.strategy.train is not None:  # a cell answers in the process that has trained
        return _with_runtime(outline, formats, parts, device, _TRAINED_ANSWERING, _ANSWERING_GAPS * above)
    if text_batches is None:
        return _with_runtime(outline, formats, parts, device, _ANSWERING_PROCESS, _ANSWERING_GAPS * above)
    if text_batches > 1:
        return _with_runtime(outline, formats, parts, device, _ANSWERING_PROCESS + _MORE_SHAPES, _LATER_TEXT_GAPS * above)
    return _with_runtime(outline, formats, parts, device, _ANSWERING_PROCESS, _TEXT_GAPS * above)


def arranged_bytes(outline: ModelOutline, formats: Formats, tokens: int) -> int:
    """What a model adds that arranges its weights while it writes so many tokens of each output. See `arranged_size`."""
    if not formats.on_cpu or formats.weights != "float32":
        return 0
    packed = outline.sizes.packed if outline.strategy.quantization is not None else 0
    return arranged_size(count_linear(outline.model) - packed, tokens)


def loading_memory(outline: ModelOutline, formats: Formats) -> int:
    """The peak resident memory while a model is loaded on a CPU: its weights beside the pages of their files, if these are converted.

    The system drops such pages where memory is short, so that they do not decide whether a cell fits. Weights that are kept as they are
    stored have no other pages than these.
    """
    recipe, is_full = outline.strategy.train, outline.strategy.method == "full"
    weights, constants = _base_bytes(outline, formats, training=True)
    kept = "float32" if outline.shape == "encoder" else recipe.weights if is_full and recipe is not None else formats.weights
    is_converted = outline.strategy.quantization is not None or outline.stored.formats != {kept}
    read = outline.stored.size if is_converted else 0
    return round(weights + constants + read + _LOADED_PROCESS) + _WORD * int(outline.config.vocab_size)


def divide_layers(outline: ModelOutline, formats: Formats, parts: MemoryParts, processes: int) -> MemoryParts:
    """What each of several processes takes to answer, if each holds a part of the layers, and all of them what is outside the layers."""
    outside = _width(outline, formats) * (outline.sizes.base - outline.layer_weights)
    layers = max(0, parts.weights - outside)
    return replace(
        parts,
        weights=round(parts.weights - layers + layers / processes),
        constants=round(parts.constants / processes),
        adapter=round(parts.adapter / processes),
    )


def _working_bytes(outline: ModelOutline, formats: Formats, step: StepCounts, later: StepCounts | None, gradients: float) -> float:
    """What a micro-batch allocates beside gradients that are in place."""
    # The first micro-batch begins without gradients: at its peak, none of those of the layers has been computed.
    early = max(step.peaks["forward"], step.peaks["head"]) - gradients
    first = max(early, step.peaks["layers"] - gradients, step.peaks["embeddings"])
    unpacked = _width(outline, formats) * outline.sizes.largest_packed if outline.strategy.quantization is not None else 0
    return max(first, 0.0 if later is None else later.peak) + unpacked


def _base_bytes(outline: ModelOutline, formats: Formats, *, training: bool) -> tuple[float, float]:
    recipe = outline.strategy.train
    width = _width(outline, formats)
    if training and recipe is not None and outline.strategy.method == "full":
        width = 2 if recipe.weights == "bfloat16" else 4
    return outline.sizes.base_bytes(width, outline.strategy.quantization)


def _width(outline: ModelOutline, formats: Formats) -> int:
    """Bytes of a frozen weight that is not packed."""
    return 4 if outline.shape == "encoder" or formats.weights == "float32" else 2


def _resident(outline: ModelOutline, formats: Formats, weights: float) -> float:
    """What stays on the device of weights that come layer by layer: what is no layer, and two layers."""
    outside = _width(outline, formats) * (outline.sizes.base - outline.layer_weights)
    return outside + 2 * (weights - outside) / max(1, outline.layer_count)


def _with_runtime(
    outline: ModelOutline, formats: Formats, parts: MemoryParts, device: DeviceKind, process: int, gaps: float
) -> MemoryParts:
    """With what the process takes beside its tensors.

    Args:
        process: bytes of a process on a CPU.
        gaps: bytes between the tensors of one.
    """
    if device == "cpu":
        trains = outline.strategy.train is not None
        runtime = max(process + gaps, (_TRAINED_SCORING if trains else _SCORING_PROCESS) - parts.activations)
        if trains and formats.on_amx:
            runtime += _PREPARED_FOR_AMX
        return replace(parts, runtime=round(runtime + _WORD * outline.config.vocab_size))
    return replace(parts, runtime=round(_CONTEXT + _GAPS * (parts.activations + parts.gradients)))
