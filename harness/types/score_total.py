"""A score of which only the total is known, not the score of each example."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class ScoreTotal:
    """The mean of a score over examples whose own scores are not known."""

    value: float
    """As the file states it."""
    n: int
    """The examples."""
    successes: int | None = None
    """How many examples have the score 1, where all others have 0; None where the score is no share of examples."""
    standard_error: float | None = None
    """Of the mean, as the file states it; None where it does not."""

    def __post_init__(self) -> None:
        counts = self.n >= 1 and (self.successes is None or 0 <= self.successes <= self.n)
        if not counts or not math.isfinite(self.value) or not 0 <= (self.standard_error or 0.0) < math.inf:
            raise ValueError(f"no total of a score: {self.value} of {self.n} examples, {self.successes} successes")
