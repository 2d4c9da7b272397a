"""What the search before a grid is expected to take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field


@dataclass(frozen=True)
class SearchForecast:
    """The trials of all strategies together, at most: a race may end some of them."""

    seconds: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
    """Of the device."""
    trials: Annotated[int, Field(ge=1, le=1 << 20)] | None
    """Of each strategy; None where hours or money limit them."""
    trainings: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] | None
    """What they cost, in whole trainings of the strategy, because most of them end early; None where hours or money limit them."""
    parts: Annotated[int, Field(ge=1, le=1 << 24)] | None
    """The parts of all trials. Each starts a process that loads the model, for which nothing is forecast; None as above."""
