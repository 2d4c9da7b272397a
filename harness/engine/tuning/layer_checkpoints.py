"""Gradient checkpointing: activations inside a layer are not kept, but computed again for the backward pass."""

from __future__ import annotations

from typing import Any

from harness.engine.tuning.keyed_dropout import KeyedRandom

_THROUGH_THE_CACHE = (
    "PREFIX_TUNING",
    "CARTRIDGE",
)  # their trained vectors reach the layers as a cache, which checkpointed layers do not get


def find_checkpointing_problem(model: Any, peft_type: str | None) -> str | None:
    """Why a model cannot be trained with gradient checkpointing; None if it can.

    Args:
        model: the base model, also one on the meta device.
        peft_type: PEFT's name of the method, such as LORA; None without an adapter.
    """
    if peft_type in _THROUGH_THE_CACHE:
        return f"{peft_type} passes its trained vectors to the layers as a key-value cache, which cannot be combined with it"
    if not getattr(model, "supports_gradient_checkpointing", False):
        return f"{type(model).__name__} does not support it"
    return None


def checkpoint_layers(model: Any, random: KeyedRandom) -> None:
    """Keep only what enters each layer. Layers that are computed again get the dropout masks of the first time."""
    base = _base(model)
    base.activation_checkpointing_enable(
        {
            "use_reentrant": False,
            "preserve_rng_state": False,  # dropout does not depend on it, and it costs a copy per layer
            "context_fn": random.recomputation,
        }
    )
    base.disable_input_require_grads()  # needed for reentrant checkpoints only; gradients of the embeddings would cost time


def keep_activations(model: Any) -> None:
    """Undo `checkpoint_layers`."""
    base = _base(model)
    if base.supports_gradient_checkpointing:
        base.activation_checkpointing_disable()


def _base(model: Any) -> Any:
    return model.get_base_model() if hasattr(model, "get_base_model") else model
