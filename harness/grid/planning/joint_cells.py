"""Which cells may take the steps of their trainings together: adapters of LoRA on one base model."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import pairwise

from harness.store import RunPlan
from harness.types import Cell, Strategy

MOST_TOGETHER = 8  # more share no more: a micro-batch is full long before
# Fields of PEFT's LoRA that a joint training understands. In those of the second set, its cells may differ.
_EQUAL_FIELDS = {
    "peft_type", "lora_dropout", "target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", "init_lora_weights",
}  # fmt: skip
_OWN_FIELDS = {"r", "lora_alpha", "use_rslora", "rank_pattern", "alpha_pattern"}


def group_joint_cells(plan: RunPlan, cells: Sequence[Cell]) -> list[list[Cell]]:
    """The cells of the grid among these that may train together, in groups of 2 to 8 that are as even as possible."""
    if plan.options["dtype"] == "float16":  # one scale for the gradients of all of them
        return []
    groups: dict[str, list[Cell]] = {}
    planned = {cell.id for cell in plan.cells}
    for cell in cells:
        strategy = plan.get_strategy(cell)
        if cell.id in planned and plan.models[cell.model].shape == "decoder" and can_train_jointly(strategy):
            groups.setdefault(_key(cell, strategy), []).append(cell)
    return [part for group in groups.values() if len(group) > 1 for part in _cut(group)]


def _cut(group: Sequence[Cell]) -> list[list[Cell]]:
    parts = math.ceil(len(group) / MOST_TOGETHER)
    ends = [len(group) * part // parts for part in range(parts + 1)]
    return [list(group[begin:end]) for begin, end in pairwise(ends)]


def can_train_jointly(strategy: Strategy) -> bool:
    """Whether a strategy is plain LoRA, without options that concern a whole step."""
    train = strategy.train
    if train is None or strategy.method != "peft" or strategy.start_from is not None or strategy.adapter.get("peft_type") != "LORA":
        return False
    is_plain = set(strategy.adapter) <= _EQUAL_FIELDS | _OWN_FIELDS and strategy.adapter.get("init_lora_weights", True) in (
        True,
        "gaussian",
    )
    return is_plain and train.objective == "likelihood" and train.neftune is None


def _key(cell: Cell, strategy: Strategy) -> str:
    """What is equal in all cells that train together."""
    train, quantization = strategy.train, strategy.quantization
    assert train is not None
    adapter = {name: strategy.adapter[name] for name in sorted(_EQUAL_FIELDS & set(strategy.adapter))}
    packed = None if quantization is None else [quantization.type, quantization.double_quantization]
    passes = [train.attention, train.compilation, train.gradient_checkpointing, train.micro_batch_tokens]
    return json.dumps([cell.model, packed, adapter, *passes])
