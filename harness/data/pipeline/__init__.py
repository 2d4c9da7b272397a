"""From a task to its splits: gather, map, fold, split, sample."""

from harness.data.pipeline.inputs import load_inputs
from harness.data.pipeline.load_splits import load_splits
from harness.data.pipeline.output_files import Output, read_outputs
from harness.data.pipeline.sampling import sample
from harness.data.pipeline.sources import SOURCES, SourceRows, sources

__all__ = [
    "SOURCES",
    "Output",
    "SourceRows",
    "load_inputs",
    "load_splits",
    "read_outputs",
    "sample",
    "sources",
]
