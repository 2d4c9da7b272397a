"""A family of metrics: the name that a task lists under `metrics`, and the scores it gives."""

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

# Raise this when our own code changes a number although no library has changed. It is part of every signature.
REVISION = 1

# The lowest and highest possible score, by unit. Other units have no bounds.
BOUNDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"fraction": (0.0, 1.0), "score": (0.0, 1.0), "coefficient": (-1.0, 1.0), "points": (0.0, 100.0)}
)


def scale_width(metric: Metric) -> float | None:
    """The difference between the highest and the lowest possible score; None where there are no bounds."""
    if metric.unit not in BOUNDS:
        return None
    low, high = BOUNDS[metric.unit]
    return high - low


@dataclass(frozen=True)
class Family:
    """A set of scores that are computed together."""

    name: str
    """The name that tasks list under `metrics`."""
    kinds: tuple[Kind, ...]
    """The kinds of task that the scores apply to. A family for classification applies to every task that has labels."""
    scores: tuple[str, ...]
    """The names of its scores."""
    build: Callable[[Sequence[str]], tuple[Metric, ...]]
    """Builds the metrics, in the order of `scores`, for the labels of a task. Most families ignore the labels; they may be empty."""


def example_metric(
    name: str,
    direction: Literal["higher", "lower", "none"],
    unit: str,
    score: Callable[[Example, Prediction], float | None],
    signature: str,
    *,
    exact: bool = False,
    label: str = "",
) -> Metric:
    """Build a metric that scores each example alone; its aggregate is the mean.

    Args:
        score: the score of one example, or None where it does not apply to the example.
        signature: the part of the signature after the name.
        exact, label: see `Metric`.
    """

    def per_example(example: Example, prediction: Prediction) -> Statistic | None:
        value = score(example, prediction)
        return None if value is None else (value,)

    vars(per_example)["__wrapped__"] = score  # so that messages can name the line of the function
    signature = f"{name}|{signature}|bench:{REVISION}"
    return Metric(name, direction, unit, "example", per_example, mean_of_total, signature, exact=exact, label=label)


def mean_of_total(total: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over examples: (…, 1) and (…) → (…)."""
    mean: NDArray[np.float64] = total[..., 0] / n
    return mean
