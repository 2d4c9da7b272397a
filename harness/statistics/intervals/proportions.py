"""Intervals of one proportion, and the allowance for what a sample has not shown."""

from __future__ import annotations

import math

from harness.statistics.intervals.interval import Basis, Interval, no_interval


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """The score interval of a proportion (Wilson 1927, JASA 22; Brown, Cai & DasGupta 2001, Statistical Science 16).

    Valid for 10 independent examples or more. Its coverage is right on average over proportions. Close to 0 and 1 (fewer than about one
    expected event) it can fall to 84%: use `clopper_pearson_interval` there.

    Raises:
        ValueError: successes are not within 0…n.
    """
    from statistics import NormalDist

    _check_counts(successes, n)
    if n == 0:
        return no_interval(0, 0, "no examples")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, shrink = successes / n, 1 + z**2 / n
    middle = (share + z**2 / (2 * n)) / shrink
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / shrink
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == n else middle + half
    basis = Basis(n, n, f"Wilson, n={n}").require(n >= 10, "fewer than 10 examples")
    return basis.interval(low, high, se=math.sqrt(share * (1 - share) / n))


def clopper_pearson_interval(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """The exact interval of a proportion (Clopper & Pearson 1934, Biometrika 26). It covers at least at its level, for any n.

    Raises:
        ValueError: successes are not within 0…n.
    """
    from scipy.stats import beta

    _check_counts(successes, n)
    if n == 0:
        return no_interval(0, 0, "no examples")
    tail = (1 - confidence) / 2
    low = 0.0 if successes == 0 else float(beta.ppf(tail, successes, n - successes + 1))
    high = 1.0 if successes == n else float(beta.ppf(1 - tail, successes + 1, n - successes))
    return Basis(n, n, f"Clopper–Pearson, n={n}").interval(low, high)


def clopper_pearson_upper(successes: int, n: int, confidence: float = 0.95) -> float:
    """The exact one-sided upper limit of a rate: about 3/n with 0 errors in n examples. 1 without examples.

    Raises:
        ValueError: successes are not within 0…n.
    """
    from scipy.stats import beta

    _check_counts(successes, n)
    return 1.0 if successes == n else float(beta.ppf(confidence, successes + 1, n - successes))


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
