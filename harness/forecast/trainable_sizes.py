"""The largest public model that can be trained on a device in each way, from a table of what they take at least.

The table is computed as docs/sizing.md is, with the same assumptions, and shipped, because computing it takes a minute.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from harness.engine.tuning import MICRO_BATCH_TOKENS, list_restarts
from harness.forecast.cell_planning import formats_on, target_of_table
from harness.forecast.memory_forecast import PLACEMENTS, DeviceKind, Placement, training_memory
from harness.forecast.model_outline import ModelOutline
from harness.forecast.public_models import write_public_model
from harness.forecast.sizing import SIZES, SIZING_DEVICES, WAYS, training_on_tokens
from harness.forecast.watched_steps import watch_training
from harness.measure import get_devices
from harness.types import MemoryStep

TRAINABLE_SIZES = {"135M": "SmolLM2-135M", "360M": "SmolLM2-360M", **SIZES}
_FILE = Path(__file__).with_name("trainable_sizes.yaml")
_KINDS: tuple[DeviceKind, ...] = ("cuda", "cpu")
_MIB = 2**20
# What a step of the ladder moves to the memory of the CPU, in bytes for each weight: both states of AdamW, or weights in 16 bits.
_MOVED = {("full", "offloaded-optimizer"): 8, ("lora", "offloaded-weights"): 2}


@dataclass(frozen=True)
class TrainableSize:
    """The largest model of the table that fits a device in one way, as planned or with the memory ladder.

    Attributes:
        size, model: such as "8B" and "Llama-3.1-8B"; empty if none fits.
        step: the first step of the ladder with which it fits.
        as_planned: the size of the largest model that fits without the ladder; empty if none does.
    """

    way: str
    size: str
    model: str
    step: MemoryStep
    as_planned: str


def find_trainable_sizes(memory: int, kind: DeviceKind, host_memory: int | None = None) -> list[TrainableSize]:
    """For each way to train, the largest model that fits.

    Args:
        memory: bytes of the device.
        host_memory: bytes of the CPU, to which the ladder may move states or weights; None: enough.
    """
    return [_find_size(way, memory / _MIB, host_memory, needs) for way, needs in _read_table()[kind].items()]


def count_least_memory(sizes: tuple[str, ...]) -> dict[str, dict[str, dict[str, dict[str, int]]]]:
    """The memory in MiB that a training takes at least, by kind of device, way, size and step of the memory ladder."""
    table: dict[str, dict[str, dict[str, dict[str, int]]]] = {
        kind: {way: {} for way, strategy in WAYS.items() if strategy.train is not None} for kind in _KINDS
    }
    for size in sizes:
        for way in table["cuda"]:
            with tempfile.TemporaryDirectory() as folder:
                outline = ModelOutline(write_public_model(TRAINABLE_SIZES[size], Path(folder)), WAYS[way])
            for kind in _KINDS:
                table[kind][way][size] = dict(_count_steps(outline, kind))
    return table


def least_memory_to_yaml(sizes: tuple[str, ...] = tuple(TRAINABLE_SIZES)) -> str:
    """The file of the table, for `make sizing`."""
    head = (
        "# What a training takes at least, in MiB, by kind of device, way, size and step of the memory ladder. Written by `make sizing`.\n"
    )
    return head + yaml.safe_dump(count_least_memory(sizes), sort_keys=False, default_flow_style=None, width=140)


def _count_steps(outline: ModelOutline, kind: DeviceKind) -> Iterator[tuple[MemoryStep, int]]:
    formats = formats_on(target_of_table(get_devices(SIZING_DEVICES[:1])[0]))
    for step in ("as-planned", "smaller-micro-batches", "gradient-checkpointing", *list_restarts(outline.strategy, kind)):
        work = training_on_tokens(MICRO_BATCH_TOKENS[kind] if step == "as-planned" else 1)
        checkpointing = step not in ("as-planned", "smaller-micro-batches")
        counts = watch_training(outline, formats, work.batch, checkpointing=checkpointing)
        placement = PLACEMENTS.get(step, Placement())
        later = counts if work.later is not None else None
        parts = training_memory(outline, formats, counts, kind, later=later, placement=placement)
        yield step, round(parts.total / _MIB)


def _find_size(way: str, memory: float, host_memory: int | None, needs: Mapping[str, Mapping[MemoryStep, int]]) -> TrainableSize:
    largest = TrainableSize(way, "", "", "as-planned", "")
    for size, steps in needs.items():  # from small to large
        moved = {step: _MOVED.get((way, step), 0) * weights_of_size(size) for step in steps}
        has_room = {step for step, size_there in moved.items() if host_memory is None or size_there <= host_memory}
        step = next((step for step, least in steps.items() if least <= memory and step in has_room), None)
        if step is not None:
            as_planned = size if step == "as-planned" else largest.as_planned
            largest = TrainableSize(way, size, TRAINABLE_SIZES[size], step, as_planned)
    return largest


def weights_of_size(size: str) -> float:
    """The number of weights that "135M" or "8B" stands for."""
    return float(size[:-1]) * {"M": 1e6, "B": 1e9}[size[-1]]


@lru_cache(maxsize=1)
def _read_table() -> dict[DeviceKind, dict[str, dict[str, dict[MemoryStep, int]]]]:
    table: dict[DeviceKind, dict[str, dict[str, dict[MemoryStep, int]]]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return table
