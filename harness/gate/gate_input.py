"""Who is judged under which policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.gate.fitting import GatePair
from harness.gate.policy import Policy
from harness.results import StrategyResult
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class GateInput:
    """Who is judged: the candidate, and where there is one the baseline on the same rows. `alpha` is what each rule decides at; `slices`
    are the positions of the test rows by value, for each way in which a rule cuts them."""

    candidate: StrategyResult
    baseline: StrategyResult | None
    pair: GatePair | None
    metrics: dict[str, Metric]
    policy: Policy
    alpha: float
    slices: Mapping[str, Mapping[str, Sequence[int]]]

    @property
    def groups(self) -> tuple[str | None, ...]:
        return self.candidate.task_scores.groups

    def own(self, metric: Metric) -> Array:
        """The candidate's statistics, (examples, seeds, d)."""
        return self.candidate.stack(metric)

    def both(self, metric: Metric) -> tuple[Array, Array]:
        """The baseline's and the candidate's, on the rows of the candidate."""
        assert self.pair is not None  # whoever asks has looked
        candidate, baseline = self.pair.stacks(metric)
        return baseline, candidate
