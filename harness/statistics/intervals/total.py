"""The interval of a score of which only the total is known."""

from __future__ import annotations

from statistics import NormalDist

from harness.statistics.intervals.proportions import proportion_interval
from harness.types import Score, ScoreTotal

FEWEST = 30  # examples for which the mean of a score is close to normal


def score_of_total(total: ScoreTotal, confidence: float = 0.95) -> Score:
    """The score with its interval: that of a proportion where the number of right answers is known, else from the standard error that the
    file states (normal limits). Without either, no interval is known."""
    if total.successes is not None:
        interval = proportion_interval(total.successes, total.n, confidence)
        return Score(total.value, interval.low, interval.high, total.n, interval.method, reliable=interval.reliable, reason=interval.reason)
    if total.standard_error is None:
        return Score(total.value, None, None, total.n, "no interval", reliable=False, reason="the file states no standard error")
    half = NormalDist().inv_cdf((1 + confidence) / 2) * total.standard_error
    reason = "" if total.n >= FEWEST else f"fewer than {FEWEST} examples"
    method = f"normal, with the standard error of the file, n={total.n}"
    return Score(total.value, total.value - half, total.value + half, total.n, method, reliable=not reason, reason=reason)
