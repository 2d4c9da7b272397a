"""The registered names that a declaration may use. They are passed in, because the folders that register them import this one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class ScoreInfo:
    """What the catalog knows of a score."""

    direction: Literal["higher", "lower", "none"]
    """Which values are better."""
    bounds: tuple[float, float] | None
    """The lowest and the highest possible value, if there are any."""
    takes_slices: bool = True
    """Whether it has a value for a part of the test examples."""
    is_compared: bool = True
    """Whether it can be compared with that of another strategy."""


@dataclass(frozen=True)
class MetricInfo:
    """What the catalog knows of a metric: the kinds of task it applies to, and its scores."""

    kinds: Collection[str]
    scores: tuple[str, ...]
    describe: Callable[[], Mapping[str, ScoreInfo]] = dict
    """Describes the scores; those that cannot be described are left out."""


@dataclass(frozen=True)
class Vocabulary:
    """Everything that is registered."""

    metrics: Mapping[str, MetricInfo] = field(default_factory=dict)
    """Registered metrics by name."""
    implied_metrics: Collection[str] = ()
    """Metrics that are added to every task whose data allow them."""
    review_scores: Mapping[str, ScoreInfo] = field(default_factory=dict)
    """What raters find that a guardrail may limit."""
    leak_scores: Mapping[str, ScoreInfo] = field(default_factory=dict)
    """What the leak test measures that a guardrail may limit."""
    sources: Collection[str] = ()
    """The names of the registered data sources."""
    library_metric: Callable[[str], MetricInfo | None] = lambda name: None
    """Looks up a metric that is not registered but belongs to a library, such as `evaluate:wer`."""
    library_names: Mapping[str, str] = field(default_factory=dict)
    """The full names of such metrics by their own names: `wer` to `evaluate:wer`."""
