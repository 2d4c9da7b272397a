"""How long it takes to rate an output."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from harness.review.findings.findings import RatingTime
from harness.review.ratings import UnblindedRatings
from harness.statistics import weighted_mean

Seconds: TypeAlias = Mapping[tuple[str, str], float]  # by example and rater


def compute_rating_times(ratings: UnblindedRatings) -> tuple[RatingTime, ...]:
    """The times of every strategy whose outputs were rated one at a time and timed by the page."""
    alone = [rating for rating in ratings.first_ratings if len(rating.strategies) == 1 and rating.seconds]
    seconds = {name: {(r.example, r.rater): r.seconds or 0.0 for r in alone if name in r.strategies} for name in ratings.strategies}
    times = []
    for name, durations in seconds.items():
        if not durations:
            continue
        ratio = _compute_ratio(ratings, seconds.get(ratings.baseline or "", {}), durations) if name != ratings.baseline else None
        times.append(RatingTime(name, float(np.median(list(durations.values()))), len(durations), *(ratio or (None, None, None))))
    return tuple(times)


def _compute_ratio(ratings: UnblindedRatings, baseline: Seconds, candidate: Seconds) -> tuple[float, float | None, float | None] | None:
    """Ratio of geometric means with its interval: the mean over examples of differences of logarithms, for the same rater."""
    logs: dict[str, list[float]] = {}
    for (example, rater), seconds in candidate.items():
        if before := baseline.get((example, rater)):
            logs.setdefault(example, []).append(math.log(seconds / before))
    if not logs:
        return None
    values, probabilities, groups = ratings.to_arrays({example: float(np.mean(differences)) for example, differences in logs.items()})
    mean, interval = weighted_mean(values, probabilities, groups)
    low, high = (None if end is None else math.exp(end) for end in (interval.low, interval.high))
    return math.exp(mean), low, high
