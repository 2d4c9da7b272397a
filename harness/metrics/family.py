"""A family of metrics: the name a task asks for, and the scores that it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from harness.types import Kind, Metric, Statistic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.types import Example, Prediction

# Raised by one when our own code changes a number without a change in the libraries below it; part of every signature.
REVISION = 1

# The lowest and highest value that a score of this unit can take; a unit that is not here has no such limits.
BOUNDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"fraction": (0.0, 1.0), "score": (0.0, 1.0), "coefficient": (-1.0, 1.0), "points": (0.0, 100.0)}
)


@dataclass(frozen=True)
class Family:
    """What a task's `metrics` names: a set of scores that are made together.

    `kinds` are the kinds of task on which the scores make sense; what fits classification fits any task with labels. `build(labels)`
    makes the metrics, in the order of `scores` (`labels` are those of the task, empty where it has none; most families ignore them).
    """

    name: str
    kinds: tuple[Kind, ...]
    scores: tuple[str, ...]
    build: Callable[[Sequence[str]], tuple[Metric, ...]]


def example_metric(
    name: str,
    direction: Literal["higher", "lower", "none"],
    unit: str,
    score: Callable[[Example, Prediction], float | None],
    signature: str,
) -> Metric:
    """A metric that judges each example alone; its aggregate is the mean. `signature` is what follows the name."""

    def per_example(example: Example, prediction: Prediction) -> Statistic | None:
        value = score(example, prediction)
        return None if value is None else (value,)

    return Metric(name, direction, unit, "example", per_example, mean_of_total, f"{name}|{signature}|bench:{REVISION}")


def mean_of_total(total: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over rows: (…, 1) and (…) → (…)."""
    mean: NDArray[np.float64] = total[..., 0] / n
    return mean
