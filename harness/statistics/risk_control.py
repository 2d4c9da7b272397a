"""Which answers of a small model may be kept, and which are passed on to a larger one, with a guarantee for the answers that are kept.

A threshold on the confidence of the small model is chosen on calibration examples, so that at most a share `risk` of all answers is kept
*and* is worse than the answer of the other model. With probability `level` over the calibration examples, the chosen threshold has this
property on all examples like these.

Learn-then-test (Angelopoulos, Bates, Candès, Jordan & Lei 2021, arXiv 2110.01052, "Learn then Test", with its fixed-sequence test): "the
risk at this threshold is above `risk`" is a null hypothesis, tested for each threshold in a fixed order, from the safest (nothing is kept)
on. The first that is not rejected ends the sequence, and the last that was rejected is chosen. A lower threshold keeps all answers of
a higher one, so the risk, the loss on the calibration examples and the p-value never fall along this order. A threshold that should not be
chosen is therefore chosen only if the first of them is rejected, which happens with probability 1 − `level` at most; for the same reason
the confidences of the calibration examples themselves may be the thresholds.

p-values of R > risk with a mean loss r over n independent units:

- one example in each unit, and the loss is 0 or 1: P(Binomial(n, risk) ≤ n·r), which inverts the limit of Clopper and Pearson (1934).
- units with several examples (patients, documents): the loss of a unit is the share of its examples that are kept and worse, which lies
  within [0, 1]. min(exp(−n·h(min(r, risk), risk)), e·P(Binomial(n, risk) ≤ ⌈n·r⌉)), h the relative entropy of two Bernoulli variables
  (Hoeffding 1963; Bentkus 2004; Bates, Angelopoulos, Lei, Malik & Jordan 2021, JACM 68, proposition 5 and theorem 4). The estimand is then
  the risk of an answer of a unit drawn at random: every unit counts the same, however many examples it has.

Neither can reject before (1 − risk)^n ≤ 1 − level: fewer units guarantee nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class ThresholdPoint:
    """What happens on the calibration examples if the answers with at least this confidence are kept.

    Attributes:
        kept: the share of the examples that are kept.
        worse: the risk on these examples: the share of units (or the mean share within units) that is kept and worse.
        p_value: of the hypothesis that the risk on all examples is above the limit.
    """

    threshold: float
    kept: float
    worse: float
    p_value: float


@dataclass(frozen=True)
class RiskControl:
    """The threshold that was chosen.

    Attributes:
        chosen: the threshold with the most answers kept that is guaranteed; None where nothing can be kept with the guarantee.
        tested: every threshold from the safest on, also those behind the chosen one, each with its p-value.
        examples, units: examples, and the independent units they belong to.
        smallest: the fewest units with which anything could be guaranteed.
        grouped: whether some unit has several examples, so that each unit counts the same.
    """

    chosen: ThresholdPoint | None
    tested: tuple[ThresholdPoint, ...]
    examples: int
    units: int
    smallest: int
    grouped: bool

    @property
    def is_possible(self) -> bool:
        """Whether there are enough units to guarantee anything."""
        return self.units >= self.smallest


def smallest_calibration(risk: float, level: float) -> int:
    """The fewest independent units that can guarantee anything: the smallest n with (1 − risk)^n ≤ 1 − level.

    Args:
        risk: the share of answers that may be kept and worse, within (0, 1).
        level: the confidence of the guarantee, within (0, 1).

    Raises:
        ValueError: risk or level is not within (0, 1).
    """
    _check_share(risk, "risk")
    _check_share(level, "level")
    n = max(1, math.floor(math.log(1 - level) / math.log(1 - risk)))  # rounding may put it one too low or too high
    n = n - 1 if n > 1 and (1 - risk) ** (n - 1) <= 1 - level else n
    return n if (1 - risk) ** n <= 1 - level else n + 1


def control_risk(
    confidences: Sequence[float], worse: Sequence[bool], *, risk: float, level: float, groups: Sequence[str | None] | None = None
) -> RiskControl:
    """Choose how many answers are kept.

    Args:
        confidences: (n,) of the small model in its answers, finite; higher is more confident.
        worse: (n,) whether its answer is worse than that of the other model.
        risk, level: see `smallest_calibration`.
        groups: (n,) the unit that examples share; None for an example, or for all, that are units of their own.

    Raises:
        ValueError: lengths differ, there are no examples, a confidence is not finite, or risk or level is not within (0, 1).
    """
    smallest = smallest_calibration(risk, level)
    if not len(confidences) == len(worse) == len(groups if groups is not None else worse):
        raise ValueError("confidences, worse and groups need the same length")
    values, losses = np.asarray(confidences, dtype=float), np.asarray(worse, dtype=float)
    if not len(values) or not np.isfinite(values).all():
        raise ValueError("needs examples whose confidence is finite")
    weights, units, grouped = _weights(groups, len(values))
    order = np.argsort(-values, kind="stable")
    ordered = values[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))  # (m,) the last of each run of equal confidences
    risks = np.cumsum(losses[order] * weights[order])[ends]  # (m,) in units
    p_values = _bounded_p_values(risks, units, risk) if grouped else _exact_p_values(risks, units, risk)
    tested = tuple(
        ThresholdPoint(float(ordered[end]), (int(end) + 1) / len(values), float(total) / units, float(p))
        for end, total, p in zip(ends, risks, p_values, strict=True)
    )
    count = next((i for i, each in enumerate(tested) if each.p_value > 1 - level), len(tested))
    return RiskControl(tested[count - 1] if count else None, tested, len(values), units, smallest, grouped)


def _weights(groups: Sequence[str | None] | None, n: int) -> tuple[Array, int, bool]:
    """The weight of each example in its unit, the number of units, and whether any unit has several examples."""
    if groups is None:
        return np.ones(n), n, False
    names = [(i, "") if group is None else (-1, group) for i, group in enumerate(groups)]  # no group has the name of another example
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    unit = np.array([numbers[name] for name in names])
    sizes = np.bincount(unit)
    return 1.0 / sizes[unit], len(sizes), bool((sizes > 1).any())


def _exact_p_values(losses: Array, n: int, risk: float) -> Array:
    from scipy.stats import binom

    return np.asarray(binom.cdf(np.round(losses), n, risk), dtype=float)


def _bounded_p_values(losses: Array, n: int, risk: float) -> Array:
    from scipy.stats import binom

    below = np.minimum(losses / n, risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = np.where(below > 0, below * np.log(below / risk), 0.0) + (1 - below) * np.log((1 - below) / (1 - risk))
    whole = np.ceil(losses - 1e-9)  # sums of shares such as 1/3 are not exact
    bounds: Array = np.minimum(np.exp(-n * entropy), math.e * binom.cdf(whole, n, risk))
    return np.minimum(1.0, bounds)


def _check_share(value: float, name: str) -> None:
    if not 0 < value < 1:
        raise ValueError(f"{name} must be between 0 and 1, not {value}")
