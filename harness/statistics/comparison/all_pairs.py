"""Every strategy against every other. This table is for exploration, so its p-values are corrected for their number (Benjamini & Hochberg
1995, "Controlling the false discovery rate", Journal of the Royal Statistical Society B 57:289–300). What to ship: see `recommendation`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.comparison.pairwise import Comparison, compare_scores
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


def compare_all_pairs(
    stacks: Mapping[str, Array],
    *,
    metric: Metric,
    margin: float | None,
    groups: Sequence[str | None],
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[tuple[str, str], Comparison]:
    """Each pair (a, b) once, b minus a, in the order of the strategies.

    The comparisons are those of `compare_scores`, with `p_value` corrected. A verdict of better or worse also needs the corrected p-value
    to be below 1 − confidence.

    Args:
        stacks: scores or statistics by strategy, in the shapes of `compare_scores`, all on the same examples.

    Raises:
        ValueError: as `compare_scores`.
    """
    comparisons = {
        (a, b): compare_scores(
            stacks[a], stacks[b], metric=metric, groups=groups, margin=margin, resamples=resamples, seed=seed, confidence=confidence
        )
        for a, b in combinations(stacks, 2)
    }
    p_values = adjust_p_values([comparison.p_value for comparison in comparisons.values()])
    return {
        pair: _correct(comparison, p_value, 1 - confidence)
        for (pair, comparison), p_value in zip(comparisons.items(), p_values, strict=True)
    }


def _correct(comparison: Comparison, p_value: float | None, alpha: float) -> Comparison:
    significant = p_value is not None and p_value < alpha
    verdict = comparison.verdict if significant else "tied" if comparison.equivalent else "undecided"
    return replace(comparison, p_value=p_value, verdict=verdict)


def adjust_p_values(p_values: Sequence[float | None]) -> list[float | None]:
    """Benjamini–Hochberg over the p-values that are not None."""
    from scipy.stats import false_discovery_control

    known = [p for p in p_values if p is not None]
    adjusted = iter(false_discovery_control(known).tolist() if known else [])
    return [None if p is None else next(adjusted) for p in p_values]
