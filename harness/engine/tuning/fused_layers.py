"""Layers of transformers that take less time in another way, with the same results to rounding, while a model trains."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from harness.engine.distributed import is_sharded
from harness.engine.models import computes_itself, is_faster_linear, product_forward, replaced_forwards
from harness.engine.tuning.cpu_attention import cpu_attention
from harness.engine.tuning.fused_gates import fused_gates
from harness.engine.tuning.fused_norms import fused_norms
from harness.engine.tuning.fused_rotations import fused_rotations
from harness.engine.tuning.token_functions import PLAIN, compiled
from harness.measure import usable_cores
from harness.types import Choice

# Weights times tokens for each core, from which a training compiles: with SmolLM2-135M and a Xeon, one of 10 minutes. On one thread, it
# saves a seventh; on two that share a core, one round saved an eighth and another took a twelfth longer. Compiling takes half a minute, and
# 4 to 8 seconds where the machine has compiled the same before. No GPU was measured: there, a recipe asks for it.
_LEAST_WORK = 2.5e13
_COMPILING = ("cpu", "cuda")  # kinds of devices: torch compiles C++ for a CPU, and Triton for a GPU


@contextlib.contextmanager
def fused_layers(model: Any, kind: str, *, compiles: bool = False) -> Iterator[None]:
    """Inside this context, a model that trains on a CPU computes attention, norms and products as `cpu_attention`, `fused_norms` and
    `product_forward` say.

    Args:
        kind: of the device. On another than a CPU, where these were not measured, only what is compiled changes.
        compiles: whether what is computed for each token by itself is compiled, with that of gated layers and rotary positions. The plain
            functions of those take no less time than transformers.
    """
    compiles = compiles and kind in _COMPILING
    functions = compiled() if compiles else PLAIN
    with contextlib.ExitStack() as stack:
        if kind == "cpu":
            stack.enter_context(cpu_attention())
            stack.enter_context(_faster_products(model))
        if kind == "cpu" or compiles:
            stack.enter_context(fused_norms(model, functions))
        if compiles:
            stack.enter_context(fused_gates(model, functions))
            stack.enter_context(fused_rotations(model, functions))
        yield


def _faster_products(model: Any) -> contextlib.AbstractContextManager[None]:
    """Linear layers compute as `product_forward` says, but those under an adapter, which is one function with its layer."""
    modules = [] if is_sharded(model) else list(model.modules())
    adapted = {module.base_layer for module in modules if hasattr(module, "base_layer")}
    layers = [each for each in modules if is_faster_linear(each) and computes_itself(each) and each not in adapted]
    return replaced_forwards({layer: product_forward(layer) for layer in layers})


def pays_to_compile(choice: Choice, kind: str, dtype: str, parameters: int, tokens: float) -> bool:
    """Whether a training compiles what it can.

    Args:
        kind: of the device.
        dtype: that the device computes in. In float16, products of gradients in the compiled functions would overflow.
        parameters: of the model.
        tokens: in all epochs, padding not counted.
    """
    is_long = choice == "auto" and kind == "cpu" and parameters * tokens >= _LEAST_WORK * usable_cores()
    return dtype != "float16" and (choice == "on" or is_long)
