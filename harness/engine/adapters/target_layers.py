"""Which layers of a model an adapter is for: those that a strategy names, and those that follow from the model."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from harness.engine.models import head_modules
from harness.errors import BenchError, did_you_mean
from harness.types import Shape

# Fields that list modules by their names, or by how these end; and those whose keys are patterns of names.
_LISTS = ("target_modules", "feedforward_modules", "modules_to_save", "exclude_modules")
_PATTERNS = ("rank_pattern", "alpha_pattern")

# These train particular layers, which PEFT knows by the model's type. All others get every linear layer where a strategy names none.
_OWN_TARGETS = frozenset({"ADAPTION_PROMPT", "OSF", "TRAINABLE_TOKENS"})


def check_names(begin: str, values: Mapping[str, Any], model: Any) -> None:
    """Every module that a strategy names must be there: PEFT is content if one of several is.

    Args:
        begin: how messages begin.

    Raises:
        BenchError: with every name that no module of the model has.
    """
    names = [name for name, _ in model.named_modules()]
    named = {name.rsplit(".", 1)[-1] for name, module in model.named_modules() if any(True for _ in module.parameters(recurse=False))}
    problems = []
    for field in _LISTS:
        for name in values.get(field) or () if isinstance(values.get(field), list | tuple) else ():
            if not any(module == name or module.endswith(f".{name}") for module in names):
                problems.append(f"{begin}.{field}: the model has no module '{name}'.{did_you_mean(str(name), named)}")
    for field in _PATTERNS:
        for key in values.get(field) or () if isinstance(values.get(field), Mapping) else ():
            if not any(_fits(str(key), module) for module in names):
                problems.append(f"{begin}.{field}: no module of the model fits '{key}'.{did_you_mean(str(key), named)}")
    if problems:
        raise BenchError(problems)


def _fits(pattern: str, module: str) -> bool:
    """Whether a pattern means a module, in PEFT's way; a pattern that is no regular expression means none."""
    try:
        return re.match(rf"(.*\.)?({pattern})$", module) is not None
    except re.error:
        return False


def default_layers(kind: str, config_class: Any, values: Mapping[str, Any], shape: Shape, model: Any) -> dict[str, Any]:
    """What a strategy leaves open and the model decides: the layers, and the head that is trained in full."""
    fields = {f.name for f in dataclasses.fields(config_class)}
    found: dict[str, Any] = {}
    if "target_modules" in fields and values.get("target_modules") is None and not values.get("target_parameters"):
        if kind == "LN_TUNING":
            found["target_modules"] = _normalizations(model)
        elif kind == "IA3":
            found |= _scaled_layers(model)
        elif kind not in _OWN_TARGETS:
            found["target_modules"] = "all-linear"
    if shape == "encoder" and "modules_to_save" in fields:
        found["modules_to_save"] = sorted({*(values.get("modules_to_save") or ()), *head_modules(model)})
    return found


def _normalizations(model: Any) -> list[str]:
    """A model's normalisation layers."""
    return [name for name, module in model.named_modules() if "norm" in type(module).__name__.lower()]


def _scaled_layers(model: Any) -> dict[str, list[str]]:
    """IA3's layers for a type of model that PEFT does not know, if they go by the names that Llama's have."""
    from peft.utils import TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING

    keys, values, inner = "k_proj", "v_proj", "down_proj"
    names = {name.rsplit(".", 1)[-1] for name, _ in model.named_modules()}
    if model.config.model_type in TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING or not {keys, values, inner} <= names:
        return {}
    return {"target_modules": [keys, values, inner], "feedforward_modules": [inner]}
