"""The implementation of attention that a training uses. Prediction has its own, which does not depend on the strategy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from harness.engine.models import Device
from harness.errors import BenchError, first_line
from harness.types import Attention

_IMPLEMENTATIONS = {"sdpa": "sdpa", "flash": "flash_attention_2"}  # in transformers
# As the configurations of models name the dropout of their attention weights.
_DROPOUT_FIELDS = ("attention_dropout", "attn_pdrop", "attention_probs_dropout_prob", "attn_dropout", "dropout_rate")


def check_flash(device: Device) -> None:
    """Check that FlashAttention works here.

    Raises:
        BenchError: there is no GPU, the number format is float32, or the package is missing.
    """
    from transformers.utils import is_flash_attn_2_available

    problem = None
    if device.kind != "cuda":
        problem = "needs an NVIDIA or AMD GPU"
    elif device.dtype == "float32":
        problem = "computes in bfloat16 or float16, not in float32"
    elif not is_flash_attn_2_available():
        problem = "needs the package flash-attn, which is not installed or does not work with this GPU (pip install flash-attn)"
    if problem:
        raise BenchError(f"train.attention: flash {problem}. Use sdpa or auto")


def check_attention(model: Any, attention: Attention) -> None:
    """Check that a model, also one on the meta device, has this implementation of attention.

    Raises:
        BenchError: it does not, or its dropout cannot be reproduced with it.
    """
    with using_attention(model, attention):
        pass


@contextlib.contextmanager
def using_attention(model: Any, attention: Attention) -> Iterator[None]:
    """Inside this context, the model computes attention in this way.

    Raises:
        BenchError: it cannot.
    """
    if attention == "auto":
        yield
        return
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    config = base.config.get_text_config()
    before, wanted = config._attn_implementation, _IMPLEMENTATIONS[attention]
    dropout = next((name for name in _DROPOUT_FIELDS if getattr(config, name, None)), None)
    if attention == "flash" and dropout:
        raise BenchError(
            "train.attention: flash draws dropout masks of its own, which would depend on how a batch is cut, and this model has "
            f"{dropout} {getattr(config, dropout)}. Use sdpa or auto"
        )
    _set(base, wanted, attention)
    try:
        yield
    finally:
        _set(base, before, attention)


def _set(base: Any, implementation: str, attention: Attention) -> None:
    try:
        base.set_attn_implementation(implementation)
    except (ValueError, ImportError) as error:
        raise BenchError(f"train.attention: {attention} does not work for {type(base).__name__}: {first_line(error)}") from None
    if base.config.get_text_config()._attn_implementation != implementation:  # transformers only warns
        raise BenchError(f"train.attention: {type(base).__name__} has one implementation of attention only. Use auto")
