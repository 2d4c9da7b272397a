"""The layers of a model that an adapter is put on: those that a strategy names, and those that follow from the model."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from harness.engine.models import head_modules, stacked_experts
from harness.errors import BenchError, did_you_mean
from harness.types import Shape

# Fields that list modules by name or by the end of their name, and fields whose keys are patterns of names.
_LISTS = ("target_modules", "feedforward_modules", "modules_to_save", "exclude_modules")
_PATTERNS = ("rank_pattern", "alpha_pattern")

# Methods that train particular layers, which PEFT knows by the type of the model. All others get every linear layer by default.
_OWN_TARGETS = frozenset({"ADAPTION_PROMPT", "OSF", "TRAINABLE_TOKENS"})
_ALL = "all-linear"
# The last names of layers in the feed-forward blocks of a mixture of experts. PEFT replaces them by the tensors of all experts, for which
# LoRA has neither dropout nor DoRA (peft 0.21), and which other methods cannot change at all.
_FEED_FORWARD = frozenset({"gate", "gate_proj", "up_proj", "down_proj", "w1", "w2", "w3"})


def check_names(place: str, values: Mapping[str, Any], model: Any) -> None:
    """Check that the model has every module that a strategy names: PEFT is content if it has one of several.

    Args:
        place: where the adapter is declared, for messages.

    Raises:
        BenchError: with every name that no module of the model has.
    """
    modules = [name for name, _ in model.named_modules()]
    known = {name.rsplit(".", 1)[-1] for name, module in model.named_modules() if any(True for _ in module.parameters(recurse=False))}
    problems = []
    for field in _LISTS:
        for name in values.get(field) or () if isinstance(values.get(field), list | tuple) else ():
            if not any(module == name or module.endswith(f".{name}") for module in modules):
                problems.append(f"{place}.{field}: the model has no module '{name}'.{did_you_mean(str(name), known)}")
    for field in _PATTERNS:
        for pattern in values.get(field) or () if isinstance(values.get(field), Mapping) else ():
            if not any(_matches(str(pattern), module) for module in modules):
                problems.append(f"{place}.{field}: no module of the model matches '{pattern}'.{did_you_mean(str(pattern), known)}")
    if problems:
        raise BenchError(problems)


def _matches(pattern: str, module: str) -> bool:
    """Whether a pattern matches a module, by PEFT's rule; a pattern that is not a regular expression matches none."""
    try:
        return re.match(rf"(.*\.)?({pattern})$", module) is not None
    except re.error:
        return False


def default_layers(kind: str, config_class: Any, values: Mapping[str, Any], shape: Shape, model: Any) -> dict[str, Any]:
    """The fields that a strategy leaves to the model: the target layers, and the head that is trained in full."""
    fields = {f.name for f in dataclasses.fields(config_class)}
    layers: dict[str, Any] = {}
    if "target_modules" in fields and values.get("target_modules") is None and not values.get("target_parameters"):
        if kind == "LN_TUNING":
            layers["target_modules"] = _normalizations(model)
        elif kind == "IA3":
            layers |= _ia3_layers(model)
        elif kind not in _OWN_TARGETS:
            layers["target_modules"] = _ALL
    if _is_all(layers.get("target_modules", values.get("target_modules"))) and stacked_experts(model):
        layers["target_modules"] = _outside_experts(model)
    if shape == "encoder" and "modules_to_save" in fields:
        layers["modules_to_save"] = sorted({*(values.get("modules_to_save") or ()), *head_modules(model)})
    return layers


def covers_all_layers(kind: str, values: Mapping[str, Any]) -> bool:
    """Whether an adapter with target layers is meant for all linear ones, by its fields or by default."""
    if values.get("target_parameters"):
        return False
    return _is_all(values.get("target_modules", _ALL)) and kind not in _OWN_TARGETS | {"LN_TUNING"}


def _is_all(modules: Any) -> bool:
    return isinstance(modules, str) and modules.lower() == _ALL


def _outside_experts(model: Any) -> list[str]:
    """The linear layers outside the feed-forward blocks, without the output layer: what every method can adapt in a mixture of experts.

    Classes of the model's own that are linear layers by inheritance compute something else: routers choose experts (Phi-3.5-MoE, Llama 4).
    """
    from torch.nn import Linear

    output = model.get_output_embeddings()
    linear = {name: module for name, module in model.named_modules() if isinstance(module, Linear) and module is not output}
    layers = [name for name, module in linear.items() if not type(module).__module__.startswith("transformers")]
    return [name for name in layers if name.rsplit(".", 1)[-1] not in _FEED_FORWARD]


def _normalizations(model: Any) -> list[str]:
    return [name for name, module in model.named_modules() if "norm" in type(module).__name__.lower()]


def _ia3_layers(model: Any) -> dict[str, list[str]]:
    """IA3's layers in a model type that PEFT does not know, if they have the names of Llama's layers; else empty."""
    from peft.utils import TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING

    keys, values, inner = "k_proj", "v_proj", "down_proj"
    names = {name.rsplit(".", 1)[-1] for name, _ in model.named_modules()}
    if model.config.model_type in TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING or not {keys, values, inner} <= names:
        return {}
    return {"target_modules": [keys, values, inner], "feedforward_modules": [inner]}
