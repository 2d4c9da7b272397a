"""The identity of a cell: a hash of everything that can change its result. Where its files are is not part of it, nor what only changes
the memory and the speed of a training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from harness.engine.models import Device, ModelSource, digest_of
from harness.measure import (
    cascade_digest,
    code_digest,
    foreign_digest,
    get_result_versions,
    hosted_digest,
    leak_test_digest,
    trial_digest,
)
from harness.plugins import get_plugin_versions
from harness.store import EXTERNAL
from harness.types import MEMORY_FIELDS, Cell, Splits, Strategy, Task

TRIAL_SEED = 1000  # of all trials: no cell of a grid has it, so the chosen values are trained with fresh seeds
# Where the files of a model that was tuned elsewhere are, and statements about them: their digest decides.
_PLACE_FIELDS = ("path", "trained_on", "unseen")
# How a hosted model is asked, not what.
_OPERATION_FIELDS = ("api_key_env", "repeats", "max_concurrency", "requests_per_minute", "timeout", "price", "cache")
# The rows are hashed in place of `data`, and the model that scores support in place of `faithfulness`. `privacy` is part of the identity of
# the cells of the leak test alone.
_IRRELEVANT_TASK_FIELDS = {
    "data",
    "description",
    "faithfulness",
    "guardrails",
    "margin",
    "privacy",
    "report",
    "review",
}


def model_cell(
    task: Task, strategy: Strategy, splits: Splits, source: ModelSource, device: Device, train_size: int, seed: int | None
) -> Cell:
    """The cell of a strategy that uses a model."""
    identity = _model_identity(task, strategy, splits, source, device, train_size, seed)
    return Cell(_cell_id(identity), task.name, source.name, strategy.name, train_size, seed)


def leak_cell(
    task: Task, strategy: Strategy, splits: Splits, source: ModelSource, device: Device, train_size: int, seed: int | None
) -> Cell:
    """The cell of the leak test of a strategy: its training data also have canaries."""
    identity = _model_identity(task, strategy, splits, source, device, train_size, seed)
    identity["leak_test"] = [task.privacy.model_dump(mode="json"), leak_test_digest()]
    return Cell(_cell_id(identity), task.name, source.name, strategy.name, train_size, seed)


def trial_cell(
    task: Task, strategy: Strategy, splits: Splits, source: ModelSource, device: Device, train_size: int, shares: Sequence[float]
) -> Cell:
    """The cell of one part of a trial, which depends on the parts before it.

    Args:
        strategy: with the values of the trial.
        shares: the share of the training that is done after each part, up to this one.
    """
    identity = _model_identity(task, strategy, splits, source, device, train_size, TRIAL_SEED)
    identity["trial"] = [list(shares), trial_digest()]
    return Cell(_cell_id(identity), task.name, source.name, strategy.name, train_size, TRIAL_SEED)


def _model_identity(
    task: Task, strategy: Strategy, splits: Splits, source: ModelSource, device: Device, train_size: int, seed: int | None
) -> dict[str, Any]:
    is_foreign = strategy.artifact is not None or strategy.start_from is not None
    return {
        "task": task.model_dump(mode="json", exclude=_IRRELEVANT_TASK_FIELDS),
        "strategy": strategy.model_dump(
            mode="json",
            exclude={"description": True, "train": set(MEMORY_FIELDS), "artifact": set(_PLACE_FIELDS), "start_from": set(_PLACE_FIELDS)},
        ),
        "scorer": task.faithfulness.fingerprint,
        "data": splits.digest,
        "model": source.digest,
        "train_size": train_size,
        "seed": seed,
        "device": [device.kind, device.name, device.dtype],
        "versions": get_result_versions(),
        "code": [code_digest(), foreign_digest()] if is_foreign else code_digest(),
    }


def external_cell(task: Task, strategy: Strategy, splits: Splits) -> Cell:
    """The cell of external outputs: it has no model and no seed, and only the content of its file matters."""
    identity: dict[str, Any] = {
        "task": task.model_dump(mode="json", exclude=_IRRELEVANT_TASK_FIELDS),
        "strategy": strategy.model_dump(mode="json", exclude={"description": True, "outputs": {"path"}}),
        "scorer": task.faithfulness.fingerprint,
        "data": splits.digest,
        "code": code_digest(),
        "plugins": get_plugin_versions(),
    }
    return Cell(_cell_id(identity), task.name, EXTERNAL, strategy.name, 0, None)


def hosted_cell(task: Task, strategy: Strategy, splits: Splits, seed: int | None) -> Cell:
    """The cell of a hosted model: neither the price nor how fast it is asked matters, and the key is in an environment variable.

    Args:
        seed: which repeat it is, and which shots are drawn; None where it is asked once, without shots.
    """
    identity: dict[str, Any] = {
        "task": task.model_dump(mode="json", exclude=_IRRELEVANT_TASK_FIELDS),
        "strategy": strategy.model_dump(mode="json", exclude={"description": True, "api": set(_OPERATION_FIELDS)}),
        "scorer": task.faithfulness.fingerprint,
        "data": splits.digest,
        "seed": seed,
        "code": [code_digest(), hosted_digest()],
        "plugins": get_plugin_versions(),
    }
    return Cell(_cell_id(identity), task.name, EXTERNAL, strategy.name, strategy.shots, seed)


def cascade_cell(strategy: Strategy, first: Cell, then: Cell) -> Cell:
    """The cell of a cascade: everything that its two cells depend on is part of their ids."""
    identity: dict[str, Any] = {
        "strategy": strategy.model_dump(mode="json", exclude={"description": True}),
        "first": first.id,
        "then": then.id,
        "code": [code_digest(), cascade_digest()],
    }
    return Cell(_cell_id(identity), first.task, first.model, strategy.name, first.train_size, first.seed)


def _cell_id(identity: dict[str, Any]) -> str:
    return digest_of([json.dumps(identity, sort_keys=True)])[:16]
