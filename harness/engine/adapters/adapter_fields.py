"""The fields of an adapter, checked against PEFT's own configuration class: names, types, and values that cannot work here."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from harness.errors import BenchError, did_you_mean

# Values of a field that cannot work, by how they begin in small letters.
_REFUSED_VALUES = {
    ("LORA", "init_lora_weights", ("eva", "corda", "lora_ga", "loftq")): "looks at data, or quantizes the model, before training begins",
    ("LORA", "init_lora_weights", ("pissa_niter",)): "changes the base model at random, which a stored adapter does not repeat; use pissa",
    ("LORA", "alora_invocation_tokens", ("",)): "works only where the whole sequence goes through the model at once",
    ("LORA", "arrow_config", ("",)): "mixes adapters that were trained before",
    ("ADAMSS", "use_asa", ("true",)): "keeps a state of its own, which an interrupted training would lose",
}

# Fields without which PEFT's class fails.
_NEEDED = {"ADAPTION_PROMPT": ("adapter_len", "adapter_layers")}

# Fields that follow from the model, the task and the training.
_OURS = frozenset({"task_type", "inference_mode", "base_model_name_or_path", "revision", "auto_mapping", "peft_version"})
_OURS_TOO = {
    "ADALORA": frozenset({"total_step", "rank_pattern"}),
    "PROMPT_TUNING": frozenset({"tokenizer_name_or_path"}),
}


def checked_fields(begin: str, kind: str, config_class: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values, with texts that stand for numbers as numbers (YAML 1.1 takes 1e-1 for a text).

    Args:
        begin: how messages begin.

    Raises:
        BenchError: with every field that PEFT's class does not have, that is ours to set, or whose value is not of its type or cannot
            work here.
    """
    fields = {f.name for f in dataclasses.fields(config_class)}
    hints = _types(config_class)
    ours = _OURS | _OURS_TOO.get(kind, frozenset())
    problems = [f"{begin}.{name}: {kind} needs it" for name in _NEEDED.get(kind, ()) if not values.get(name)]
    found = dict(values)
    for name, value in values.items():
        if name not in fields:
            problems.append(f"{begin}.{name}: {config_class.__name__} has no such field.{did_you_mean(name, fields - ours)}")
        elif name in ours:
            problems.append(f"{begin}.{name}: bench sets it; leave it out")
        else:
            try:
                found[name] = _typed(value, hints.get(name, Any))
            except ValueError as error:
                problems.append(f"{begin}.{name}: {error}")
            if "dropout" in name and isinstance(found[name], int | float) and not 0 <= found[name] < 1:
                problems.append(f"{begin}.{name}: a share from 0 to below 1, not {value!r}")
    for (method, name, starts), reason in _REFUSED_VALUES.items():
        value = values.get(name)
        if method == kind and value is not None and str(value).lower().startswith(starts):
            problems.append(f"{begin}.{name}: {value} cannot be used here: it {reason}")
    if "num_virtual_tokens" in fields:
        count = values.get("num_virtual_tokens")
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            seen = f", not {count!r}" if "num_virtual_tokens" in values else ""
            problems.append(f"{begin}.num_virtual_tokens: say how many tokens are trained, a whole number from 1{seen}")
    if problems:
        raise BenchError(list(dict.fromkeys(problems)))
    return found


def _types(config_class: Any) -> dict[str, Any]:
    """The types of the fields, as far as they can be told."""
    try:
        return typing.get_type_hints(config_class)
    except (NameError, TypeError):
        return {}


def _typed(value: Any, hint: Any) -> Any:
    """The value, as a number where its type is one.

    Raises:
        ValueError: it is not of the type.
    """
    try:
        adapter = TypeAdapter(hint, config=None if dataclasses.is_dataclass(hint) else ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError:
        return value
    try:
        valid = adapter.validate_python(value)
    except ValidationError as error:
        wanted = list(dict.fromkeys(d["msg"].removeprefix("Input should be ") for d in error.errors()))
        raise ValueError(f"must be {' or '.join(wanted)}, not {value!r}") from None
    return valid if isinstance(value, str) and isinstance(valid, int | float) else value
