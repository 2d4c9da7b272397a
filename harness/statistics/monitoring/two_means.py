"""The difference of two independent means or shares, from what is left of their values: number, mean and variance."""

from __future__ import annotations

import math

from harness.statistics.distributions import t_quantile
from harness.statistics.intervals import Interval

_LEAST = 30  # of each sample


def difference_of_means(
    n_reference: int, mean_reference: float, variance_reference: float, n_new: int, mean_new: float, variance_new: float
) -> Interval:
    """The 95% interval of new − reference: Welch's t with Satterthwaite's degrees of freedom (Welch 1947, Biometrika 34:28–35).

    Reliable from 30 independent values on each side. Where the period of the new values was chosen because they differ, as after an alarm,
    the interval is too narrow and lies too far out: it describes, and the alarm decides.

    Args:
        variance_reference, variance_new: of the samples (n − 1).
    """
    n, smaller = n_reference + n_new, min(n_reference, n_new)
    if smaller < 2:
        return Interval(None, None, n, n, "no interval", reliable=False, reason="fewer than two values on one side")
    parts = variance_reference / n_reference, variance_new / n_new
    error = math.sqrt(sum(parts))
    if error == 0:
        return Interval(None, None, n, n, "no interval", reliable=False, reason="all values are equal on both sides")
    df = sum(parts) ** 2 / (parts[0] ** 2 / (n_reference - 1) + parts[1] ** 2 / (n_new - 1))
    half = t_quantile(0.975, df) * error
    difference = mean_new - mean_reference
    reason = "" if smaller >= _LEAST else f"fewer than {_LEAST} values on one side"
    return Interval(difference - half, difference + half, n, n, f"Welch's t, df={df:.1f}", not reason, reason, error, df)


def compare_shares(events_before: float, n_before: int, events: float, n: int) -> float:
    """The difference of two shares (now − before) in standard errors, with one more success and failure on each side (Agresti & Caffo 2000,
    The American Statistician 54:280–288)."""
    before, now = (events_before + 1) / (n_before + 2), (events + 1) / (n + 2)
    error = math.sqrt(before * (1 - before) / (n_before + 2) + now * (1 - now) / (n + 2))
    return (now - before) / error
