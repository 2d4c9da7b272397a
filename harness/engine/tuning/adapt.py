"""A strategy applied to a model: which weights are trained, and how the result is stored."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from harness.engine.inference import plain_cache
from harness.engine.tuning.adalora import freeze_rank_counts
from harness.engine.tuning.full_precision import read_widened, widen_copies
from harness.engine.tuning.peft_methods import adapter_config, peft_type
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


def save_artifact(model: Any, tokenizer: Any, folder: Path, *, origin: str, revision: str | None) -> int:
    """Store the adapter (PEFT's format) or the whole model as safetensors, with its tokenizer; returns bytes on disk.

    Args:
        origin, revision: how people know the base model; the path of this machine, which PEFT would write, stays out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.config._name_or_path = tokenizer.name_or_path = origin
    for config in getattr(model, "peft_config", {}).values():
        config.base_model_name_or_path, config.revision = origin, revision
        if getattr(config, "tokenizer_name_or_path", None):
            config.tokenizer_name_or_path = origin
    # PEFT would ask the Hub whether the vocabulary has grown, and store the embeddings if so; it never grows here.
    options = {"save_embedding_layers": False} if hasattr(model, "peft_config") else {}
    model.save_pretrained(folder, safe_serialization=True, **options)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty model card says nothing true
    tokenizer.save_pretrained(folder)
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def virtual_tokens(strategy: Strategy) -> int:
    """How many tokens of the context the strategy's soft prompt or prefix takes; 0 for methods without one."""
    count = strategy.adapter.get("num_virtual_tokens", 0)
    return count if isinstance(count, int) else 0


def load_adapter(model: Any, folder: Path) -> Any:
    """A freshly loaded base model with a stored adapter on it.

    Raises:
        BenchError: when the adapter does not fit the base model.
    """
    from peft import PeftModel

    try:
        tuned = PeftModel.from_pretrained(model, str(folder), is_trainable=False)
        read_widened(widen_copies(tuned), folder)
    except (RuntimeError, ValueError, KeyError) as error:
        reason = " ".join(line.strip() for line in str(error).splitlines()[:3])  # the first line of torch's says only that it failed
        raise BenchError(f"{folder}: does not fit the base model: {reason or first_line(error)}") from None
    return tuned


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
