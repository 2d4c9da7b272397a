"""The peak memory of a cell, from what a step takes on a model without weights and from the sizes of the weights.

A training holds weights, gradients, the optimizer's states, and what a step allocates. Gradients of earlier micro-batches are in place
while the next one computes. The optimizer's own step needs room for one more number for each trained weight where it handles all tensors
at once, as torch does on a GPU with weights in float32, else for the largest tensor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from harness.forecast.meta_tracker import StepCounts
from harness.forecast.model_outline import Formats, ModelOutline
from harness.types import MemoryParts, MemoryStep

_MIB = 2**20
# A context of CUDA with the kernels of torch and its libraries: 300 to 600 MiB, by card and driver.
_CONTEXT = 500 * _MIB
# torch's allocator keeps blocks that do not fit the next tensor; batches of other sizes leave gaps. Measured by others as reserved minus
# allocated memory: 3 to 10% of what comes and goes.
_GAPS = 0.07
# Resident memory of a cell's process on a CPU beside its tensors (Linux, torch 2.13). With a model loaded, 420 MiB: Python with torch,
# transformers and PEFT. Answering takes 50 MiB more, of libraries; training 120, with matrix products that stay prepared. Metrics take
# 80 to 155, when the tensors of the answers are gone.
_ANSWERING_PROCESS, _TRAINING_PROCESS, _SCORING_PROCESS = 470 * _MIB, 540 * _MIB, 545 * _MIB
_CPU_GAPS = 0.18  # of what comes and goes: freed blocks between others. 0.17 to 0.19 with SmolLM2-135M, 0.1 to 0.4 with the included model
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
    accumulates: bool = True,
    placement: Placement = _ON_DEVICE,
) -> MemoryParts:
    """The peak memory of a training.

    Args:
        step: what a micro-batch takes.
        accumulates: whether a step has several micro-batches, so that gradients are in place while activations are.
    """
    recipe, sizes = outline.strategy.train, outline.sizes
    assert recipe is not None
    trained_width = 2 if recipe.weights == "bfloat16" else 4
    weights, constants = _base_bytes(outline, formats, training=True)
    gradients = trained_width * sizes.trained
    # Paged states are in memory that the driver moves to the CPU when it needs room.
    on_device = not placement.offloads_optimizer and not recipe.optimizer.startswith("paged")
    states = sizes.state_bytes(recipe) if on_device else 0.0
    working = _working_bytes(outline, formats, step, gradients, accumulates=accumulates)
    together = device == "cuda" and recipe.optimizer == "adamw" and recipe.weights == "float32"
    own_step = 4 * (sizes.trained if together else 2 * sizes.largest_trained) if on_device else 0
    if placement.offloads_weights and outline.strategy.method != "full":
        weights, constants = _resident(outline, formats, weights + constants), 0.0
    share = placement.processes
    if share > 1:
        working += _collected(outline, weights, gradients)
    return _with_runtime(
        outline,
        MemoryParts(
            weights=round(weights / share),
            constants=round(constants),  # every process holds those of all weights
            adapter=4 * sizes.adapter // share,
            gradients=round(gradients / share),
            optimizer=round(states / share),
            activations=round(max(working, own_step / share)),
            runtime=0,
        ),
        device,
        trains=True,
    )


def _collected(outline: ModelOutline, weights: float, gradients: float) -> float:
    """What a process holds whole for a moment of weights that are divided: the layer that computes, the next one, and gradients of one."""
    return (2 * weights + gradients) / max(1, outline.layer_count)


def answer_memory(outline: ModelOutline, formats: Formats, peak: float, device: DeviceKind) -> MemoryParts:
    """The peak memory of answering, of which a batch allocates `peak` bytes."""
    weights, constants = _base_bytes(outline, formats, training=False)
    if outline.strategy.quantization is not None:
        peak += _width(outline, formats) * outline.sizes.largest_packed
    adapter = 4 * outline.sizes.adapter
    parts = MemoryParts(round(weights), round(constants), adapter, 0, 0, round(peak), 0)
    return _with_runtime(outline, parts, device, trains=outline.strategy.train is not None)  # in the process that has trained


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


def _working_bytes(outline: ModelOutline, formats: Formats, step: StepCounts, gradients: float, *, accumulates: bool) -> float:
    """What a micro-batch allocates beside gradients that are in place."""
    unpacked = _width(outline, formats) * outline.sizes.largest_packed if outline.strategy.quantization is not None else 0
    if accumulates:
        return step.peak + unpacked
    # A single micro-batch begins without gradients: at its peak, none of those of the layers has been computed.
    early = max(step.peaks["forward"], step.peaks["head"]) - gradients
    return max(early, step.peaks["layers"] - gradients, step.peaks["embeddings"]) + unpacked


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


def _with_runtime(outline: ModelOutline, parts: MemoryParts, device: DeviceKind, *, trains: bool) -> MemoryParts:
    if device == "cpu":
        process = _TRAINING_PROCESS if trains else _ANSWERING_PROCESS
        runtime = max(process + _CPU_GAPS * parts.activations, _SCORING_PROCESS - parts.activations)
        return replace(parts, runtime=round(runtime + _WORD * outline.config.vocab_size))
    return replace(parts, runtime=round(_CONTEXT + _GAPS * (parts.activations + parts.gradients)))
