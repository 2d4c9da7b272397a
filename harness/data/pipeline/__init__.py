"""From a task to its examples: read, map, split, fold, clean and sample. Also reads new inputs and external outputs."""

from harness.data.pipeline.answer_counts import count_answers, count_reference_words
from harness.data.pipeline.calibration_split import set_calibration_aside
from harness.data.pipeline.file_rows import RowPlace
from harness.data.pipeline.harvested_examples import read_corrections
from harness.data.pipeline.new_inputs import STREAM, NewRows, load_inputs, map_rows, map_stream
from harness.data.pipeline.output_files import Output, read_outputs
from harness.data.pipeline.sampling import sample
from harness.data.pipeline.sources import SourceRows, sources
from harness.data.pipeline.task_files import list_task_files
from harness.data.pipeline.task_rows import TaskRows, read_task_rows
from harness.data.pipeline.task_splits import load_splits

__all__ = [
    "STREAM",
    "NewRows",
    "Output",
    "RowPlace",
    "SourceRows",
    "TaskRows",
    "count_answers",
    "count_reference_words",
    "list_task_files",
    "load_inputs",
    "load_splits",
    "map_rows",
    "map_stream",
    "read_corrections",
    "read_outputs",
    "read_task_rows",
    "sample",
    "set_calibration_aside",
    "sources",
]
