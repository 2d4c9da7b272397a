"""What one cell of the leak test measures. It holds no text, so that it can be shared with the numbers of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field


@dataclass(frozen=True)
class CanaryOutcome:
    """How far a model remembers one canary."""

    format: str
    """The name of the canary's format."""
    repeats: Annotated[int, Field(ge=1)]
    """How often it was in the training data."""
    candidates: Annotated[int, Field(ge=2)]
    """How many secrets of the same format were ranked, the canary included."""
    rank: Annotated[float, Field(ge=1, allow_inf_nan=False)]
    """Its place among them, 1 for the most likely; the middle of the places of secrets that are equally likely."""
    extracted: bool
    """Whether the greedy output from its prefix is the secret."""

    def __post_init__(self) -> None:
        if self.rank > self.candidates:
            raise ValueError(f"a rank of {self.rank:g} among {self.candidates} candidates is impossible")


@dataclass(frozen=True)
class LeakMeasurement:
    """The outcome of every canary, in the same order for all cells of a task, and how much of real targets a model repeats."""

    canaries: Annotated[tuple[CanaryOutcome, ...], Field(min_length=1)]
    training_overlaps: tuple[Annotated[int, Field(ge=0)], ...]
    """For training examples without canaries: the longest run of words that the greedy output from the beginning of a target shares with
    the rest of it, in words."""
    held_out_overlaps: tuple[Annotated[int, Field(ge=0)], ...]
    """The same for test examples, which are not in the training data."""
