"""Which strategy to use: the recommendation, what other seeds could change, and the comparison with full fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.decision import SeedRisk
from harness.reporting.views.sections.full_tuning import FullTuningShare, compare_with_full_tuning
from harness.results import TaskResults, costs_of_use
from harness.statistics import Recommendation, SeedSpread, recommend, seed_spread

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Advice:
    """The recommendation on a task; its candidates are called by their labels.

    Attributes:
        seeds: None where no strategy is recommended, no strategy depends on a seed, or nothing can be computed.
    """

    recommendation: Recommendation
    seeds: SeedRisk | None
    full_tuning: tuple[FullTuningShare, ...]


def build_advice(results: TaskResults) -> Advice | None:
    """The advice on one task; None where fewer than two strategies have a score, or no score is better than another."""
    primary, scored = results.primary, results.scored
    if primary is None or primary.direction == "none" or len(scored) < 2:
        return None
    stacks = dict(zip((r.label for r in scored), results.stacks(primary, [r.done for r in scored]), strict=True))
    costs = costs_of_use({r.label: r.costs for r in scored})
    recommendation = recommend(stacks, costs, metric=primary, margin=results.task.margin, groups=results.groups)
    if recommendation is None:
        return None
    seeds = _seed_risk(results, stacks, recommendation)
    return Advice(recommendation, seeds, compare_with_full_tuning(results))


def _seed_risk(results: TaskResults, stacks: Mapping[str, Array], recommendation: Recommendation) -> SeedRisk | None:
    """The effect of other seeds, of strategies that are trained, or whose prompts show examples that are drawn."""
    varies = {result.label: result.varies_by_seed for result in results.scored}
    counts = {label: stacks[label].shape[1] for label, varying in varies.items() if varying}
    choice = recommendation.choice
    if choice is None or results.primary is None or not counts:
        return None
    rival = next(label for label in varies if label != choice)
    single = tuple(label for label, count in counts.items() if count < 2)
    if single:
        return SeedRisk(single, rival, None, 1)
    spread: SeedSpread | None = seed_spread(
        stacks[rival],
        stacks[choice],
        metric=results.primary,
        varies_by_seed=(varies[rival], varies[choice]),
        groups=results.groups,
        confidence=1 - 2 * recommendation.alpha,
    )
    if spread is None:
        return None
    return SeedRisk((), rival, spread.high if results.lower_is_better else -spread.low, min(counts.values()))
