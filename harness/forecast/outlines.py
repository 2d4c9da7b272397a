"""Outlines of models that several checks and cells share: to put an adapter on a model takes a third of a second."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from harness.engine.models import ModelSource, shape_of_model
from harness.errors import BenchError
from harness.forecast.model_outline import ModelOutline
from harness.types import Strategy, TrainSpec

# Fields of a recipe that change neither what a strategy puts on a model nor what a step takes: variants of a learning rate share an outline
# and its trials.
_WITHOUT_EFFECT = (
    "batch_size", "beta", "epochs", "learning_rate", "lora_plus", "max_grad_norm", "max_length", "micro_batch_tokens", "patience",
    "schedule", "validations_per_epoch", "warmup", "weight_decay",
)  # fmt: skip


def find_outline(source: ModelSource, strategy: Strategy, labels: Sequence[str], *, trust_remote_code: bool = False) -> ModelOutline:
    """The model with the strategy on it.

    Args:
        labels: of the task; they change the model of an encoder only.

    Raises:
        BenchError: the adapter does not fit the model.
    """
    train = strategy.train
    if train is not None:
        defaults = {name: TrainSpec.model_fields[name].default for name in _WITHOUT_EFFECT}
        train = train.model_copy(update=defaults)
    plain = strategy.model_copy(update={"name": "outline", "description": "", "prompt": None, "shots": 0, "train": train})
    labels = tuple(labels) if _shape_of(source, trust_remote_code) == "encoder" else ()
    try:
        return _cached_outline(source, plain.model_dump_json(), labels, trust_remote_code)
    except BenchError:  # is raised again, with the name of the strategy
        return ModelOutline(source, strategy, labels=labels, trust_remote_code=trust_remote_code)


@lru_cache(maxsize=64)
def _shape_of(source: ModelSource, trust_remote_code: bool) -> str:
    return shape_of_model(source, trust_remote_code=trust_remote_code)


@lru_cache(maxsize=16)  # of a model of 8B with an adapter, one has some megabytes
def _cached_outline(source: ModelSource, strategy: str, labels: tuple[str, ...], trust_remote_code: bool) -> ModelOutline:
    return ModelOutline(source, Strategy.model_validate_json(strategy), labels=labels, trust_remote_code=trust_remote_code)
