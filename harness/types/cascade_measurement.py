"""What a cascade has measured on its calibration examples: numbers alone, because a run keeps none of their texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0, le=1 << 40)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
# What the confidence of the first model is: the distance of its two most likely labels, or the mean likelihood of the tokens it wrote.
ConfidenceKind = Literal["label_margin", "token_likelihood"]


@dataclass(frozen=True)
class CascadePoint:
    """The cascade with one threshold, on the calibration examples."""

    threshold: _Number | None
    """Answers of the first model with at least this confidence are kept; None: none is."""
    passed_on: _Share
    """The share of answers that the second model gives."""
    worse: _Share
    """The share of answers that are kept and worse; with groups, the mean over them."""
    quality: _Number | None
    """The primary score; None where it is not defined."""


@dataclass(frozen=True)
class CascadeMeasurement:
    """The chosen threshold, and what others would give."""

    confidence_kind: ConfidenceKind
    threshold: _Number | None
    """None where nothing is kept, because nothing can be guaranteed."""
    examples: Annotated[int, Field(ge=1, le=1 << 40)]
    """The calibration examples."""
    units: Annotated[int, Field(ge=1, le=1 << 40)]
    """The independent units among them: examples, or groups."""
    grouped: bool
    """Whether a unit has several examples, so that each unit counts the same."""
    smallest: Annotated[int, Field(ge=1, le=1 << 60)]
    """The fewest units with which anything can be guaranteed."""
    score: str
    """The score that says which of two answers is worse."""
    passed_on: _Share
    """The share of the test answers that the second model gave."""
    points: Annotated[tuple[CascadePoint, ...], Field(max_length=200)]
    """From everything passed on to nothing, with the chosen threshold among them."""
    chosen: _Count
    """The position of the chosen threshold among `points`; 0: everything is passed on."""
