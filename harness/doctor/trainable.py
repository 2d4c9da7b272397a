"""The check of which models can be trained on this device: the largest for each way to train."""

from __future__ import annotations

from collections.abc import Iterator

from harness.doctor.finding import Finding
from harness.doctor.machine import machine_memory
from harness.engine.models import Device, find_device
from harness.forecast import TrainableSize, find_trainable_sizes, sizing_settings
from harness.types import MemoryStep

_WAYS = {"full": "full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}
_STEPS: dict[MemoryStep, str] = {
    "as-planned": "without the memory ladder",
    "smaller-micro-batches": "with smaller micro-batches",
    "gradient-checkpointing": "with gradient checkpointing",
    "offloaded-optimizer": "with the optimizer's states on the CPU",
    "offloaded-weights": "with frozen weights on the CPU",
}


def check_trainable() -> Iterator[Finding]:
    """The largest model that is forecast to fit for each way to train, and what is assumed."""
    device = find_device()
    memory = _find_memory(device)
    if memory is None:
        yield Finding("largest models", "ok", "this system does not report its memory, so it is not known what fits")
        return
    for each in find_trainable_sizes(memory, "cuda" if device.kind == "cuda" else "cpu", machine_memory()[0]):
        if each.way == "qlora" and device.kind == "mps":
            text = f"{_WAYS[each.way]}: none, because bitsandbytes has no 4-bit kernels for the GPU of a Mac"
        else:
            text = _describe(each)
        yield Finding("largest models", "ok", text)
    tokens, _, batch, _ = sizing_settings()
    about = "the free memory" if device.kind == "cpu" else "one of these GPUs" if len(device.indices) > 1 else "this GPU"
    assumed = f"forecast for {about}, examples of {tokens:,} tokens in batches of {batch}, and bfloat16"
    yield Finding("largest models", "ok", f"{assumed}; `bench plan` forecasts your own model")


def _describe(size: TrainableSize) -> str:
    if not size.size:
        return f"{_WAYS[size.way]}: no model from 135M on fits"
    text = f"{_WAYS[size.way]}: up to {size.size} ({size.model}), {_STEPS[size.step]}"
    if size.step == "as-planned":
        return text
    return f"{text}; without the memory ladder {f'up to {size.as_planned}' if size.as_planned else 'none'}"


def _find_memory(device: Device) -> int | None:
    """The bytes that a training may take: those of one GPU, or what is free now."""
    import torch

    if device.kind == "cuda":
        return int(torch.cuda.get_device_properties(0).total_memory)
    if device.kind == "mps":
        return int(torch.mps.recommended_max_memory())
    return machine_memory()[1]
