"""What a model remembers of its training data: planted canaries, and real targets."""

from harness.engine.leakage.canary_ranks import all_canaries_fit, measure_canaries
from harness.engine.leakage.verbatim_overlap import measure_overlaps

__all__ = [
    "all_canaries_fit",
    "measure_canaries",
    "measure_overlaps",
]
