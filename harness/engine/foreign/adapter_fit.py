"""Whether an adapter fits a base model, from the shapes of their weights alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.engine.adapters import adapt
from harness.engine.foreign.adapter_config import ADAPTER_WEIGHTS
from harness.engine.foreign.own_tokenizer import embedding_names
from harness.engine.foreign.patterns import check_patterns
from harness.engine.models import LoadedModel, read_tensor_shapes
from harness.errors import BenchError
from harness.types import Strategy

_RESIZED_WHEN_LOADED = ("ADALORA",)  # its ranks are those of its stored tensors


def check_adapter_fit(strategy: Strategy, skeleton: LoadedModel, folder: Path, model_name: str) -> None:
    """Check that an adapter fits.

    Args:
        skeleton: the base model without its weights, prepared for the adapter. It gets the adapter.

    Raises:
        BenchError: the adapter does not fit, with the first tensor that does not.
    """
    import torch
    from peft import get_peft_model_state_dict

    spec = strategy.artifact or strategy.start_from
    assert spec is not None
    shapes = read_tensor_shapes(folder / ADAPTER_WEIGHTS)
    check_patterns(strategy, skeleton.model, folder)
    stored_embeddings = embedding_names(skeleton.model)
    trained_on = spec.trained_on
    refusal = f"strategy '{strategy.name}': its adapter does not fit the model '{model_name}'"
    hint = f" It was trained on '{trained_on}': name that model." if trained_on else ""
    try:
        with torch.device("meta"):
            adapted = adapt(skeleton.model, strategy, 0, shape=skeleton.shape)
    except BenchError as error:
        raise BenchError(f"{refusal}: {'; '.join(error.problems)}.{hint}") from None
    if adapted is skeleton.model or strategy.adapter["peft_type"] in _RESIZED_WHEN_LOADED:
        return
    expected = _shapes_of(get_peft_model_state_dict(adapted, save_embedding_layers=False))
    if problem := _find_misfit(expected, shapes, stored_embeddings):
        raise BenchError(f"{refusal}: {problem}.{hint}")


def _find_misfit(expected: Mapping[str, tuple[int, ...]], stored: Mapping[str, tuple[int, ...]], embeddings: tuple[str, ...]) -> str:
    """The first difference between the tensors that PEFT expects and those that are stored; empty if there is none."""
    for name, shape in sorted(expected.items()):
        if name in stored and stored[name] != shape:
            return f"{name} is {_describe(stored[name])} in the adapter, and would be {_describe(shape)} here"
    lacking = sorted(set(expected) - set(stored))
    if lacking:
        return f"the adapter has no {lacking[0]}{_and_more(lacking)}"
    extra = sorted(set(stored) - set(expected) - set(embeddings))
    return f"the adapter has {extra[0]}{_and_more(extra)}, for which the model has no place" if extra else ""


def _shapes_of(weights: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in weights.items()}


def _describe(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{size:,}" for size in shape) or "a number"


def _and_more(names: list[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""
