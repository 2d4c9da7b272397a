"""A small model of the same architecture, with random weights, on which the steps of a cell can be timed."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from harness.engine.adapters import adapt
from harness.engine.models import build_random_model
from harness.forecast.model_outline import Formats, ModelOutline
from harness.types import Shape

TRIAL_STEPS = 100  # of a training, for methods that plan by them
# What configurations of encoder-decoders call the numbers of their layers: BART and its relatives, T5 and its own.
_BOTH_NAMES = (("encoder_layers", "decoder_layers"), ("num_layers", "num_decoder_layers"))


def count_layers(config: Any, shape: Shape) -> tuple[int, ...] | None:
    """The layers of a model; of an encoder-decoder, those of both parts. None where the configuration does not say."""
    names = _layer_names(config, shape)
    return None if names is None else tuple(getattr(config.get_text_config() if len(names) == 1 else config, name) for name in names)


def _layer_names(config: Any, shape: Shape) -> tuple[str, ...] | None:
    if shape != "encoder-decoder":
        return ("num_hidden_layers",)
    return next((names for names in _BOTH_NAMES if all(isinstance(getattr(config, name, None), int) for name in names)), None)


def build_trial_model(outline: ModelOutline, formats: Formats, device: str, layers: Sequence[int] | None, *, trains: bool) -> Any:
    """A model with the strategy on it, as it is trained or answers.

    Args:
        device: "cpu" or "cuda".
        layers: how many of its layers it has, as `count_layers`; None: all.
        trains: whether it is trained, so that full fine-tuning has wide weights.
    """
    strategy, config = outline.strategy, deepcopy(outline.loaded.model.config)
    if layers is not None:
        _cut(config, outline.shape, layers)
    full = strategy.method == "full"
    narrow = strategy.train is not None and strategy.train.weights == "bfloat16"
    dtype = ("bfloat16" if narrow else "float32") if full and trains else formats.weights
    model = build_random_model(config, outline.shape, device, dtype, strategy.quantization)
    if (strategy.train is not None or strategy.has_adapter) and not (full and not trains):
        model = adapt(model, strategy, 0, shape=outline.shape, steps=TRIAL_STEPS)
    return model.train(trains)


def _cut(config: Any, shape: Shape, layers: Sequence[int]) -> None:
    names = _layer_names(config, shape)
    assert names is not None
    holder = config.get_text_config() if len(names) == 1 else config
    for name, count in zip(names, layers, strict=True):
        setattr(holder, name, count)
    if getattr(holder, "layer_types", None):
        holder.layer_types = holder.layer_types[: layers[0]]
