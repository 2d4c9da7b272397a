"""Resolve what users type for a strategy: a name, a YAML file, either with overrides (`lora:r=8`), `outputs:FILE[@NAME]` or `api:FILE`."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from harness.catalog.catalog import Catalog
from harness.catalog.overrides import override_strategy, parse_strategy_spec
from harness.errors import BenchError
from harness.types import OutputsSpec, Strategy

OUTPUTS_PREFIX, API_PREFIX = "outputs:", "api:"


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
            model, or a strategy built in Python.
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
    name, values = parse_strategy_spec(spec)
    strategy = _with_epochs(catalog.strategy(name).value, epochs)
    if not values:
        return strategy
    # The name is the spec without characters that a name cannot have, such as brackets, quotes and spaces.
    suffix = re.sub(r"[^A-Za-z0-9._=,+:-]", "", spec.partition(":")[2])
    return override_strategy(strategy, values, f"{strategy.name}:{suffix}")


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
    if not os.path.isfile(file) and "@" in file:
        file, _, name = file.rpartition("@")
        if not name:
            raise BenchError(f"{OUTPUTS_PREFIX}{file}@: no name after the @. Write a name for the outputs, or leave out the @")
    path = Path(file)
    if not os.path.isfile(path):  # pathlib raises an error for names that are too long
        raise BenchError(f"{OUTPUTS_PREFIX}{file}: no such file")
    strategy_name = name or re.sub(r"[^A-Za-z0-9._=,+:-]", "-", path.stem).strip("-.") or "outputs"
    if strategy_name == "base":
        raise BenchError("'base' is the name of the untuned model. Give the outputs another name")
    spec = OutputsSpec(path=file, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), price_per_1k=price_per_1k)
    try:
        return Strategy(name=strategy_name, method="outputs", description=f"External outputs, {path.name}.", outputs=spec)
    except ValueError:
        raise BenchError(f"'{strategy_name}' is not a valid name for a strategy: use letters, digits and . _ - + =") from None
