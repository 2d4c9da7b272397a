"""What can a test set of this size show? Asked before anything is spent.

The standard error of a paired difference is σ/√n, with n independent rows (or groups of rows, which are then the units) and σ the spread
of the difference between two strategies from one unit to the next. Where an earlier run on such data is at hand, σ is read off it. Else,
for the mean of a score with limits, it is the largest that the scale allows: two strategies of which each is wholly right where the
other is wholly wrong, σ = the width of the scale. Real pairs agree on most rows, so the truth is far below that. Scores of all rows
together (macro-F1, BLEU, AUROC) have no such bound: a rare class can move them by more than its rows.

| asked | answer |
| --- | --- |
| which difference is found four times in five? | (z(1 − α/2) + z(0.8)) σ/√n, two-sided α = 5 % |
| how often is "not worse by more than Δ" shown where both are equally good? | Φ(Δ√n/σ − z(1 − α)), one-sided α = 5 % |
| how many rows make that four times in five? | ((z(1 − α) + z(0.8)) σ/Δ)² |
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from harness.metrics import BOUNDS
from harness.statistics.power import POWER
from harness.types import Metric

_Z = NormalDist()
ALPHA = 0.05


@dataclass(frozen=True)
class Outlook:
    """What `units` independent rows or groups can show about a score. Differences are in the unit of the score.

    `spread` is σ, `detectable` the difference found with a power of 80 %, `power` the chance to show "not worse by more than
    `margin`" of two that are equally good, `needed` the units for 80 % of that, `least_margin` the smallest margin for which
    `units` give 80 %.
    """

    units: int
    spread: float
    margin: float
    detectable: float
    power: float
    needed: int
    least_margin: float

    @property
    def answers(self) -> bool:
        """Whether the question about the margin can be answered: with 80 % power, if the two are equally good."""
        return self.power >= POWER


def outlook(units: int, spread: float, margin: float) -> Outlook:
    """The outlook for a margin Δ.

    Raises:
        ValueError: a number that is not above 0.
    """
    if units < 1 or not spread > 0 or not margin > 0:
        raise ValueError(f"units, spread and margin must be above 0, not {units}, {spread}, {margin}")
    error = spread / math.sqrt(units)
    one_sided = _Z.inv_cdf(1 - ALPHA)
    return Outlook(
        units=units,
        spread=spread,
        margin=margin,
        detectable=(_Z.inv_cdf(1 - ALPHA / 2) + _Z.inv_cdf(POWER)) * error,
        power=_Z.cdf(margin / error - one_sided),
        needed=math.ceil(((one_sided + _Z.inv_cdf(POWER)) * spread / margin) ** 2),
        least_margin=(one_sided + _Z.inv_cdf(POWER)) * error,
    )


def independent_units(sizes: Sequence[int]) -> int:
    """How many independent rows groups of these sizes are worth where all rows of a group move together: n²/Σn_g²."""
    return max(1, int(sum(sizes) ** 2 / sum(size**2 for size in sizes)))


def largest_spread(metric: Metric) -> float | None:
    """The largest σ that the scale of the score allows; None for a scale without limits, and a score of all rows together."""
    if metric.unit not in BOUNDS or metric.level != "example":
        return None
    low, high = BOUNDS[metric.unit]
    return high - low
