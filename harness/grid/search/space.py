"""What is searched for a strategy: its fields, with the range or the values of each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.catalog import locate_field, override_strategy
from harness.errors import BenchError, did_you_mean
from harness.types import MEMORY_FIELDS, FieldFactor, FieldRange, SearchSpec, Strategy, TrainSpec

_DIGITS = 2  # significant digits of proposed numbers: more would not change a result, and people read these


@dataclass(frozen=True)
class Dimension:
    """A searched field of one strategy.

    Attributes:
        own: the strategy's own value.
        low, high: of a range; None for a list.
        is_log: whether equal ratios are equally likely.
        is_whole: whether only whole numbers are tried.
        values: of a list; empty for a range.
    """

    name: str
    own: Any
    low: float | None = None
    high: float | None = None
    is_log: bool = False
    is_whole: bool = False
    values: tuple[Any, ...] = ()

    @property
    def size(self) -> float:
        """How many values there are; infinite for a range of real numbers."""
        if self.low is None or self.high is None:
            return len(self.values)
        return int(self.high) - int(self.low) + 1 if self.is_whole else math.inf

    def at(self, position: float) -> Any:
        """The value at a position from 0 to 1."""
        if self.low is None or self.high is None:
            return self.values[min(len(self.values) - 1, int(position * len(self.values)))]
        low, high = self.low, self.high
        return self.tidy(low * (high / low) ** position if self.is_log else low + (high - low) * position)

    def tidy(self, value: float) -> Any:
        """The number with few digits, inside the range."""
        assert self.low is not None and self.high is not None
        rounded = round(value) if self.is_whole else float(f"{value:.{_DIGITS}g}")
        return min(max(rounded, int(self.low) if self.is_whole else self.low), int(self.high) if self.is_whole else self.high)

    def contains(self, value: Any) -> bool:
        """Whether the value is among those that can be tried."""
        if self.low is None or self.high is None:
            return value in self.values
        return isinstance(value, int | float) and self.low <= value <= self.high


def build_space(strategy: Strategy, spec: SearchSpec, parameters: int) -> tuple[Dimension, ...]:
    """The searched fields that a strategy has; empty if it has none.

    Args:
        parameters: the size of the base model, which the strategy's own values may depend on.

    Raises:
        BenchError: a factor is given for a field whose own value is not a number above 0, or within which there is no other value.
    """
    dimensions = []
    for name, searched in spec.fields.items():
        if not _has(strategy, name):
            continue
        own = _own_value(strategy, name, parameters)
        is_whole = isinstance(own, int) and not isinstance(own, bool)
        match searched:
            case FieldFactor():
                if isinstance(own, bool) or not isinstance(own, int | float) or own <= 0:
                    problem = f"strategy '{strategy.name}': its own value {own!r} is not a number above 0"
                    raise BenchError(
                        f"search: fields: {name}: {problem}, so 'factor' has no meaning. Give 'low' and 'high', or a list of values"
                    )
                low, high = searched.around(name, own)
                if low == high:
                    raise BenchError(
                        f"search: fields: {name}: strategy '{strategy.name}': there is no other value within a factor of "
                        f"{searched.factor:g} of its own, {own}. Give a larger factor, or a list of values"
                    )
                dimensions.append(Dimension(name, own, low, high, is_log=True, is_whole=is_whole))
            case FieldRange(low=low, high=high, log=is_log):
                dimensions.append(Dimension(name, own, low, high, is_log=is_log, is_whole=is_whole))
            case _:
                dimensions.append(Dimension(name, own, values=tuple(searched)))
    return tuple(dimensions)


def check_space(strategies: Sequence[Strategy], spec: SearchSpec) -> None:
    """Check that every searched field is one of some strategy, and that strategies accept its values.

    Raises:
        BenchError: with every field that no strategy has, and every value that a strategy refuses.
    """
    problems: list[str] = []
    for name, searched in spec.fields.items():
        if name.removeprefix("train.") in MEMORY_FIELDS:
            problems.append(f"search: fields: '{name}' changes only memory and speed, so there is nothing to choose: remove it")
            continue
        having = [strategy for strategy in strategies if _has(strategy, name)]
        if not having:
            names = [field for strategy in strategies for field in _fields_of(strategy)]
            problems.append(f"search: fields: no strategy of this run has a field '{name}'.{did_you_mean(name, names)}")
        values = (
            list(searched) if isinstance(searched, tuple) else [searched.low, searched.high] if isinstance(searched, FieldRange) else []
        )
        for strategy in having:
            for value in values:
                try:
                    set_values(strategy, {name: _as_kind(_own_value(strategy, name, 0), value)})
                except BenchError as error:
                    problems += [f"search: fields: {problem}" for problem in error.problems]
    if problems:
        raise BenchError(list(dict.fromkeys(problems)))


def own_values(space: Sequence[Dimension]) -> dict[str, Any]:
    """The strategy's own values of the searched fields."""
    return {dimension.name: dimension.own for dimension in space}


def set_values(strategy: Strategy, values: Mapping[str, Any]) -> Strategy:
    """The strategy with these values, under its own name.

    Raises:
        BenchError: a value is not valid for the strategy.
    """
    return override_strategy(strategy, values, strategy.name)


def _has(strategy: Strategy, name: str) -> bool:
    """Whether the strategy has the field. A bare name that is no field of bench belongs to an adapter that sets it."""
    if not strategy.has_model or (name == "shots" and strategy.method != "prompt"):
        return False
    place = locate_field(strategy, name)
    return place is not None and (place[0] != "adapter" or place[1] in strategy.adapter)


def _fields_of(strategy: Strategy) -> list[str]:
    return [
        *(TrainSpec.model_fields if strategy.train else ()),
        "prompt",
        *(["shots"] if strategy.method == "prompt" else ()),
        *strategy.adapter,
    ]


def _own_value(strategy: Strategy, name: str, parameters: int) -> Any:
    place = locate_field(strategy, name)
    assert place is not None
    part, key = place
    if part == "train" and strategy.train is not None:
        if key == "learning_rate":
            return strategy.train.learning_rate_for(parameters)
        if key == "batch_size":
            return strategy.train.batch_size_for(parameters)
        return getattr(strategy.train, key)
    if part == "adapter":
        return strategy.adapter[key]
    return getattr(strategy.quantization if part == "quantization" else strategy, key)


def _as_kind(own: Any, value: Any) -> Any:
    """A bound of a range as a whole number where the strategy's own value is one."""
    return int(value) if isinstance(own, int) and isinstance(value, float) and value == int(value) else value
