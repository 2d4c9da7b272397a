"""A strategy applied to a model: which weights are trained, and how the result is stored."""

from __future__ import annotations

import warnings
from typing import Any

from harness.engine.adapters.adalora import freeze_rank_counts
from harness.engine.adapters.full_precision import widen_copies
from harness.engine.adapters.peft_methods import adapter_config, peft_type
from harness.engine.inference import plain_cache
from harness.errors import BenchError, first_line
from harness.types import Shape, Strategy

# What PEFT raises for an adapter that does not fit; much of it is never checked, but fails somewhere on the way.
_PEFT_ERRORS = (
    ValueError, TypeError, KeyError, AttributeError, RuntimeError, AssertionError, ImportError, IndexError, StopIteration,
)  # fmt: skip


def check_adapter(strategy: Strategy, steps: int | None = None) -> None:
    """Find out before any cell starts whether PEFT accepts the strategy's adapter, and whether it can work here.

    Args:
        steps: how many optimizer steps a training takes, for methods that plan by it; None: any.

    Raises:
        BenchError: with PEFT's own reason, or the fields that its config class knows, or why the method is refused.
    """
    if strategy.method == "peft":
        adapter_config(strategy, "decoder", steps)


def adapt(model: Any, strategy: Strategy, seed: int, *, shape: Shape = "decoder", steps: int | None = None) -> Any:
    """The model ready for training: all weights for `full`, an adapter on a frozen model for `peft`.

    Args:
        steps: how many optimizer steps the training will take, for methods that plan by it (AdaLoRA); None: it is not known yet.

    Adapter weights are drawn from `seed` and kept in float32, PEFT's default. `prepare_model_for_kbit_training` is left out on purpose: it
    would cast the frozen rest to float32 and turn gradient checkpointing on, and quantization must be the only difference to LoRA.

    Raises:
        BenchError: when the adapter does not fit the model.
    """
    import torch

    torch.manual_seed(seed)
    if strategy.method == "full":
        return model.requires_grad_(True)
    config = adapter_config(strategy, shape, steps, model)
    if config.is_prompt_learning:
        _require_prefix(model, strategy, shape)
    adapted = _wrapped(model, config, strategy)
    if trainable_parameters(adapted) == 0 and any(p.numel() for p in model.parameters()):
        raise BenchError(f"the adapter of '{strategy.name}' trains nothing of this model")
    return adapted


def trainable_parameters(model: Any) -> int:
    """How many numbers are trained."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _wrapped(model: Any, config: Any, strategy: Strategy) -> Any:
    import torch
    from peft import get_peft_model

    kind = peft_type(strategy)
    on_meta = any(p.is_meta for p in model.parameters())
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            adapted = get_peft_model(model, config)
        type(config).from_peft_type(**config.to_dict())  # what is stored must be readable
    except torch.cuda.OutOfMemoryError:
        raise
    except _PEFT_ERRORS as error:
        if on_meta and isinstance(error, NotImplementedError) and "meta" in str(error):  # made from weights, which are not here yet
            return model
        reason = first_line(error) or type(error).__name__
        if "specify `target_modules`" in reason:
            family = model.config.model_type
            reason = f"PEFT does not know which layers of the model type {family} {kind} is for: name them as adapter.target_modules"
        raise BenchError(f"the adapter of '{strategy.name}' does not fit this model: {reason}") from None
    # PEFT goes on with other values than those that it was given, and says so in a warning.
    changed = [str(warning.message) for warning in heard if "Adjusted" in str(warning.message)]
    if changed:
        raise BenchError(f"the adapter of '{strategy.name}' does not fit this model: {changed[0].splitlines()[0]}")
    widen_copies(adapted)
    freeze_rank_counts(adapted)
    return adapted


def _require_prefix(model: Any, strategy: Strategy, shape: Shape) -> None:
    begin = f"strategy '{strategy.name}': {peft_type(strategy)} puts virtual tokens in front of the prompt, which works on"
    if shape != "decoder":
        raise BenchError(f"{begin} decoders alone; this model is an {shape}")
    if not plain_cache(model.config):
        raise BenchError(
            f"{begin} models whose every layer sees all tokens; this one ({model.config.model_type}) has sliding windows or recurrences"
        )
