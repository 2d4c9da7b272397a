"""Layers of transformers that take less time on a CPU in another way, with the same results to rounding, while a model trains."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from harness.engine.tuning.cpu_attention import cpu_attention
from harness.engine.tuning.fused_norms import fused_norms


@contextlib.contextmanager
def cpu_layers(model: Any, kind: str) -> Iterator[None]:
    """Inside this context, attention and norms of a model that trains on a CPU are computed as `cpu_attention` and `fused_norms` say.

    Args:
        kind: of the device. Nothing changes on another than a CPU, where these were not measured.
    """
    if kind != "cpu":
        yield
        return
    with cpu_attention(), fused_norms(model):
        yield
