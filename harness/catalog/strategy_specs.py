"""Resolve what users type for a strategy: a name, a YAML file, either with overrides (`lora:r=8`), `outputs:FILE[@NAME]`, `api:FILE`, or
`artifact:FOLDER[@NAME]`."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.catalog.catalog import Catalog
from harness.catalog.overrides import override_strategy, parse_strategy_spec
from harness.errors import BenchError
from harness.types import ArtifactSpec, OutputsSpec, Strategy

OUTPUTS_PREFIX, API_PREFIX, ARTIFACT_PREFIX = "outputs:", "api:", "artifact:"


def resolve_strategy(
    spec: str | Strategy,
    catalog: Catalog,
    *,
    epochs: float | None = None,
    outputs_name: str | None = None,
    price_per_1k: float | None = None,
) -> Strategy:
    """Resolve a spec to a strategy.

    Args:
        spec: a name, a file, either with overrides, `outputs:FILE`, `outputs:FILE@NAME`, `api:` before the name or the file of a hosted
            model, `artifact:` before the folder or the file of a model that was tuned elsewhere, or a strategy built in Python.
        epochs: overrides the epochs of a trained strategy; overrides in the spec take precedence.
        outputs_name: the name of external outputs; the name of their file by default.
        price_per_1k: the price of 1,000 external outputs in USD.

    Raises:
        BenchError: an unknown name, a file with problems, or overrides that are not valid.
    """
    if isinstance(spec, Strategy):
        return _with_epochs(catalog.accept(spec).value, epochs)
    if spec.startswith(OUTPUTS_PREFIX):
        return _outputs_strategy(spec.removeprefix(OUTPUTS_PREFIX), outputs_name, price_per_1k)
    if spec.startswith(API_PREFIX):
        return _hosted(spec, resolve_strategy(spec.removeprefix(API_PREFIX), catalog))
    if spec.startswith(ARTIFACT_PREFIX):
        return _artifact_strategy(spec.removeprefix(ARTIFACT_PREFIX), catalog)
    name, values = parse_strategy_spec(spec)
    strategy = _with_epochs(_named(name, catalog), epochs)
    if not values:
        return strategy
    # The name is the spec without characters that a name cannot have, such as brackets, quotes and spaces.
    suffix = re.sub(r"[^A-Za-z0-9._=,+:-]", "", spec.partition(":")[2])
    return override_strategy(strategy, values, f"{strategy.name}:{suffix}")


def _named(name: str, catalog: Catalog) -> Strategy:
    """The strategy of a name or a file. A relative path of a folder in it starts at the file."""
    entry = catalog.strategy(name)
    moved = {}
    for field in ("artifact", "start_from"):
        spec = getattr(entry.value, field)
        if spec is not None:
            moved[field] = spec.model_copy(update={"path": os.path.normpath(entry.folder / os.path.expanduser(spec.path))})
    return entry.value.model_copy(update=moved) if moved else entry.value


def _artifact_strategy(place: str, catalog: Catalog) -> Strategy:
    """The strategy of a folder that another trainer wrote, or of a YAML file that names one.

    Args:
        place: the folder, followed by `@NAME` where the strategy is not named after it; or the file.
    """
    if place.endswith((".yaml", ".yml")) and not os.path.isdir(place):
        strategy = _named(place, catalog)
        if strategy.artifact is None:
            raise BenchError(
                f"{ARTIFACT_PREFIX}{place}: '{strategy.name}' has method '{strategy.method}', not 'artifact': leave out '{ARTIFACT_PREFIX}'"
            )
        return strategy
    folder, name = _split_name(place, ARTIFACT_PREFIX, exists=os.path.isdir)
    path = Path(os.path.abspath(os.path.expanduser(folder)))
    return _make_strategy(
        name or _name_after(path.name, "artifact"),
        method="artifact",
        description=f"Tuned elsewhere, {path.name}.",
        artifact=ArtifactSpec(path=folder or "."),
    )


def _hosted(spec: str, strategy: Strategy) -> Strategy:
    if strategy.api is None:
        raise BenchError(f"{spec}: '{strategy.name}' has method '{strategy.method}', not 'api': leave out '{API_PREFIX}'")
    return strategy


def _with_epochs(strategy: Strategy, epochs: float | None) -> Strategy:
    if epochs is None or strategy.train is None:
        return strategy
    return strategy.model_copy(update={"train": strategy.train.model_copy(update={"epochs": epochs})})


def _outputs_strategy(file: str, name: str | None, price_per_1k: float | None) -> Strategy:
    """The strategy of a file of external outputs.

    Args:
        file: the file, followed by `@NAME` where the strategy is not named after it. A file whose name contains the @ takes precedence.
    """
    file, own_name = _split_name(file, OUTPUTS_PREFIX, exists=os.path.isfile)
    path = Path(file)
    if not os.path.isfile(path):  # pathlib raises an error for names that are too long
        raise BenchError(f"{OUTPUTS_PREFIX}{file}: no such file")
    spec = OutputsSpec(path=file, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), price_per_1k=price_per_1k)
    return _make_strategy(
        own_name or name or _name_after(path.stem, "outputs"),
        method="outputs",
        description=f"External outputs, {path.name}.",
        outputs=spec,
    )


def _split_name(place: str, prefix: str, *, exists: Callable[[str], bool]) -> tuple[str, str]:
    """A file or folder, and the name after its `@`; empty without one. What exists with an @ in its name takes precedence."""
    if exists(place) or "@" not in place:
        return place, ""
    place, _, name = place.rpartition("@")
    if not name:
        raise BenchError(f"{prefix}{place}@: no name after the @. Write a name, or leave out the @")
    return place, name


def _name_after(file_name: str, otherwise: str) -> str:
    """The name of a strategy that is named after a file or a folder."""
    return re.sub(r"[^A-Za-z0-9._=,+:-]", "-", file_name).strip("-.") or otherwise


def _make_strategy(name: str, **fields: Any) -> Strategy:
    if name == "base":
        raise BenchError("'base' is the name of the untuned model. Write another name after an @")
    try:
        return Strategy(name=name, **fields)
    except ValueError:
        raise BenchError(f"'{name}' is not a valid name for a strategy: use letters, digits and . _ - + =") from None
