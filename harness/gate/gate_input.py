"""Who is judged by which policy, and what a floor or a ceiling says of a number with limits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.gate.fitting import GatePair
from harness.gate.policy import Policy, Rule
from harness.gate.verdict import Outcome, RuleVerdict
from harness.metrics import BOUNDS
from harness.results import StrategyResult
from harness.statistics import POWER, OneSidedLimits, unseen_room
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class GateInput:
    """Who is judged: the candidate, and where there is one the baseline on the same rows. `alpha` is what each rule decides at; `slices`
    are the positions of the test rows by value, for each way in which a rule cuts them."""

    candidate: StrategyResult
    baseline: StrategyResult | None
    pair: GatePair | None
    metrics: dict[str, Metric]
    policy: Policy
    alpha: float
    slices: Mapping[str, Mapping[str, Sequence[int]]]

    @property
    def groups(self) -> tuple[str | None, ...]:
        return self.candidate.task_scores.groups

    def own(self, metric: Metric) -> Array:
        """The candidate's statistics, (examples, seeds, d)."""
        return self.candidate.stack(metric)

    def both(self, metric: Metric) -> tuple[Array, Array]:
        """The baseline's and the candidate's, on the rows of the candidate."""
        assert self.pair is not None  # whoever asks has looked
        candidate, baseline = self.pair.stacks(metric)
        return baseline, candidate


def cautious(found: OneSidedLimits, metric: Metric, count: int, alpha: float, *, difference: bool) -> OneSidedLimits:
    """Limits that leave room for what so few rows cannot have shown.

    A model that fails wholly on a few rows in a hundred may not have done so on these: with probability 1 − α its share of such rows is
    below 1 − α^(1/n), by which each limit of a mean on a scale with ends moves. Shares have exact limits already; of a scale without
    ends, a number that did not vary has no limits.

    Args:
        count: independent rows, or groups.
        difference: whether it is one of two scores, which may lie a whole scale apart.
    """
    if found.estimate is None or found.low is None or found.high is None or metric.level != "example":
        return found
    if metric.unit not in BOUNDS:
        return replace(found, low=None, high=None) if found.high - found.low < 1e-12 else found
    lowest, highest = BOUNDS[metric.unit]
    lowest, highest = (lowest - highest, highest - lowest) if difference else (lowest, highest)
    low, high = unseen_room(found.estimate, (lowest, highest), count, 1 - 2 * alpha)
    return replace(found, low=min(found.low, low), high=max(found.high, high))


def decided(outcome: Outcome, found: OneSidedLimits) -> tuple[Outcome, str]:
    """A PASS outside the range in which the method is known to hold is none."""
    if outcome == "PASS" and not found.reliable:
        return "INCONCLUSIVE", f"too few rows, or too uneven, for its limits to be trusted: {found.method} ({found.reason})"
    return outcome, ""


def against_value(rule: Rule, unit: str, found: OneSidedLimits, title: str, alpha: float) -> RuleVerdict:
    value = rule.bound
    if found.estimate is None or found.low is None or found.high is None:
        return RuleVerdict(
            title,
            "INCONCLUSIVE",
            f"too few rows: {found.reason}",
            rule.score,
            against=value,
            unit=unit,
            n=found.n,
            method=found.method,
        )
    above, below = found.low > value, found.high < value
    good, bad = (above, below) if rule.rule == "floor" else (below, above)
    outcome: Outcome = "PASS" if good else "FAIL" if bad else "INCONCLUSIVE"
    side = "above" if rule.rule == "floor" else "below"
    outcome, doubt = decided(outcome, found)
    words = {"PASS": f"shown to be {side} it", "FAIL": f"shown not to be {side} it", "INCONCLUSIVE": "these rows cannot tell"}
    reason = doubt or words[outcome]
    gap = found.estimate - value if rule.rule == "floor" else value - found.estimate
    needed = rows_needed(gap, (found.high - found.low) / 2, found.n, alpha) if outcome == "INCONCLUSIVE" and not doubt else None
    return RuleVerdict(
        title,
        outcome,
        reason,
        rule.score,
        False,
        found.estimate,
        found.low,
        found.high,
        value,
        unit,
        found.n,
        needed,
        found.method,
    )


def rows_needed(gap: float, reach: float, n: int, alpha: float) -> int | None:
    """Rows that would show a gap like the one that was seen, with a power of 80 %; None where it goes the wrong way."""
    z = NormalDist().inv_cdf
    if gap <= 0 or reach <= 0:
        return None
    se = reach / z(1 - alpha)
    needed = math.ceil(n * ((z(1 - alpha) + z(POWER)) * se / gap) ** 2)
    return needed if needed > n else None
