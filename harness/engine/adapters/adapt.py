"""A strategy applied to a model: which weights are trained."""

from __future__ import annotations

import warnings
from typing import Any

from harness.engine.adapters.adalora import freeze_rank_counts
from harness.engine.adapters.full_precision import widen_copies
from harness.engine.adapters.peft_methods import adapter_config, peft_type
from harness.engine.inference import plain_cache
from harness.errors import BenchError, first_line
from harness.types import Shape, Strategy

# What PEFT raises for an adapter that does not fit. It checks little beforehand, so that much fails somewhere inside it.
_PEFT_ERRORS = (
    ValueError, TypeError, KeyError, AttributeError, RuntimeError, AssertionError, ImportError, IndexError, StopIteration,
)  # fmt: skip


def check_adapter(strategy: Strategy, steps: int | None = None) -> None:
    """Check, before any cell starts, that PEFT accepts the strategy's adapter and that it can work here.

    Args:
        steps: the optimizer steps of a training, for methods that plan by them; None: any number.

    Raises:
        BenchError: with PEFT's own reason, with the fields that its configuration knows, or with the reason why the method is refused.
    """
    if strategy.has_adapter:
        adapter_config(strategy, "decoder", steps)


def adapt(model: Any, strategy: Strategy, seed: int, *, shape: Shape = "decoder", steps: int | None = None) -> Any:
    """Prepare the model for training: all weights for `full`, an adapter with new weights on a frozen model for all others.

    Adapter weights are drawn from `seed` and stay in float32, PEFT's default. `prepare_model_for_kbit_training` is deliberately not
    called: it would cast the frozen weights to float32 and turn on gradient checkpointing, but quantization must be the only difference
    between QLoRA and LoRA.

    Args:
        steps: the optimizer steps of the training, for methods that plan by them (AdaLoRA); None: not known yet.

    Raises:
        BenchError: the adapter does not fit the model.
    """
    import torch

    torch.manual_seed(seed)
    if strategy.method == "full":
        return model.requires_grad_(True)
    config = adapter_config(strategy, shape, steps, model)
    if config.is_prompt_learning:
        _require_virtual_token_support(model, strategy, shape)
    adapted = _with_adapter(model, config, strategy)
    if trainable_parameters(adapted) == 0 and any(p.numel() for p in model.parameters()):
        raise BenchError(f"the adapter of '{strategy.name}' trains nothing of this model")
    return adapted


def trainable_parameters(model: Any) -> int:
    """The number of trained weights."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _with_adapter(model: Any, config: Any, strategy: Strategy) -> Any:
    import torch
    from peft import get_peft_model

    refusal = f"the adapter of '{strategy.name}' does not fit this model"
    on_meta = any(p.is_meta for p in model.parameters())
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            adapted = get_peft_model(model, config)
        type(config).from_peft_type(**config.to_dict())  # the stored configuration must be readable
    except torch.cuda.OutOfMemoryError:
        raise
    except _PEFT_ERRORS as error:
        if (
            on_meta and isinstance(error, NotImplementedError) and "meta" in str(error)
        ):  # it is computed from weights, which are missing here
            return model
        raise BenchError(f"{refusal}: {_reason(error, model, strategy)}") from None
    # PEFT continues with other values than those it was given, and only warns about it.
    adjusted = [str(warning.message) for warning in caught if "Adjusted" in str(warning.message)]
    if adjusted:
        raise BenchError(f"{refusal}: {adjusted[0].splitlines()[0]}")
    widen_copies(adapted)
    freeze_rank_counts(adapted)
    return adapted


def _reason(error: Exception, model: Any, strategy: Strategy) -> str:
    """PEFT's reason, in words that name the strategy's field if a layer must be named."""
    reason = first_line(error) or type(error).__name__
    if "specify `target_modules`" not in reason:
        return reason
    kind, family = peft_type(strategy), model.config.model_type
    return f"PEFT does not know which layers {kind} adapts in models of the type {family}: name them as adapter.target_modules"


def _require_virtual_token_support(model: Any, strategy: Strategy, shape: Shape) -> None:
    refusal = f"strategy '{strategy.name}': {peft_type(strategy)} puts virtual tokens in front of the prompt, which works on"
    if shape != "decoder":
        raise BenchError(f"{refusal} decoders only; this model is an {shape}")
    if not plain_cache(model.config):
        raise BenchError(
            f"{refusal} models whose every layer sees all tokens; this one ({model.config.model_type}) has sliding windows or recurrences"
        )
