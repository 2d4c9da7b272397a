"""Strategies with other values: `lora:r=8` on the command line, `override` in a grid file.

A bare name is a field of `train` if there is one of that name, else of the strategy itself, else of its quantization, else of
its adapter; a dotted name says its place: `adapter.r`, `train.epochs`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import ValidationError

from harness.errors import BenchError, did_you_mean
from harness.types import QuantizationSpec, Strategy, TrainSpec

_PARTS = ("train", "adapter", "quantization")
# What makes a strategy what it is, and cannot be given another value.
_FIXED = ("name", "method", *_PARTS)
# What pydantic says of a value that is no table, where a table or a number is taken: the number's own message says more.
_OTHER_BRANCH = ("dict_type", "mapping_type")


def parse_spec(spec: str) -> tuple[str, dict[str, Any]]:
    """The strategy's name or file and the values it is to have instead: "lora:r=8" → ("lora", {"r": 8}).

    Raises:
        BenchError: what stands behind the colon is not of the form field=value.
    """
    name, colon, rest = spec.partition(":")
    if not colon:
        return spec, {}
    values: dict[str, Any] = {}
    for part in outside_brackets(rest):
        field, equals, text = part.partition("=")
        if not equals or not field.strip() or not text.strip():
            raise BenchError(f"strategy '{spec}': '{part}' is not of the form field=value, as in lora:r=8,learning_rate=1e-4")
        if field.strip() in values:
            raise BenchError(f"strategy '{spec}': '{field.strip()}' stands twice")
        values[field.strip()] = _value(text.strip())
    return name, values


def with_values(strategy: Strategy, values: Mapping[str, Any], name: str) -> Strategy:
    """The strategy with other values, under another name.

    Raises:
        BenchError: with every value that does not fit.
    """
    changed: dict[str, Any] = strategy.model_dump() | {"name": name}
    problems = []
    for field, value in values.items():
        place = _place(strategy, field)
        if place is None:
            trains = strategy.train is None and field.removeprefix("train.") in TrainSpec.model_fields
            reason = f"'{strategy.name}' trains nothing, so it has no" if trains else "there is no field"
            hint = "" if trains else did_you_mean(field, _fields(strategy))
            problems.append(f"strategy '{name}': {reason} '{field}' that could have another value.{hint}")
            continue
        part, own = place
        if part is None:
            changed[own] = value
        else:
            changed[part] = {**changed[part], own: value}
    if problems:
        raise BenchError(problems)
    try:
        return Strategy.model_validate(changed)
    except ValidationError as error:
        details = [d for d in error.errors() if d["type"] not in _OTHER_BRANCH or isinstance(d["input"], Mapping)]
        raise BenchError([_worded(name, detail["loc"], detail["msg"], detail["input"]) for detail in details]) from None


def _place(strategy: Strategy, field: str) -> tuple[str | None, str] | None:
    """The part of a strategy that a field belongs to (None: the strategy itself) and its name there; None where there is no place."""
    part, dot, own = field.partition(".")
    if dot:
        there = {"train": [*TrainSpec.model_fields], "quantization": [*QuantizationSpec.model_fields], "adapter": [own] if own else []}
        return (part, own) if own in there.get(part, []) and getattr(strategy, part) else None
    if field in TrainSpec.model_fields and strategy.train is not None:
        return "train", field
    if field in Strategy.model_fields and field not in _FIXED:
        return None, field
    if field in QuantizationSpec.model_fields and strategy.quantization is not None:
        return "quantization", field
    if field in _FIXED:
        return None
    # Any other name is left to PEFT's own config class, which is asked before the first cell starts.
    return ("adapter", field) if strategy.method == "peft" else None


def _fields(strategy: Strategy) -> list[str]:
    """The fields that can have another value."""
    own = [field for field in Strategy.model_fields if field not in _FIXED and (field != "shots" or strategy.method == "prompt")]
    own += TrainSpec.model_fields if strategy.train else ()
    own += QuantizationSpec.model_fields if strategy.quantization else ()
    return [*own, *(field for field in strategy.adapter if field != "peft_type")]


def outside_brackets(text: str) -> list[str]:
    """The parts between commas; those inside brackets do not separate, as in `lora:target_modules=[q_proj,v_proj]`."""
    parts = [""]
    depth = 0
    for char in text:
        depth += (char in "[{") - (char in "]}")
        if char == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _value(text: str) -> Any:
    """A value as YAML reads it, and numbers as Python does: YAML 1.1 takes 1e-4 for a text."""
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _worded(name: str, loc: tuple[int | str, ...], message: str, seen: object) -> str:
    where = ".".join(str(step) for step in loc if step not in ("float", "constrained-float"))
    message = message.removeprefix("Value error, ")
    return f"strategy '{name}': {f'{where}: ' if where else ''}{message[0].lower()}{message[1:]}" + (
        f", not {seen!r}" if isinstance(seen, str | int | float) else ""
    )
