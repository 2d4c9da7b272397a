"""The trials of a search: a strategy with some values, trained in parts and measured on validation examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

Finite = Annotated[float, Field(allow_inf_nan=False)]
# The steps with a falling learning rate before an early part is measured, as a share of the steps until then. They are then discarded.
COOLDOWN = 0.375
CONTINUED = 3  # of so many trials, rounded up, one continues after a part


def discarded_steps(share: float) -> float:
    """The steps that are taken only to measure a part which ends at this share, as a share of all steps of the training."""
    return COOLDOWN * share if share < 1 else 0.0


@dataclass(frozen=True)
class Trial:
    """One part of a trial. The parts of a trial have the same number and values, and each continues where the one before ended."""

    number: Annotated[int, Field(ge=0)]
    """Within the search of its strategy; 0 has the strategy's own values."""
    rung: Annotated[int, Field(ge=0)]
    """Which part of the training this is, from 0."""
    share: Annotated[float, Field(gt=0, le=1)]
    """The share of its training that is done when this part ends."""
    values: Mapping[str, Any]
    """The searched fields."""
    previous: str | None = None
    """The id of the cell of the part before."""


@dataclass(frozen=True)
class TrialMeasurement:
    """The loss of a trial's best weights so far on each validation example. It holds no text."""

    losses: Annotated[tuple[Finite, ...], Field(min_length=1)]
    """By validation example: the sum of -ln p over the tokens of its target, in nats."""
    tokens: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)]
    """By validation example: the tokens of its target."""
    groups: tuple[int, ...] = ()
    """By validation example: the number of its group. Empty where the task has none."""

    def __post_init__(self) -> None:
        if len(self.losses) != len(self.tokens) or len(self.groups) not in (0, len(self.losses)):
            raise ValueError("losses, tokens and groups must be about the same validation examples")

    @property
    def loss(self) -> float:
        """The mean loss, in nats per target token."""
        return sum(self.losses) / sum(self.tokens)


@dataclass(frozen=True)
class DroppedStrategy:
    """A strategy that the race has dropped after a rung, because none of its trials can be the best at that rung."""

    task: str
    model: str
    strategy: str
    rung: Annotated[int, Field(ge=0)]
    trial: str
    """The id of the cell of its best trial at that rung."""
    rival: str
    """The id of the cell of the trial that is better."""
    difference: Finite
    """By how much the loss of `trial` is higher, in nats per target token."""
    limit: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """The lower confidence limit of the difference."""
    level: Annotated[float, Field(gt=0, lt=1)]
    """The one-sided level of the limit: the share of the race's error rate that this comparison may use."""
