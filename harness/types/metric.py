"""How outputs are scored: metrics, and the scores they give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from harness.types.example import Example, Prediction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Statistic: TypeAlias = tuple[float, ...]


def always_defined(statistics: NDArray[np.float64]) -> str:
    """For scores that any examples have."""
    return ""


@dataclass(frozen=True)
class Metric:
    """A score, computed in two steps, so that everything that resamples examples can use it.

    `per_example(example, prediction)` gives the statistic of one example, a tuple of d numbers, or None where the score does not apply to
    the example. `aggregate` turns the statistics of n examples into the score. What it takes depends on the level:

    | level | statistic | aggregate |
    | --- | --- | --- |
    | example | (score,) | the mean: as for corpus |
    | corpus | d numbers that add up | `aggregate(total, n)`, the sum of the statistics: (…, d) and (…) → (…) |
    | rows | d numbers that do not add up, as for rank statistics | `aggregate(rows, weights)`: (n, d) and (…, n) → (…) |

    Leading axes (…) allow thousands of resamples in one call. `weights` says how often each example counts.
    """

    name: str
    """The name of the score."""
    direction: Literal["higher", "lower", "none"]
    """Which values are better; "none": neither, the score only informs."""
    unit: str
    """Such as fraction, points or nats."""
    level: Literal["example", "corpus", "rows"]
    """What the statistic is, and what `aggregate` takes."""
    per_example: Callable[[Example, Prediction], Statistic | None]
    """The statistic of one example."""
    aggregate: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
    """The score from the statistics."""
    signature: str
    """Everything that determines the number: rules, tokenizer, versions of libraries. Scores with equal signatures can be compared."""
    undefined: Callable[[NDArray[np.float64]], str] = always_defined
    """Why examples with these statistics, (n, d), have no score: a correlation of a constant, for one. Empty if they have one. Resamples
    of examples that have a score may still be such; `aggregate` then gives the value by convention."""
    exact: bool = False
    """Whether the score is what its name says: labels and texts are compared for equality, or counted. Overlap with a reference, rules on
    free text and judgements of a model are not exact: until raters confirm such a score, it is no evidence for a guardrail."""
    labels: tuple[str, ...] = ()
    """For a score that weighs all labels equally: the labels. The last numbers of its statistic then say which one is right (0 or 1)."""
    influences: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None
    """For a score of level "rows": by how much each example moves it, to first order, (n, d) → (n,). Its intervals then do not resample."""
    is_stored: bool = False
    """Whether the score is only read as it was stored with the predictions, because what computes it may not be run."""
    label: str = ""
    """The plain name of the score, for reports; empty: the name that is known for it."""
    no_interval: str = ""
    """Why no valid interval of this score is known; empty if one is."""


@dataclass(frozen=True)
class StoredScore:
    """What a run stores about a score of a plug-in file: its number can then be read without running the file."""

    name: str
    direction: Literal["higher", "lower", "none"]
    unit: str
    signature: str
    exact: bool = False


@dataclass(frozen=True)
class Score:
    """An aggregated score with its 95% confidence interval."""

    value: float | None
    """None if no example has this score, or if it is not defined for these examples; `reason` says which."""
    low: float | None
    """The lower end of the interval; None if no valid interval exists."""
    high: float | None
    """The upper end of the interval."""
    n: int
    """The examples that have this score."""
    method: str
    """How the interval was computed."""
    dropped: int = 0
    """The examples that do not have this score."""
    reliable: bool = True
    """Whether the data are within the range in which the method is known to be valid."""
    reason: str = ""
    """Why the interval is not reliable, or missing."""
