"""The texts of the page that shows which model fits which device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.measure import device_table, get_devices
from harness.reporting.wording import numbers
from harness.reporting.wording.names import strategy_name
from harness.types import MemoryStep

if TYPE_CHECKING:  # reading a run imports no engine, on which forecasts rest
    from harness.forecast import FittedTraining, SizingRow

TITLE = "Which model fits which GPU"
INTRODUCTION = (
    "A forecast from the shapes of public models, written by `make sizing`. For your own model and data, use\n"
    "`bench plan --task summarization --strategies lora,qlora --model tiny --device rtx-4090,h100`: any model will do whose config.json\n"
    "is here or on the Hub."
)
_SIGNS: dict[MemoryStep, str] = {
    "as-planned": "A",
    "smaller-micro-batches": "B",
    "gradient-checkpointing": "C",
    "offloaded-optimizer": "D",
    "offloaded-weights": "E",
}
LEGEND = (
    "The letters name the first step of the memory ladder that fits: **A** as planned, **B** with smaller micro-batches, **C** with",
    "gradient checkpointing, too, **D** with the optimizer's states on the CPU, too, **E** with frozen weights on the CPU, too; **–** does",
    "not fit. The price is that of training on a million tokens, padding included. “Needs” is the peak memory on the last GPU,",
    "or, where it does not fit, the least that it takes on one GPU.",
)


def headings() -> list[str]:
    """The columns."""
    from harness.forecast import SIZING_DEVICES

    named = [f"{device.name} ({device.memory / 2**30:.0f} GiB)" for device in get_devices(SIZING_DEVICES)]
    return ["Model", "Way", "Needs", *named]


def describe_row(row: SizingRow) -> list[str]:
    """The cells of a row."""
    devices = [_describe(fitted, price) for fitted, price in zip(row.fitted, row.prices, strict=True)]
    return [f"{row.size} ({row.model})", strategy_name(row.way), numbers.size(row.fitted[-1].parts.total), *devices]


def _describe(fitted: FittedTraining, price: float | None) -> str:
    if fitted.step is None:
        return "–"
    return _SIGNS[fitted.step] if price is None else f"{_SIGNS[fitted.step]} · {numbers.money(price, 'USD')}"


def notes() -> list[str]:
    """What the numbers assume, and how they were checked."""
    from harness.forecast import sizing_settings

    tokens, targets, batch, prompts = sizing_settings()
    table = device_table()
    return [
        "## What is assumed",
        "",
        f"- Training: examples of {tokens:,} tokens, {targets} of them targets; effective batches of {batch}; bfloat16 with autocast. Full",
        "  fine-tuning keeps weights, gradients and both states of AdamW in float32. LoRA has rank 16 on all linear layers.",
        f"- The untuned model answers {prompts} prompts of {tokens:,} tokens at a time.",
        "- Memory includes 500 MiB for the context of CUDA, and 7% of what comes and goes for gaps between tensors.",
        f"- Sizes and speeds: {table.sizes_source}.",
        f"- Prices: {table.prices_source}. Time is computed from 60% of the peak of matrix products and 80% of the bandwidth, and was not",
        "  measured on these devices.",
        "",
        "## How far it can be trusted",
        "",
        "Tests compare the forecast with published measurements, with their settings; all are within 15%:",
        "",
        "| source | measured | forecast |",
        "| --- | --- | --- |",
        "| PEFT's comparison of methods, Llama 3.2 3B, full fine-tuning in bfloat16 | 36.2 GiB reserved | 35.8 GiB |",
        "| the same, LoRA of rank 32 on q and v | 20.7 GiB reserved | 22.0 GiB |",
        "| torchtune, Llama 3.1 8B, LoRA on an RTX 4090 | 16.2 GiB | 17.2 GiB |",
        "| the same, QLoRA | 7.4 GiB | 8.3 GiB |",
        "| QLoRA's paper: 65B with paged states | fits 48 GB | fits: 40.2 GiB |",
        "",
        "LLaMA-Factory's table (7B: full fine-tuning in bfloat16 60 GB, LoRA 16 GB, QLoRA 6 GB) states neither lengths nor batches. With",
        "one example of 1,024 tokens, LoRA and QLoRA are within 15%. So is full fine-tuning without the memory that torch's AdamW uses",
        "for a step; with it, the forecast is 70 GB.",
    ]
