"""A strategy applied to a model: which weights are trained, and how the result is stored."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from harness.errors import BenchError, did_you_mean, first_line
from harness.models.quiet import quiet_libraries
from harness.types import Shape, Strategy

_TASK_TYPES: dict[Shape, str] = {"decoder": "CAUSAL_LM", "encoder-decoder": "SEQ_2_SEQ_LM", "encoder": "SEQ_CLS"}


def check_adapter(strategy: Strategy) -> None:
    """Find out before any cell starts whether PEFT accepts the strategy's adapter.

    Raises:
        BenchError: with PEFT's own reason, or the fields that its config class knows.
    """
    if strategy.method == "peft":
        _adapter_config(strategy)


def adapt(model: Any, strategy: Strategy, seed: int, *, shape: Shape = "decoder", steps: int = 1000) -> Any:
    """The model ready for training: all weights for `full`, an adapter on a frozen model for `peft`.

    Args:
        steps: how many optimizer steps the training will take, for methods that plan by it (AdaLoRA).

    Adapter weights are drawn from `seed` and kept in float32, PEFT's default. `prepare_model_for_kbit_training` is left out on purpose: it
    would cast the frozen rest to float32 and turn gradient checkpointing on, and quantization must be the only difference to LoRA.

    Raises:
        BenchError: when the adapter does not fit the model.
    """
    import torch

    torch.manual_seed(seed)
    if strategy.method == "full":
        return model.requires_grad_(True)
    from peft import get_peft_model

    try:
        return get_peft_model(model, _adapter_config(strategy, shape))
    except (ValueError, TypeError, KeyError) as error:
        raise BenchError(f"the adapter of '{strategy.name}' does not fit this model: {first_line(error)}") from None


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
    model.save_pretrained(folder, safe_serialization=True)
    (folder / "README.md").unlink(missing_ok=True)  # PEFT's empty model card says nothing true
    tokenizer.save_pretrained(folder)
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def load_adapter(model: Any, folder: Path) -> Any:
    """A freshly loaded base model with a stored adapter on it.

    Raises:
        BenchError: when the adapter does not fit the base model.
    """
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, str(folder), is_trainable=False)
    except (RuntimeError, ValueError, KeyError) as error:
        raise BenchError(f"{folder}: does not fit the base model: {first_line(error)}") from None


def _adapter_config(strategy: Strategy, shape: Shape = "decoder") -> Any:
    quiet_libraries()
    from peft import PeftType, PromptLearningConfig
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    values = dict(strategy.adapter)
    kind = str(values.pop("peft_type")).upper()
    known = {t.value: c for t, c in PEFT_TYPE_TO_CONFIG_MAPPING.items()}
    if kind not in known:
        raise BenchError(f"strategy '{strategy.name}': adapter.peft_type: unknown method '{kind}'.{did_you_mean(kind, known)}")
    config = PEFT_TYPE_TO_CONFIG_MAPPING[PeftType(kind)]
    fields = {f.name for f in dataclasses.fields(config)}
    if issubclass(config, PromptLearningConfig):
        raise BenchError(f"strategy '{strategy.name}': {kind} adds virtual tokens to the prompt, which bench cannot train yet")
    unknown = [
        f"strategy '{strategy.name}': adapter.{name}: {config.__name__} has no such field.{did_you_mean(name, fields)}"
        for name in values
        if name not in fields
    ]
    if unknown:
        raise BenchError(unknown)
    try:
        return config(task_type=_TASK_TYPES[shape], **values)
    except (TypeError, ValueError) as error:
        raise BenchError(f"strategy '{strategy.name}': adapter: {first_line(error)}") from None
