"""The fields of an adapter, checked against PEFT's own configuration class: names, types, and values that cannot work here."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from harness.errors import BenchError, did_you_mean

# Values of a field that cannot work, by their beginning in lower case.
_REFUSED_VALUES = {
    ("LORA", "init_lora_weights", ("eva", "corda", "lora_ga", "loftq")): "looks at data, or quantizes the model, before training begins",
    ("LORA", "init_lora_weights", ("pissa_niter",)): "changes the base model at random, which a stored adapter does not repeat; use pissa",
    ("LORA", "alora_invocation_tokens", ("",)): "works only if the whole sequence passes through the model at once",
    ("LORA", "arrow_config", ("",)): "mixes adapters that were trained before",
    ("ADAMSS", "use_asa", ("true",)): "keeps a state of its own, which an interrupted training would lose",
}

# Fields without which PEFT's class fails.
_REQUIRED = {"ADAPTION_PROMPT": ("adapter_len", "adapter_layers")}

# Fields that follow from the model, the task and the training.
_SET_BY_BENCH = frozenset({"task_type", "inference_mode", "base_model_name_or_path", "revision", "auto_mapping", "peft_version"})
_SET_BY_BENCH_FOR = {
    "ADALORA": frozenset({"total_step", "rank_pattern"}),
    "PROMPT_TUNING": frozenset({"tokenizer_name_or_path"}),
}


def checked_fields(place: str, kind: str, config_class: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Check the values of an adapter; returns them with texts that stand for numbers as numbers (YAML 1.1 reads 1e-1 as a text).

    Args:
        place: where the adapter is declared, for messages.
        kind: the name of PEFT's method, such as LORA.

    Raises:
        BenchError: with every field that PEFT's class does not have or that bench sets, and every value that is not of the field's type or
            cannot work here.
    """
    fields = {f.name for f in dataclasses.fields(config_class)}
    types = _field_types(config_class)
    set_by_bench = _SET_BY_BENCH | _SET_BY_BENCH_FOR.get(kind, frozenset())
    problems = [f"{place}.{name}: {kind} needs it" for name in _REQUIRED.get(kind, ()) if not values.get(name)]
    checked = dict(values)
    for name, value in values.items():
        if name not in fields:
            problems.append(f"{place}.{name}: {config_class.__name__} has no such field.{did_you_mean(name, fields - set_by_bench)}")
        elif name in set_by_bench:
            problems.append(f"{place}.{name}: bench sets this field; leave it out")
        else:
            try:
                checked[name] = _typed(value, types.get(name, Any))
            except ValueError as error:
                problems.append(f"{place}.{name}: {error}")
            if "dropout" in name and isinstance(checked[name], int | float) and not 0 <= checked[name] < 1:
                problems.append(f"{place}.{name}: must be at least 0 and below 1, not {value!r}")
    problems += _refused_values(place, kind, values)
    if "num_virtual_tokens" in fields:
        problems += _virtual_token_problems(place, values)
    if problems:
        raise BenchError(list(dict.fromkeys(problems)))
    return checked


def _refused_values(place: str, kind: str, values: Mapping[str, Any]) -> list[str]:
    problems = []
    for (method, name, beginnings), reason in _REFUSED_VALUES.items():
        value = values.get(name)
        if method == kind and value is not None and str(value).lower().startswith(beginnings):
            problems.append(f"{place}.{name}: {value} cannot be used here: it {reason}")
    return problems


def _virtual_token_problems(place: str, values: Mapping[str, Any]) -> list[str]:
    count = values.get("num_virtual_tokens")
    if isinstance(count, int) and not isinstance(count, bool) and count >= 1:
        return []
    seen = f", not {count!r}" if "num_virtual_tokens" in values else ""
    return [f"{place}.num_virtual_tokens: must be the number of trained tokens, a whole number from 1{seen}"]


def _field_types(config_class: Any) -> dict[str, Any]:
    """The types of the fields; empty if they cannot be resolved."""
    try:
        return typing.get_type_hints(config_class)
    except (NameError, TypeError):
        return {}


def _typed(value: Any, hint: Any) -> Any:
    """The value, as a number if it is a text and its type is a number.

    Raises:
        ValueError: the value is not of the type.
    """
    try:
        adapter = TypeAdapter(hint, config=None if dataclasses.is_dataclass(hint) else ConfigDict(arbitrary_types_allowed=True))
    except PydanticUserError:
        return value
    try:
        valid = adapter.validate_python(value)
    except ValidationError as error:
        expected = list(dict.fromkeys(d["msg"].removeprefix("Input should be ") for d in error.errors()))
        raise ValueError(f"must be {' or '.join(expected)}, not {value!r}") from None
    return valid if isinstance(value, str) and isinstance(valid, int | float) else value
