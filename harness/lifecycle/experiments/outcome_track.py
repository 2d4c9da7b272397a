"""One outcome followed from unit to unit: its values, and the limits of the difference after each unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.lifecycle.experiments.experiment_file import Experiment, OutcomeSpec
from harness.lifecycle.experiments.reading import OutcomeRole
from harness.lifecycle.experiments.unit_outcomes import UnitResult
from harness.statistics import difference_limits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_REPORTED_EFFECT = 0.05  # of the scale of an outcome without a margin: decides how fast its limits narrow
_FEWEST = 2  # units of a variant whose spread can be computed


@dataclass(frozen=True)
class OutcomeTrack:
    """One outcome over the units that have it, u of n.

    Attributes:
        values, is_challenger: (u,).
        places: the places of these units among all, (u,).
        seen: after each of all units, how many of these were seen, (n,).
        estimate, low, high: after each of these units, challenger minus champion, (u,).
        alpha: of both limits together.
    """

    spec: OutcomeSpec
    role: OutcomeRole
    values: NDArray[np.float64]
    is_challenger: NDArray[np.bool_]
    places: NDArray[np.int64]
    seen: NDArray[np.int64]
    estimate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    alpha: float

    @property
    def has_both(self) -> bool:
        """Whether both variants have at least two units, so that their spread is known."""
        return bool(min(self.is_challenger.sum(), (~self.is_challenger).sum()) >= _FEWEST)

    def worst(self) -> NDArray[np.float64]:
        """After each of all units, the smallest gain of the challenger (below 0: a loss) that is not ruled out, (n,)."""
        return self._at_each(self.low if self.spec.sign > 0 else -self.high)

    def best(self) -> NDArray[np.float64]:
        """After each of all units, the largest gain that is not ruled out, (n,)."""
        return -self._at_each(-self.high if self.spec.sign > 0 else self.low)

    def _at_each(self, limits: NDArray[np.float64]) -> NDArray[np.float64]:
        """Limits after each of all units; before the first value, the end of the scale."""
        import numpy as np

        padded = np.concatenate([[self.spec.low - self.spec.high], limits])
        result: NDArray[np.float64] = padded[self.seen]
        return result


def follow_outcome(units: Sequence[UnitResult], spec: OutcomeSpec, role: OutcomeRole, experiment: Experiment) -> OutcomeTrack:
    """The limits of one outcome. Guardrails share alpha, because each of them can end the experiment."""
    import numpy as np

    measured = [(place, unit) for place, unit in enumerate(units) if spec.name in unit.outcomes]
    places = np.array([place for place, _ in measured], dtype=np.int64)
    values = np.array([unit.outcomes[spec.name] for _, unit in measured], dtype=np.float64)
    is_challenger = np.array([unit.variant == "challenger" for _, unit in measured], dtype=np.bool_)
    seen = np.zeros(len(units), dtype=np.int64)
    seen[places] = 1
    alpha = experiment.alpha / len(experiment.guardrails) if role == "guardrail" else experiment.alpha
    margin = spec.margin or _REPORTED_EFFECT * (spec.high - spec.low)
    limits = difference_limits(
        values, is_challenger, share=experiment.challenger_share, bounds=(spec.low, spec.high), effect=margin, alpha=alpha,
        exact_at=(-margin, 0.0, margin),
    )  # fmt: skip
    return OutcomeTrack(spec, role, values, is_challenger, places, np.cumsum(seen), limits.estimate, limits.low, limits.high, alpha)
