"""The data of a task: read from files or a source, mapped to inputs and targets, split, checked and sampled.

    splits = load_splits(task, folder=Path("."))
    splits.train[0].inputs["input"], splits.train[0].targets
    splits.report.duplicates, splits.report.warnings

Every problem with the data is a `BenchError` that names the file, the line and the field.
"""

from __future__ import annotations

from harness.data.formats import ByteStream, peek
from harness.data.identity import digest_test_set
from harness.data.pipeline import (
    STREAM,
    NewRows,
    SourceRows,
    count_answers,
    count_reference_words,
    list_task_files,
    load_inputs,
    load_splits,
    map_rows,
    map_stream,
    read_corrections,
    set_calibration_aside,
    sources,
)

__all__ = [
    "STREAM",
    "ByteStream",
    "NewRows",
    "SourceRows",
    "count_answers",
    "count_reference_words",
    "digest_test_set",
    "list_task_files",
    "load_inputs",
    "load_splits",
    "map_rows",
    "map_stream",
    "peek",
    "read_corrections",
    "set_calibration_aside",
    "sources",
]
