"""Fixed scales of the watched values. A scale must not depend on the data: ranks would then no longer be exact."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from harness.statistics import LEVELS

_MOST = 1e6  # of counts and of values without bounds


@dataclass(frozen=True)
class ValueScale:
    """How a value becomes a level.

    Attributes:
        low, high: the values of the lowest and of the highest level.
        bend: applied before the scale is cut into equal parts.
    """

    low: float
    high: float
    bend: Literal["none", "root", "log"] = "none"

    def level(self, value: float) -> int:
        """The level of a value; values beyond an end have its level."""
        low, high = self._bent(self.low), self._bent(self.high)
        share = (self._bent(min(max(value, self.low), self.high)) - low) / (high - low)
        return min(int(share * LEVELS), LEVELS - 1)

    def _bent(self, value: float) -> float:
        if self.bend == "none":
            return value
        size = math.sqrt(abs(value)) if self.bend == "root" else math.log1p(abs(value))
        return math.copysign(size, value)


SHARE = ValueScale(0.0, 1.0)
SMALL_SHARE = ValueScale(0.0, 1.0, "root")  # most are near 0
COUNT = ValueScale(0.0, _MOST, "log")
UNBOUNDED = ValueScale(-_MOST, _MOST, "log")
