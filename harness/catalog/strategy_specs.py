"""What users type for a strategy: a name, a YAML file, either with other values (`lora:r=8`), or `outputs:FILE`."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from harness.catalog.catalog import Catalog
from harness.catalog.overrides import parse_spec, with_values
from harness.errors import BenchError
from harness.types import OutputsSpec, Strategy

OUTPUTS_PREFIX = "outputs:"


def resolve_strategy(
    spec: str | Strategy,
    catalog: Catalog,
    *,
    epochs: float | None = None,
    outputs_name: str | None = None,
    price_per_1k: float | None = None,
) -> Strategy:
    """The strategy that a spec means.

    Args:
        spec: a name, a file, either with other values, `outputs:FILE`, or a strategy built in Python.
        epochs: replaces the epochs of a strategy that trains; values in the spec take precedence.
        outputs_name: the name of external outputs, in place of their file's.
        price_per_1k: what a thousand external outputs cost, in USD.

    Raises:
        BenchError: an unknown name, a file with problems, or values that do not fit.
    """
    if isinstance(spec, Strategy):
        return _with_epochs(catalog.accept(spec).value, epochs)
    if spec.startswith(OUTPUTS_PREFIX):
        return _outputs_strategy(spec.removeprefix(OUTPUTS_PREFIX), outputs_name, price_per_1k)
    name, values = parse_spec(spec)
    strategy = _with_epochs(catalog.strategy(name).value, epochs)
    if not values:
        return strategy
    # The name is what was typed, without the characters that a name cannot hold: brackets, quotes, spaces.
    return with_values(strategy, values, f"{strategy.name}:{re.sub(r'[^A-Za-z0-9._=,+:-]', '', spec.partition(':')[2])}")


def _with_epochs(strategy: Strategy, epochs: float | None) -> Strategy:
    if epochs is None or strategy.train is None:
        return strategy
    return strategy.model_copy(update={"train": strategy.train.model_copy(update={"epochs": epochs})})


def _outputs_strategy(file: str, name: str | None, price_per_1k: float | None) -> Strategy:
    """The strategy for a file of external outputs, named after the file unless a name is given."""
    path = Path(file)
    if not path.is_file():
        raise BenchError(f"{OUTPUTS_PREFIX}{file}: no such file")
    strategy_name = name or re.sub(r"[^A-Za-z0-9._=,+:-]", "-", path.stem).strip("-.") or "outputs"
    if strategy_name == "base":
        raise BenchError("'base' is the untuned model: give the outputs another name")
    spec = OutputsSpec(path=file, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), price_per_1k=price_per_1k)
    try:
        return Strategy(name=strategy_name, method="outputs", description=f"External outputs, {path.name}.", outputs=spec)
    except ValueError:
        raise BenchError(f"'{strategy_name}' cannot be the name of a strategy: use letters, digits and . _ - + =") from None
