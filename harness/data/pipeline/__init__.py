"""From a task to its splits: gather, map, fold, split, sample."""

from harness.data.pipeline.output_files import Output, read_outputs
from harness.data.pipeline.sampling import sample

__all__ = [
    "Output",
    "read_outputs",
    "sample",
]
