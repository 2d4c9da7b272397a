"""Checks of a cell's stored weights, before anything is spent on loading them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import BenchError, first_line, setting
from harness.results import FinishedCell
from harness.store import read_json


def check_artifact(finished: FinishedCell) -> None:
    """Check the stored adapter or model of a cell; does nothing for a strategy that stores none.

    Raises:
        BenchError: a file is missing, damaged or was added, the weights were removed to free disk space, or the adapter's configuration
            was changed after training.
    """
    if not finished.strategy.stores_weights:
        return
    folder = finished.files.artifact
    removed = finished.files.removed_weights()
    if removed is not None and not folder.is_dir():
        raise BenchError(
            f"{folder}: the trained weights were removed on {removed.at[:10]} to free disk space (`bench runs prune`). Restore the folder "
            f"from a backup, or train the model again: `bench run` with {setting('reuse', 'False')}."
        )
    peft = finished.strategy.has_adapter
    config = folder / ("adapter_config.json" if peft else "config.json")
    weights = [folder / "adapter_model.safetensors"] if peft else sorted(folder.glob("*.safetensors"))
    if not weights:
        raise BenchError(f"{folder}: contains no weights.{_rerun_hint(finished)}")
    try:
        fields: Any = read_json(config)
        if not isinstance(fields, dict):
            raise BenchError(f"{config}: is damaged: expected a JSON object, found {type(fields).__name__}")
    except BenchError as error:
        raise BenchError(f"{error}.{_rerun_hint(finished)}") from None
    for file in weights:
        _check_weights(file, finished)
    if peft:
        _check_fields(config, fields, finished)
    finished.files.check("artifact/")


def _check_fields(config: Path, fields: Mapping[str, Any], finished: FinishedCell) -> None:
    """Compare the adapter's numbers and switches with the strategy's: PEFT would silently load many other values.

    Texts and lists are not compared, because PEFT stores them in a form of its own.
    """
    changed = [
        f"{name} is {fields.get(name)!r}, but '{finished.strategy.name}' was trained with {value!r}"
        for name, value in finished.strategy.adapter.items()
        if isinstance(value, int | float) and fields.get(name) != value
    ]
    if changed:
        raise BenchError(f"{config}: was changed after training: {'; '.join(changed)}. Restore the original file.")


def _check_weights(file: Path, finished: FinishedCell) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt"):  # type: ignore[no-untyped-call,unused-ignore]
            return
    except FileNotFoundError:
        reason = "is missing"
    except (SafetensorError, OSError) as error:
        reason = f"is damaged: {first_line(error)}"
    raise BenchError(f"{file}: {reason}.{_rerun_hint(finished)}")


def _rerun_hint(finished: FinishedCell) -> str:
    return f" The trained weights are unusable. Delete {finished.files.path} and run the same command again."
