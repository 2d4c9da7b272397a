"""Paired differences to the baseline."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.review.findings.findings import Change
from harness.review.ratings import UnblindedRatings
from harness.statistics import compare_scores, weighted_difference
from harness.types import Metric


def compute_change(
    ratings: UnblindedRatings, baseline: Mapping[str, float], candidate: Mapping[str, float], metric: Metric, *, largest: float = 1.0
) -> Change | None:
    """The difference on the examples that both have; None without such examples.

    With unequal inclusion probabilities it is the weighted mean of the differences (`weighted_difference`), without a p-value.

    Args:
        baseline: values by example.
        candidate: values by example.
        largest: the largest difference that the scale of the values has.
    """
    examples = [example for example in candidate if example in baseline]
    if not examples:
        return None
    before, probabilities, groups = ratings.to_arrays({example: baseline[example] for example in examples})
    after = np.array([candidate[example] for example in examples])
    if ratings.has_unequal_probabilities(examples):
        mean, interval = weighted_difference(after - before, probabilities, groups, largest=largest)
        return Change(mean, interval.low, interval.high, None, len(examples), f"paired, {interval.method}", interval.reliable)
    comparison = compare_scores(before, after, metric=metric, groups=groups, margin=None)
    if comparison.difference is None:
        return None
    return Change(
        value=comparison.difference,
        low=comparison.low,
        high=comparison.high,
        p_value=comparison.p_value,
        n=comparison.n,
        method=comparison.method,
        reliable=comparison.reliable,
    )
