"""Which scores claim that texts are true without being shown to agree with people."""

from __future__ import annotations

from collections.abc import Sequence

from harness.gate import is_trusted
from harness.metrics import TRUTH_SCORES
from harness.results import TaskResults
from harness.review import Review, load_reviews
from harness.types import Metric


def is_unchecked(results: TaskResults, reviews: Sequence[Review], metric: Metric) -> bool:
    """Whether a score claims that texts are true, but is neither exact nor shown to agree with raters of this run."""
    return metric.name in TRUTH_SCORES and not is_trusted(results, reviews, metric)


def find_unchecked(compared: Sequence[TaskResults]) -> frozenset[str]:
    """The scores that are unchecked in each of these results of one task; reviews are read only where such a score is used.

    Raises:
        BenchError: examples, predictions or ratings are missing or damaged.
    """
    unchecked: dict[str, bool] = {}
    for results in compared:
        metrics = [metric for metric in results.metrics if metric.name in TRUTH_SCORES]
        reviews = load_reviews(results.run, results.task.name) if metrics else []
        for metric in metrics:
            unchecked[metric.name] = unchecked.get(metric.name, True) and is_unchecked(results, reviews, metric)
    return frozenset(name for name, value in unchecked.items() if value)
