"""Is B not worse than A by more than Δ? The question of whoever would replace A by something cheaper.

The limits are one-sided ones at level α (`one_sided`; for two of them at once: Schuirmann 1987, Journal of Pharmacokinetics and
Biopharmaceutics 15:657–680).

| the limits of B − A, in the direction that is better | outcome |
| --- | --- |
| lower one above −Δ | PASS: B is not worse by more than Δ |
| upper one below −Δ, and B is worse at all by the two-sided comparison | FAIL: B is worse by more than Δ |
| else | INCONCLUSIVE, with the rows that would decide if the two were equally good |
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.interval import OneSidedLimits
from harness.statistics.one_sided import one_sided_limits
from harness.statistics.pairs import compare_scores
from harness.statistics.power import POWER
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]
Outcome: TypeAlias = Literal["PASS", "FAIL", "INCONCLUSIVE"]


@dataclass(frozen=True)
class NotWorse:
    """`loss` is how much worse B is than A (below 0: better), `most` the most that it can be at level α; both None without an interval.

    `rows_needed` test rows like these would give PASS with a power of 80 % if the two were equally good; None where it passes or
    fails, or nothing can be said, or the rows that there are should have shown it.
    """

    outcome: Outcome
    loss: float | None
    least: float | None
    most: float | None
    margin: float
    alpha: float
    rows_needed: int | None
    method: str
    reliable: bool
    reason: str


def not_worse(
    a: Array,
    b: Array,
    *,
    metric: Metric,
    margin: float,
    groups: Sequence[str | None] | None = None,
    alpha: float = 0.05,
    resamples: int = 2000,
    seed: int = 0,
) -> NotWorse:
    """The outcome for B against A, in the shapes of `compare_scores`, and valid where that is.

    Raises:
        ValueError: shapes that do not fit, a margin that is not above 0, or a metric without a better direction.
    """
    if metric.direction == "none":
        raise ValueError(f"{metric.name}: neither more nor less of it is better, so nothing is worse")
    found = one_sided_limits(a, b, metric=metric, groups=groups, alpha=alpha, resamples=resamples, seed=seed)
    basis = found.method, found.reliable, found.reason
    if found.estimate is None or found.low is None or found.high is None:
        return NotWorse("INCONCLUSIVE", None, None, None, margin, alpha, None, *basis)
    lower = metric.direction == "lower"
    loss = found.estimate if lower else -found.estimate
    least, most = (found.low, found.high) if lower else (-found.high, -found.low)
    outcome: Outcome = "PASS" if most < margin else "INCONCLUSIVE"
    if least > margin:
        two_sided = compare_scores(a, b, metric=metric, groups=groups, margin=margin, resamples=resamples, seed=seed)
        outcome = "FAIL" if two_sided.verdict == "worse" else "INCONCLUSIVE"
    needed = _rows_needed(found, margin, alpha) if outcome == "INCONCLUSIVE" else None
    return NotWorse(outcome, loss, least, most, margin, alpha, needed, *basis)


def _rows_needed(found: OneSidedLimits, margin: float, alpha: float) -> int | None:
    """n (z(1 − α) + z(power))² SE² / Δ², for a true difference of 0. SE is read off the distance of the limits, which every method has.

    None where that is no more than there are: then these rows speak against a difference of 0, and more of them would not show it.
    """
    from statistics import NormalDist

    z = NormalDist().inv_cdf
    if found.low is None or found.high is None:
        return None
    se = (found.high - found.low) / 2 / z(1 - alpha)
    needed = math.ceil(found.n * ((z(1 - alpha) + z(POWER)) * se / margin) ** 2)
    return needed if needed > found.n else None
