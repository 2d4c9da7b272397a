"""Strategies with overridden fields: `lora:r=8` on the command line, `override` in a grid file.

A bare name is looked up among the fields of `train`, then of the strategy itself, then of its `api` and its quantization; otherwise it is a
field of its adapter. A dotted name is explicit: `adapter.r`, `train.epochs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from harness.catalog.yaml_file import parse_yaml_value
from harness.errors import BenchError, did_you_mean
from harness.types import ApiSpec, QuantizationSpec, Strategy, TrainSpec
from harness.validation import describe_problem

_PARTS = ("train", "adapter", "quantization", "api", "artifact", "start_from")
_FIXED = ("name", "method", *_PARTS)  # these make a strategy what it is, and cannot be overridden
# Where a number or a table is accepted, pydantic also reports that a number is not a table. The other message says more.
_NOT_A_TABLE = ("dict_type", "mapping_type")


def parse_strategy_spec(spec: str) -> tuple[str, dict[str, Any]]:
    """Split a spec into the strategy's name or file and the overridden fields: "lora:r=8" → ("lora", {"r": 8}).

    Raises:
        BenchError: the part after the colon is not a list of field=value.
    """
    name, colon, rest = spec.partition(":")
    if not colon:
        return spec, {}
    values: dict[str, Any] = {}
    for part in split_outside_brackets(rest):
        field, equals, text = part.partition("=")
        if not equals or not field.strip() or not text.strip():
            raise BenchError(f"strategy '{spec}': '{part}' must have the form field=value, as in lora:r=8,learning_rate=1e-4")
        if field.strip() in values:
            raise BenchError(f"strategy '{spec}': '{field.strip()}' is given twice")
        values[field.strip()] = _parse_value(text.strip())
    return name, values


def override_strategy(strategy: Strategy, values: Mapping[str, Any], name: str) -> Strategy:
    """The strategy with overridden fields and another name.

    Raises:
        BenchError: with every field that is unknown and every value that is not valid.
    """
    changed: dict[str, Any] = strategy.model_dump() | {"name": name}
    problems = []
    for field, value in values.items():
        place = locate_field(strategy, field)
        if place is None:
            problems.append(f"strategy '{name}': {_unknown_field(strategy, field)}")
            continue
        part, key = place
        if part is None:
            changed[key] = value
        else:
            changed[part] = {**changed[part], key: value}
    if problems:
        raise BenchError(problems)
    try:
        return Strategy.model_validate(changed)
    except ValidationError as error:
        details = [d for d in error.errors() if d["type"] not in _NOT_A_TABLE or isinstance(d["input"], Mapping)]
        places = [".".join(str(step) for step in d["loc"] if step not in ("float", "constrained-float")) for d in details]
        messages = [f"{place}: {describe_problem(d)}" if place else describe_problem(d) for place, d in zip(places, details, strict=True)]
        raise BenchError([f"strategy '{name}': {message}" for message in messages]) from None


def split_outside_brackets(text: str) -> list[str]:
    """Split at commas that are not inside brackets, as in `lora:target_modules=[q_proj,v_proj]`."""
    parts = [""]
    depth = 0
    for char in text:
        depth += (char in "[{") - (char in "]}")
        if char == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def locate_field(strategy: Strategy, field: str) -> tuple[str | None, str] | None:
    """The part of the strategy that a field belongs to (None: the strategy itself) and its name there; None if there is no such field.

    Of an adapter, any name is accepted.
    """
    part, dot, key = field.partition(".")
    if dot:
        known = {
            "train": [*TrainSpec.model_fields], "quantization": [*QuantizationSpec.model_fields], "api": [*ApiSpec.model_fields],
            "adapter": [key] if key else [],
        }  # fmt: skip
        return (part, key) if key in known.get(part, []) and getattr(strategy, part) else None
    if field in TrainSpec.model_fields and strategy.train is not None:
        return "train", field
    if field in Strategy.model_fields and field not in _FIXED:
        return None, field
    parts = {"api": [*ApiSpec.model_fields], "quantization": [*QuantizationSpec.model_fields]}
    if owner := next((part for part, fields in parts.items() if getattr(strategy, part) is not None and field in fields), None):
        return owner, field
    if field in _FIXED:
        return None
    # Any other name may be a field of PEFT's config class, which is checked before the first cell starts.
    return ("adapter", field) if strategy.method == "peft" else None


def _unknown_field(strategy: Strategy, field: str) -> str:
    if strategy.train is None and field.removeprefix("train.") in TrainSpec.model_fields:
        return f"'{strategy.name}' is not trained, so it has no '{field}'"
    known = [name for name in Strategy.model_fields if name not in _FIXED and (name != "shots" or strategy.method in ("prompt", "api"))]
    known += TrainSpec.model_fields if strategy.train else ()
    known += QuantizationSpec.model_fields if strategy.quantization else ()
    known += ApiSpec.model_fields if strategy.api else ()
    known += (name for name in strategy.adapter if name != "peft_type")
    return f"there is no field '{field}' to override.{did_you_mean(field, known)}"


def _parse_value(text: str) -> Any:
    """A value as YAML reads it, but numbers as Python does, because YAML 1.1 reads 1e-4 as text."""
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return parse_yaml_value(text)
