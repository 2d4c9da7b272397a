"""Every strategy against every other. A table to look around in, so its p-values are corrected for their number (Benjamini & Hochberg 1995,
"Controlling the false discovery rate", Journal of the Royal Statistical Society B 57:289–300); what to ship is said by `recommendation`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.pairs import Comparison, compare_scores
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


def compare_all(
    stacks: Mapping[str, Array],
    *,
    metric: Metric,
    margin: float | None,
    groups: Sequence[str | None],
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
) -> dict[tuple[str, str], Comparison]:
    """By (a, b), b minus a, each pair once, in the order of the strategies: what `compare_scores` says of each pair, but that a verdict of
    better or worse stands only where the corrected p-value, which `p_value` is, is below 1 − confidence as well.

    Args:
        stacks: by strategy, its scores or statistics in the shapes of `compare_scores`, all on the same examples.

    Raises:
        ValueError: as `compare_scores`.
    """
    options = {"metric": metric, "groups": groups, "margin": margin, "resamples": resamples, "seed": seed, "confidence": confidence}
    found = {(a, b): compare_scores(stacks[a], stacks[b], **options) for a, b in combinations(stacks, 2)}  # type: ignore[arg-type]
    return _corrected(found, 1 - confidence)


def _corrected(found: Mapping[tuple[str, str], Comparison], alpha: float) -> dict[tuple[str, str], Comparison]:
    corrected = {}
    for (names, each), p in zip(found.items(), false_discovery([each.p_value for each in found.values()]), strict=True):
        stands = p is not None and p < alpha
        verdict = each.verdict if stands else "tied" if each.equivalent else "undecided"
        corrected[names] = replace(each, p_value=p, verdict=verdict)
    return corrected


def false_discovery(p_values: Sequence[float | None]) -> list[float | None]:
    """Benjamini–Hochberg over those that are there."""
    from scipy.stats import false_discovery_control

    known = [p for p in p_values if p is not None]
    adjusted = iter(false_discovery_control(known).tolist() if known else [])
    return [None if p is None else next(adjusted) for p in p_values]
