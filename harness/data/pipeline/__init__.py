"""From a task to its examples: read, map, split, fold, clean and sample. Also reads new inputs and external outputs."""

from harness.data.pipeline.answer_counts import count_answers, count_reference_words
from harness.data.pipeline.new_inputs import load_inputs
from harness.data.pipeline.output_files import Output, read_outputs
from harness.data.pipeline.sampling import sample
from harness.data.pipeline.sources import SourceRows, sources
from harness.data.pipeline.task_splits import load_splits

__all__ = [
    "Output",
    "SourceRows",
    "count_answers",
    "count_reference_words",
    "load_inputs",
    "load_splits",
    "read_outputs",
    "sample",
    "sources",
]
