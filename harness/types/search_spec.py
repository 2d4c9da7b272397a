"""How values of strategies are searched on validation data, before the grid is run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from harness.types.declared import Declared
from harness.types.train_spec import HIGHEST_LEARNING_RATE, MOST_EPOCHS

MOST_TRIALS = 200
TRIALS = 5  # of each strategy, if no budget is given: most of them end early, and they cost as much as 3.5 full trainings
# The lowest and the highest value that a field accepts, where a factor of a strategy's own value may lead beyond it.
_LIMITS = {"learning_rate": (0.0, HIGHEST_LEARNING_RATE), "epochs": (0.0, MOST_EPOCHS), "warmup": (0.0, 1.0), "lora_plus": (1.0, math.inf)}


class FieldRange(Declared):
    """A range of numbers."""

    low: float
    high: float
    log: bool = True
    """Whether equal ratios are equally likely, as for a learning rate, rather than equal differences."""

    @model_validator(mode="after")
    def _check_range(self) -> FieldRange:
        if not self.low < self.high:
            raise ValueError(f"the range is empty: 'low' ({self.low:g}) must be below 'high' ({self.high:g})")
        if self.log and self.low <= 0:
            raise ValueError(f"'low' must be above 0 on a logarithmic scale, not {self.low:g}. Write 'log: false' for a linear one")
        return self


class FieldFactor(Declared):
    """A range around a strategy's own value: from the value divided by `factor` to the value times `factor`, logarithmic."""

    factor: Annotated[float, Field(gt=1, le=1000)]

    def around(self, name: str, own: float) -> tuple[float, float]:
        """The ends of the range for a field, around the strategy's own value, which is above 0.

        They are whole numbers if the value is one, and within what the field accepts.
        """
        lowest, highest = _LIMITS.get(name.removeprefix("train."), (0.0, math.inf))
        low, high = max(own / self.factor, lowest), min(own * self.factor, highest)
        return (max(1, math.ceil(low)), math.floor(high)) if isinstance(own, int) else (_round(low), _round(high))


def _round(value: float) -> float:
    return float(f"{value:.3g}")


def _form(value: Any) -> str | None:
    """Which form of a searched field a value has."""
    if isinstance(value, Mapping):
        return "factor" if "factor" in value else "range"
    if isinstance(value, FieldFactor | FieldRange):
        return "factor" if isinstance(value, FieldFactor) else "range"
    return "list" if isinstance(value, list | tuple) else None


SearchedField: TypeAlias = Annotated[
    Annotated[FieldFactor, Tag("factor")] | Annotated[FieldRange, Tag("range")] | Annotated[tuple[Any, ...], Tag("list")],
    Discriminator(
        _form,
        custom_error_type="searched_field",
        custom_error_message="must be a list of values, a range such as {low: 1e-5, high: 1e-2}, or {factor: 10}",
    ),
]


class SearchSpec(Declared):
    """A search. Every strategy gets the same budget: `trials`, `hours` or `price`."""

    trials: Annotated[int, Field(ge=1, le=MOST_TRIALS)] | None = None
    """Trials of each strategy; the first has the strategy's own values."""
    hours: Annotated[float, Field(gt=0, le=10_000)] | None = None
    """Hours of each strategy's trials together."""
    price: Annotated[float, Field(gt=0)] | None = None
    """What the trials of each strategy may cost, in the currency of the device's price."""
    fields: Annotated[Mapping[str, SearchedField], Field(min_length=1)] = {"learning_rate": FieldFactor(factor=10)}
    """What is searched, by the name of a field as in `lora:r=8`: a list of values, a range, or a factor around the strategy's own value.
    A strategy that lacks a field is searched over the others."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of the proposals."""

    @field_validator("fields")
    @classmethod
    def _check_lists(cls, fields: Mapping[str, SearchedField]) -> Mapping[str, SearchedField]:
        for name, searched in fields.items():
            if isinstance(searched, tuple) and len(searched) < 2:
                raise ValueError(f"{name}: a list needs at least two values to choose from")
            if isinstance(searched, tuple) and any(value in searched[:i] for i, value in enumerate(searched)):
                raise ValueError(f"{name}: a value is listed twice")
        return fields

    @model_validator(mode="after")
    def _check_budget(self) -> SearchSpec:
        given = [name for name in ("trials", "hours", "price") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give one budget: {' or '.join(given)}")
        return self

    @property
    def most_trials(self) -> int | None:
        """The number of trials of each strategy; None where hours or money limit them."""
        return TRIALS if self.hours is None and self.price is None and self.trials is None else self.trials
