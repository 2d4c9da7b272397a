"""Intervals of one proportion, and the allowance for what a sample has not shown."""

from __future__ import annotations

import math

from harness.statistics.distributions import beta_quantile
from harness.statistics.intervals.interval import Basis, Interval, no_interval


def proportion_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """The interval of a proportion: the outer of Wilson's score interval (1927, JASA 22) and the mid-P interval (Lancaster 1961, JASA 56).

    Valid for 30 independent examples or more. Each of the two is right on average over proportions, and short for some of them: Wilson's
    covers 84% with fewer than one expected event and 91.6% with a few (Brown, Cai & DasGupta 2001, Statistical Science 16), mid-P 92.2% at
    some proportions. Enumerated for 30 to 1,000 examples and all proportions, the outer of the two covers at least 93.3%, and is 1–2% wider
    than Wilson's. At the ends, where no or all examples succeed, mid-P takes the limit of Clopper and Pearson.

    Raises:
        ValueError: successes are not within 0…n.
    """
    _check_counts(successes, n)
    if n == 0:
        return no_interval(0, 0, "no examples")
    share = successes / n
    low, high = share_limits(share, n, confidence)
    basis = Basis(n, n, f"Wilson and mid-P, n={n}").require(n >= 30, "fewer than 30 examples")
    return basis.interval(low, high, se=math.sqrt(share * (1 - share) / n))


def share_limits(share: float, effective: float, confidence: float = 0.95, *, exact: bool = False) -> tuple[float, float]:
    """The limits of a share of as many independent examples as carry the same information, which need not be a whole number.

    Args:
        effective: the number of examples, above 0.
        exact: the limits of Clopper and Pearson; otherwise those of `proportion_interval`.
    """
    successes = share * effective
    if exact:
        return _clopper_pearson(successes, effective, (1 - confidence) / 2)
    wilson, mid_p = _wilson(successes, effective, confidence), _mid_p(successes, effective, confidence)
    return min(wilson[0], mid_p[0]), max(wilson[1], mid_p[1])


def clopper_pearson_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """The exact interval of a proportion (Clopper & Pearson 1934, Biometrika 26). It covers at least at its level, for any n.

    Raises:
        ValueError: successes are not within 0…n.
    """
    _check_counts(successes, n)
    if n == 0:
        return no_interval(0, 0, "no examples")
    low, high = _clopper_pearson(successes, n, (1 - confidence) / 2)
    return Basis(n, n, f"Clopper–Pearson, n={n}").interval(low, high)


def clopper_pearson_upper(successes: int, n: int, confidence: float = 0.95) -> float:
    """The exact one-sided upper limit of a rate: about 3/n with 0 errors in n examples. 1 without examples.

    Raises:
        ValueError: successes are not within 0…n.
    """
    _check_counts(successes, n)
    return 1.0 if successes == n else beta_quantile(confidence, successes + 1, n - successes)


def unseen_share(n: int, confidence: float = 0.95) -> float:
    """How often something may happen that n independent units have not shown once: 1 − ((1 − confidence)/2)^(1/n), the upper limit of
    Clopper and Pearson at 0 events."""
    return float(1 - ((1 - confidence) / 2) ** (1 / n))


def allow_for_unseen(value: float, ends: tuple[float, float], n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Limits of a mean of `value` where `unseen_share` of all values may lie at either end of the scale."""
    share, (lowest, highest) = unseen_share(n, confidence), ends
    return value - share * (value - lowest), value + share * (highest - value)


def _check_counts(successes: int, n: int) -> None:
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes in {n} examples")


def _clopper_pearson(successes: float, n: float, tail: float) -> tuple[float, float]:
    low = 0.0 if successes <= 0 else beta_quantile(tail, successes, n - successes + 1)
    high = 1.0 if successes >= n else beta_quantile(1 - tail, successes + 1, n - successes)
    return low, high


def _wilson(successes: float, n: float, confidence: float) -> tuple[float, float]:
    from statistics import NormalDist

    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, shrink = successes / n, 1 + z**2 / n
    middle = (share + z**2 / (2 * n)) / shrink
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / shrink
    return 0.0 if successes == 0 else middle - half, 1.0 if successes == n else middle + half


def _mid_p(successes: float, n: float, confidence: float) -> tuple[float, float]:
    """The proportions at which the tail beyond the successes, with half the probability of their number, is (1 − confidence)/2."""
    tail = (1 - confidence) / 2
    if successes == 0:
        return 0.0, float(1 - tail ** (1 / n))
    if successes == n:
        return float(tail ** (1 / n)), 1.0
    return _find_share(successes, n, 1 - tail), _find_share(successes, n, tail)


def _find_share(successes: float, n: float, probability: float) -> float:
    """The proportion at which P(X < x) + P(X = x)/2 has this value, by bisection: it falls as the proportion rises.

    P(X ≤ x) is the regularised incomplete beta function at (n − x, x + 1), which also exists between whole numbers.
    """
    from scipy.special import betainc

    failures, low, high = n - successes, 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        is_above = (betainc(failures + 1, successes, 1 - middle) + betainc(failures, successes + 1, 1 - middle)) / 2 > probability
        low, high = (middle, high) if is_above else (low, middle)
    return (low + high) / 2
