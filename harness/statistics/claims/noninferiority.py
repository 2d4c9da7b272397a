"""Is B not worse than A by more than Δ? The question of a team that would replace A by something cheaper.

The limits are one-sided at level α (`difference_claim_limits`; for both at once: Schuirmann 1987, Journal of Pharmacokinetics and
Biopharmaceutics 15:657–680), and the question is the same as in a rule of a release gate.

| the limits of B − A, in the direction that is better | outcome |
| --- | --- |
| the lower one is above −Δ, and reliable | PASS: B is not worse by more than Δ |
| the upper one is below −Δ, and B is worse at all by the two-sided comparison | FAIL: B is worse by more than Δ |
| otherwise | INCONCLUSIVE, with the examples that would decide |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.claims.limits import difference_claim_limits
from harness.statistics.claims.thresholds import ClaimCheck, Outcome, check_above, orient
from harness.statistics.comparison import compare_scores
from harness.statistics.sample_size import SampleSize
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class NotWorse:
    """Whether B is not worse than A by more than the margin.

    Attributes:
        loss: how much worse B is than A (below 0: better); None without an interval, as `least` and `most`.
        least, most: the least and the most that the loss can be, each at level alpha.
        check: the claim that the limits were checked for.
        method, reliable, reason: see `OneSidedLimits`.
    """

    outcome: Outcome
    loss: float | None
    least: float | None
    most: float | None
    margin: float
    alpha: float
    check: ClaimCheck
    method: str
    reliable: bool
    reason: str

    @property
    def sample_size(self) -> SampleSize | None:
        """How many test examples like these would give PASS, see `examples_to_decide`; None where it passes or fails."""
        return self.check.sample_size


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
        raise ValueError(f"{metric.name}: 'not worse' needs a score for which higher or lower is better")
    if not margin > 0:
        raise ValueError(f"the margin must be above 0, not {margin}")
    limits = difference_claim_limits(a, b, metric=metric, groups=groups, alpha=alpha, resamples=resamples, seed=seed)
    check = check_above(orient(limits, higher_is_better=metric.direction == "higher"), -margin, equal=0.0)
    basis = limits.method, limits.reliable, limits.reason
    if limits.estimate is None or limits.low is None or limits.high is None:
        return NotWorse("INCONCLUSIVE", None, None, None, margin, alpha, check, *basis)
    lower = metric.direction == "lower"
    loss = limits.estimate if lower else -limits.estimate
    least, most = (limits.low, limits.high) if lower else (-limits.high, -limits.low)
    outcome = check.outcome
    if outcome == "FAIL":
        two_sided = compare_scores(a, b, metric=metric, groups=groups, margin=margin, resamples=resamples, seed=seed)
        outcome = "FAIL" if two_sided.verdict == "worse" else "INCONCLUSIVE"
    return NotWorse(outcome, loss, least, most, margin, alpha, check, *basis)
