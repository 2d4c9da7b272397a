"""What a cell has learnt, as it was stored: looked at before it is used, and put on its base model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.engine.tuning import load_adapter
from harness.errors import BenchError, first_line
from harness.results import FinishedCell
from harness.store import read_json


def check_artifact(finished: FinishedCell) -> None:
    """Look at the stored adapter or model before anything is spent on the base.

    Raises:
        BenchError: a file is missing or damaged, or says something else than the cell was trained with.
    """
    if finished.strategy.method == "prompt":
        return
    folder = finished.files.artifact
    peft = finished.strategy.method == "peft"
    config = folder / ("adapter_config.json" if peft else "config.json")
    weights = [folder / "adapter_model.safetensors"] if peft else sorted(folder.glob("*.safetensors"))
    if not weights:
        raise BenchError(f"{folder}: holds no weights.{_again(finished)}")
    try:
        fields: Any = read_json(config)
        if not isinstance(fields, dict):
            raise BenchError(f"{config}: is damaged: it holds no fields")
    except BenchError as error:
        raise BenchError(f"{error}.{_again(finished)}") from None
    for file in weights:
        _check_weights(file, finished)
    if peft:
        _check_fields(config, fields, finished)


def _check_fields(config: Path, fields: Mapping[str, Any], finished: FinishedCell) -> None:
    """Compare the adapter's numbers and switches with those of the run: many another value would be taken in silence.

    Texts and lists are left out, which PEFT writes in a form of its own.
    """
    changed = [
        f"{name} is {fields.get(name)!r}, and '{finished.strategy.name}' was trained with {value!r}"
        for name, value in finished.strategy.adapter.items()
        if isinstance(value, int | float) and fields.get(name) != value
    ]
    if changed:
        raise BenchError(f"{config}: was changed after the training: {'; '.join(changed)}. Put it back as it was.")


def _check_weights(file: Path, finished: FinishedCell) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt"):  # type: ignore[no-untyped-call,unused-ignore]
            return
    except FileNotFoundError:
        reason = "is missing"
    except (SafetensorError, OSError) as error:
        reason = f"is damaged: {first_line(error)}"
    raise BenchError(f"{file}: {reason}.{_again(finished)}")


def _again(finished: FinishedCell) -> str:
    return f" What the cell had learnt is lost: delete {finished.files.path} and run the same command again."


def with_adapter(model: Any, finished: FinishedCell) -> Any:
    """The base model with the cell's adapter on it.

    Raises:
        BenchError: when it does not fit, or weights are missing in it: PEFT would go on without them, with a warning.
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        adapted = load_adapter(model, finished.files.artifact)
    missing = next((w for w in said if "missing adapter keys" in str(w.message)), None)
    if missing is not None:
        raise BenchError(f"{finished.files.artifact}: weights are missing in the adapter.{_again(finished)}")
    return adapted
