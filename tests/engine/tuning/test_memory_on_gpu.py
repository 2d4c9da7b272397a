"""What only a GPU can show: memory that training options save, and the ladder after a real out-of-memory error."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.engine.adapters import adapt
from harness.engine.models import Device, find_device, offload_layers
from harness.engine.tuning import EncodedExample, Progress, token_functions, train
from harness.measure import Meter
from harness.types import LadderPlace, Strategy, TrainingSummary, TrainSpec
from tests.in_process import new_accelerator

pytestmark = pytest.mark.gpu

LORA = {"peft_type": "LORA", "r": 8, "lora_dropout": 0.1, "target_modules": "all-linear"}
ROWS = [EncodedExample(tuple(3 + (i * k) % 900 for k in range(1, 400)), tuple(5 + (i + k) % 900 for k in range(100)), i) for i in range(8)]


@pytest.fixture(scope="module")
def device() -> Device:
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    return find_device("bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16")


def middle_sized() -> Any:
    """A decoder of 200 million random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    sizes = {"hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 16, "num_attention_heads": 16}
    return LlamaForCausalLM(LlamaConfig(vocab_size=1000, **sizes, max_position_embeddings=1024))


def train_here(
    folder: Path, device: Device, *, adapter: dict[str, Any] | None = None, step: Any = "as-planned", stop_at: int = 0, **recipe: Any
) -> Any:
    """Train 4 steps; returns the summary, the losses and the peak of allocated memory in bytes. `stop_at` interrupts it."""
    spec = TrainSpec(**{"epochs": 2, "batch_size": 4, "learning_rate": 1e-4, "validations_per_epoch": 1} | recipe)
    strategy = Strategy(name="s", method="peft" if adapter else "full", adapter=adapter or {}, train=spec)
    model = middle_sized()
    if spec.weights == "bfloat16" or adapter:
        model.to(torch.bfloat16)
    if step == "offloaded-weights":
        offload_layers(model, "cuda")
    else:
        model.to("cuda")
    model = adapt(model, strategy, 3)

    def progress(now: Progress) -> None:
        if now.step == stop_at:
            raise KeyboardInterrupt

    gc.collect()  # the models of earlier trainings, which hold their memory until then
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    with new_accelerator():
        summary: TrainingSummary = train(
            model, ROWS, ROWS[:2], spec, parameters=0, seed=3, pad_id=0, device=device, meter=Meter("cuda", device.name, None),
            curve=folder / "training.jsonl", checkpoint=folder / "checkpoint", place=LadderPlace(step),
            progress=progress, checkpoint_every=0.0 if stop_at else 1e9,
        )  # fmt: skip
    lines = [json.loads(line) for line in (folder / "training.jsonl").read_text().splitlines()]
    return summary, [line["loss"] for line in lines if "loss" in line], torch.cuda.max_memory_allocated()


def test_checkpointing_saves_activations_and_changes_no_loss(tmp_path: Path, device: Device) -> None:
    _, kept, peak = train_here(tmp_path / "kept", device, adapter=LORA)
    _, again, lower = train_here(tmp_path / "again", device, adapter=LORA, gradient_checkpointing="on")
    assert lower < 0.7 * peak
    assert again == pytest.approx(kept, rel=1e-2)  # bfloat16


def test_compiled_layers_save_memory_and_change_no_loss(tmp_path: Path, device: Device) -> None:
    _, plain, peak = train_here(tmp_path / "plain", device, adapter=LORA, compilation="off")
    token_functions.compiled.cache_clear()
    train_here(tmp_path / "first", device, adapter=LORA, compilation="on")  # holds the results of both ways at once
    _, compiled, lower = train_here(tmp_path / "compiled", device, adapter=LORA, compilation="on")
    assert compiled == pytest.approx(plain, rel=1e-2)  # bfloat16
    assert lower < peak
    works = [list(function._works.values()) for function in token_functions.compiled()]
    assert all(each and all(each) for each in works), "each was compiled, and computes the same as the plain one"


def test_optimizers_and_formats_save_the_memory_that_the_documentation_says(tmp_path: Path, device: Device) -> None:
    """Bytes per weight: strategies/README.md. Activations of one example come on top of all of them."""
    options = {"micro_batch_tokens": 1, "gradient_checkpointing": "on"}
    weights = sum(p.numel() for p in middle_sized().parameters())
    peaks = {}
    for name, recipe in {
        "adamw": {}, "adamw_8bit": {"optimizer": "adamw_8bit"}, "bfloat16": {"weights": "bfloat16"},
        "compensated": {"weights": "bfloat16", "updates": "compensated"},
        "adamw_8bit, bfloat16": {"optimizer": "adamw_8bit", "weights": "bfloat16"},
    }.items():  # fmt: skip
        _, losses, peak = train_here(tmp_path / name, device, **options, **recipe)
        assert losses[-1] < losses[0]
        peaks[name] = peak / weights
    assert peaks["adamw"] - peaks["adamw_8bit"] > 4
    assert peaks["adamw"] - peaks["bfloat16"] > 2.5
    assert peaks["compensated"] - peaks["bfloat16"] == pytest.approx(2, abs=0.2)
    assert peaks["adamw_8bit, bfloat16"] < 10


@pytest.mark.parametrize("optimizer", ["adamw_8bit", "paged_adamw_8bit", "paged_adamw_32bit"])
def test_optimizers_of_bitsandbytes_resume_exactly(tmp_path: Path, device: Device, optimizer: str) -> None:
    _, whole, _ = train_here(tmp_path / "whole", device, optimizer=optimizer)
    with pytest.raises(KeyboardInterrupt):
        train_here(tmp_path / "parts", device, optimizer=optimizer, stop_at=3)
    _, again, _ = train_here(tmp_path / "parts", device, optimizer=optimizer)
    assert again == pytest.approx(whole, rel=1e-2)


@pytest.mark.parametrize("step", ["offloaded-optimizer", "offloaded-weights"])
def test_offloading_changes_no_loss_and_saves_memory(tmp_path: Path, device: Device, step: str) -> None:
    adapter = LORA if step == "offloaded-weights" else None
    _, here, peak = train_here(tmp_path / "here", device, adapter=adapter, gradient_checkpointing="on", micro_batch_tokens=512)
    _, away, lower = train_here(tmp_path / "away", device, adapter=adapter, step=step, micro_batch_tokens=512)
    assert away == pytest.approx(here, rel=1e-2)
    assert lower < peak


def test_the_ladder_after_a_real_out_of_memory_error(tmp_path: Path, device: Device) -> None:
    _, plenty, peak = train_here(tmp_path / "plenty", device, adapter=LORA)
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(0.5 * peak / total)
    try:
        summary, losses, _ = train_here(tmp_path / "small", device, adapter=LORA)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert summary.memory.step in ("smaller-micro-batches", "gradient-checkpointing")
    assert losses == pytest.approx(plenty, rel=1e-2)


def test_flash_attention_gives_the_same_losses(tmp_path: Path, device: Device) -> None:
    pytest.importorskip("flash_attn", reason="flash-attn is not installed")
    _, sdpa, _ = train_here(tmp_path / "sdpa", device, adapter=LORA, attention="sdpa")
    _, flash, _ = train_here(tmp_path / "flash", device, adapter=LORA, attention="flash")
    assert flash == pytest.approx(sdpa, rel=1e-2)
