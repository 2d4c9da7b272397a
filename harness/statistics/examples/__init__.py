"""The examples that every number rests on: their groups, their scores as arrays, and bootstrap resamples of them."""

from harness.statistics.examples.clusters import Groups, cluster_index, cluster_sums, count_units
from harness.statistics.examples.resampling import Aggregate, observed_scores, resampled_scores, resampled_totals
from harness.statistics.examples.score_stacks import (
    CompleteExamples,
    complete_examples,
    example_statistics,
    per_example_scores,
    stack_stored_scores,
    statistic_stack,
    undefined_reason,
)

__all__ = [
    "Aggregate",
    "CompleteExamples",
    "Groups",
    "cluster_index",
    "cluster_sums",
    "complete_examples",
    "count_units",
    "example_statistics",
    "observed_scores",
    "per_example_scores",
    "resampled_scores",
    "resampled_totals",
    "stack_stored_scores",
    "statistic_stack",
    "undefined_reason",
]
