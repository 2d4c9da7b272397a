"""A small model of the same architecture, with random weights, on which the steps of a cell can be timed."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from harness.engine.adapters import adapt
from harness.engine.models import build_random_model
from harness.forecast.model_outline import Formats, ModelOutline

_STEPS = 100  # of a training, for methods that plan by them


def build_trial_model(outline: ModelOutline, formats: Formats, device: str, layers: int | None, *, trains: bool) -> Any:
    """A model with the strategy on it, as it is trained or answers.

    Args:
        device: "cpu" or "cuda".
        layers: how many of its layers it has; None: all.
        trains: whether it is trained, so that full fine-tuning has wide weights.
    """
    strategy, config = outline.strategy, deepcopy(outline.loaded.model.config)
    if layers is not None:
        text = config.get_text_config()
        text.num_hidden_layers = layers
        if getattr(text, "layer_types", None):
            text.layer_types = text.layer_types[:layers]
    full = strategy.method == "full"
    narrow = strategy.train is not None and strategy.train.weights == "bfloat16"
    dtype = ("bfloat16" if narrow else "float32") if full and trains else formats.weights
    model = build_random_model(config, outline.shape, device, dtype, strategy.quantization)
    if strategy.train is not None and not (full and not trains):
        model = adapt(model, strategy, 0, shape=outline.shape, steps=_STEPS)
    return model.train(trains)
