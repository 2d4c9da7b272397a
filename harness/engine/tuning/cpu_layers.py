"""Layers of transformers that take less time on a CPU in another way, with the same results to rounding, while a model trains."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from harness.engine.tuning.cpu_attention import cpu_attention
from harness.engine.tuning.fused_gates import fused_gates
from harness.engine.tuning.fused_norms import fused_norms
from harness.engine.tuning.fused_rotations import fused_rotations
from harness.engine.tuning.token_functions import PLAIN, compiled
from harness.measure import usable_cores
from harness.types import Choice

# Weights times tokens for each core, from which a training compiles: with SmolLM2-135M and a Xeon, one of 10 minutes. On one thread, it
# saves a seventh; on two that share a core, one round saved an eighth and another took a twelfth longer. Compiling takes 20 seconds, and 4
# to 8 where the machine has compiled the same before.
_LEAST_WORK = 2.5e13


@contextlib.contextmanager
def cpu_layers(model: Any, kind: str, *, compiles: bool = False) -> Iterator[None]:
    """Inside this context, attention and norms of a model that trains on a CPU are computed as `cpu_attention` and `fused_norms` say.

    Args:
        kind: of the device. Nothing changes on another than a CPU, where these were not measured.
        compiles: whether what is computed for each token by itself is compiled, with that of gated layers and rotary positions. The plain
            functions of those take no less time than transformers.
    """
    if kind != "cpu":
        yield
        return
    functions = compiled() if compiles else PLAIN
    with cpu_attention(), fused_norms(model, functions), contextlib.ExitStack() as stack:
        if compiles:
            stack.enter_context(fused_gates(model, functions))
            stack.enter_context(fused_rotations(model, functions))
        yield


def pays_to_compile(choice: Choice, parameters: int, tokens: float) -> bool:
    """Whether a training of a model with so many parameters, on so many tokens in all its epochs, padding not counted, compiles what it
    can."""
    return choice == "on" or (choice == "auto" and parameters * tokens >= _LEAST_WORK * usable_cores())
