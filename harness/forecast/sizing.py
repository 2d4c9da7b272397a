"""What fits where: public models of six sizes, each used in four ways, on six devices."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.forecast.cell_planning import FittedTraining, fit_training, formats_on, target_of_table
from harness.forecast.memory_forecast import answer_memory
from harness.forecast.model_outline import ModelOutline
from harness.forecast.public_models import write_public_model
from harness.forecast.watched_steps import BatchShape, watch_answers
from harness.forecast.workload import TrainingWork
from harness.measure import get_devices
from harness.types import QuantizationSpec, Strategy, TrainSpec

SIZES = {
    "1B": "Llama-3.2-1B",
    "3B": "Llama-3.2-3B",
    "8B": "Llama-3.1-8B",
    "14B": "Qwen2.5-14B",
    "32B": "Qwen2.5-32B",
    "70B": "Llama-3.1-70B",
}
SIZING_DEVICES = ("rtx-4090", "rtx-5090", "l40s", "a100-80gb", "h100", "h200")
EXAMPLE_TOKENS, EXAMPLE_TARGETS, BATCH, PROMPTS = 1024, 256, 8, 16
_MILLION = 1_000_000
_ADAPTER = {"peft_type": "LORA", "r": 16, "lora_alpha": 32, "lora_dropout": 0.05, "target_modules": "all-linear"}
WAYS = {
    "base": Strategy(name="base", method="prompt"),
    "full": Strategy(name="full", method="full", train=TrainSpec()),
    "lora": Strategy(name="lora", method="peft", adapter=_ADAPTER, train=TrainSpec()),
    "qlora": Strategy(name="qlora", method="peft", adapter=_ADAPTER, quantization=QuantizationSpec(), train=TrainSpec()),
}


@dataclass(frozen=True)
class SizingRow:
    """One model, used in one way.

    Attributes:
        fitted: by device; for `base`, `seconds` is 0. Otherwise, it is the time to train on a million tokens.
        prices: of that time in USD, by device; None for `base`.
    """

    size: str
    model: str
    way: str
    parameters: int
    fitted: tuple[FittedTraining, ...]
    prices: tuple[float | None, ...]


def sizing_settings() -> tuple[int, int, int, int]:
    """The tokens of an example, those of its target, the effective batch, and the prompts of a batch of answers."""
    return EXAMPLE_TOKENS, EXAMPLE_TARGETS, BATCH, PROMPTS


def build_sizing(sizes: Sequence[str] = tuple(SIZES)) -> Iterator[SizingRow]:
    """The rows of these sizes, from shapes alone."""
    targets = [target_of_table(device) for device in get_devices(SIZING_DEVICES)]
    formats = formats_on(targets[0])
    for size in sizes:
        for way, strategy in WAYS.items():
            with tempfile.TemporaryDirectory() as folder:
                outline = ModelOutline(write_public_model(SIZES[size], Path(folder)), strategy)
            if strategy.train is None:
                answers = watch_answers(outline, formats, BatchShape(PROMPTS, EXAMPLE_TOKENS, 0))
                parts = answer_memory(outline, formats, answers.peak, "cuda", text_batches=1)
                fitted = [FittedTraining("as-planned" if parts.total <= (t.memory or 0) else None, parts, 0.0, 0.0) for t in targets]
            else:
                fitted = [fit_training(outline, target, formats, target.speeds(0), training_on_tokens) for target in targets]
            yield SizingRow(
                size=size,
                model=SIZES[size],
                way=way,
                parameters=outline.sizes.base,
                fitted=tuple(fitted),
                prices=tuple(
                    each.seconds / 3600 * target.price.per_hour if target.price.per_hour and each.seconds else None
                    for each, target in zip(fitted, targets, strict=True)
                ),
            )


def training_on_tokens(budget: int | None) -> TrainingWork:
    """A training on a million tokens, with micro-batches of at most so many; None: of the effective batch."""
    rows = BATCH if budget is None else max(1, min(BATCH, budget // EXAMPLE_TOKENS))
    examples = math.ceil(_MILLION / EXAMPLE_TOKENS)
    batch = BatchShape(rows, EXAMPLE_TOKENS, rows * EXAMPLE_TARGETS, is_padded=rows > 1)
    return TrainingWork(
        batch=batch,
        later=batch if rows < BATCH else None,
        tokens=float(_MILLION),
        micro_batches=examples / rows,
        steps=math.ceil(examples / BATCH),
        validated_tokens=0.0,
    )
