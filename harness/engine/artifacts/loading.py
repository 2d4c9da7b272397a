"""The model of a strategy in memory: the base model alone, a whole tuned model, or an adapter on its base model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.engine.adapters import load_adapter
from harness.engine.artifacts.checks import check_artifact
from harness.engine.artifacts.shots_file import load_shots
from harness.engine.foreign import prepare_for_adapter
from harness.engine.inference import Predictor
from harness.engine.models import Device, LoadedModel, ModelSource, load_model, offload_layers, require_four_bit
from harness.results import FinishedCell
from harness.types import Strategy


def load_strategy_model(
    strategy: Strategy,
    source: ModelSource,
    device: Device,
    *,
    artifact: Path | None,
    labels: Sequence[str],
    trust_remote_code: bool = False,
    to_divide: bool = False,
    offloaded: bool = False,
) -> LoadedModel:
    """Load the model that a strategy trains, that it has trained, or that was trained elsewhere.

    Every caller loads what is scored from disk in this way, so that all of them score the same weights.

    Args:
        source: the base model.
        artifact: the folder with the trained weights; None for the base model, ready for training if the strategy trains.
        labels: the labels that an encoder chooses from.
        to_divide: as `load_model` has it.
        offloaded: keep the frozen weights of the layers on the CPU, for the last step of the memory ladder on one device.

    Raises:
        BenchError: the base model cannot be loaded, or the trained weights are damaged or do not fit it.
    """
    full = strategy.has_whole_model
    trains = full and artifact is None
    narrow = trains and strategy.train is not None and strategy.train.weights == "bfloat16"
    loaded = load_model(
        replace(source, folder=artifact) if full and artifact is not None else source,
        replace(device, kind="cpu" if offloaded else device.kind, dtype="bfloat16" if narrow else device.dtype),
        full_precision=trains and not narrow,
        quantization=strategy.quantization,
        trust_remote_code=trust_remote_code and not strategy.is_whole_artifact,  # the consent is to the code of the base model
        labels=labels,
        to_divide=to_divide,
    )
    if offloaded:
        offload_layers(loaded.model, device.kind)
    if strategy.has_adapter and artifact is not None:
        loaded = prepare_for_adapter(loaded, artifact) if strategy.artifact is not None else loaded
        loaded.model = load_adapter(loaded.model, artifact)
    return loaded


def load_finished(finished: FinishedCell, source: ModelSource, device: Device, *, trust_remote_code: bool = False) -> Predictor:
    """Load a finished cell as it was scored: its base model, its trained weights and its few-shot examples.

    Raises:
        BenchError: the artifact is missing or damaged, or does not fit the base model.
    """
    check_artifact(finished)
    strategy, labels = finished.strategy, finished.example.choices
    if strategy.quantization is not None:
        require_four_bit(device, strategy.name)
    shots = load_shots(finished)
    artifact = finished.files.artifact if strategy.stores_weights else None
    loaded = load_strategy_model(strategy, source, device, artifact=artifact, labels=labels, trust_remote_code=trust_remote_code)
    return Predictor(finished.task, strategy, loaded, labels, shots)
