"""What a recipe asks for that a device or a model cannot do, found before anything is spent."""

from __future__ import annotations

from typing import Any

from harness.engine.adapters import peft_type
from harness.engine.models import Device
from harness.engine.tuning.attention import check_attention, check_flash
from harness.engine.tuning.layer_checkpoints import find_checkpointing_problem
from harness.errors import BenchError
from harness.types import Shape, Strategy


def check_training_device(strategy: Strategy, device: Device) -> None:
    """Check that this device can train as the strategy asks.

    Raises:
        BenchError: with everything that it cannot.
    """
    recipe = strategy.train
    problems: list[str] = []
    if recipe is None:
        return
    if recipe.attention == "flash":
        try:
            check_flash(device)
        except BenchError as error:
            problems += error.problems
    if recipe.weights == "bfloat16" and device.dtype == "float16":
        problems.append("train.weights: bfloat16 is a number format that this GPU does not compute in. Use float32")
    if problems:
        raise BenchError([f"strategy '{strategy.name}': {problem}" for problem in problems])


def list_training_problems(model: Any, shape: Shape, strategy: Strategy) -> list[str]:
    """Why a base model, also one on the meta device, cannot be trained as the strategy asks; empty if it can."""
    recipe = strategy.train
    problems: list[str] = []
    if recipe is None:
        return problems
    if recipe.attention != "auto":
        try:
            check_attention(model, recipe.attention)
        except BenchError as error:
            problems += error.problems
    if recipe.gradient_checkpointing == "on":
        problem = find_checkpointing_problem(model, peft_type(strategy) if strategy.method == "peft" else None)
        problems += [f"train.gradient_checkpointing: {problem}. Use auto or off"] if problem else []
    if not recipe.completion_only and shape != "decoder":
        problems.append(f"train.completion_only: false is for decoders, and this model is an {shape}: remove it")
    if recipe.objective == "dpo" and shape != "decoder":
        problems.append(f"train.objective: dpo is for decoders, and this model is an {shape}: leave the strategy out")
    if recipe.loss_on == "assistant" and shape != "decoder":
        problems.append(f"train.loss_on: assistant is for decoders, and this model is an {shape}: remove it")
    if recipe.weights == "bfloat16" and shape == "encoder":
        problems.append("train.weights: the head of an encoder is trained in float32, and the rest with it: remove it")
    return [f"strategy '{strategy.name}': {problem}" for problem in problems]
