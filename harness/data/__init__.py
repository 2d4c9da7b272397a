"""A task's rows: read from files or a source, mapped to inputs and targets, split, checked and sampled.

    splits = load_splits(task, folder=Path("."))
    splits.train[0].inputs["input"], splits.train[0].targets
    splits.report.duplicates, splits.report.warnings

Every problem with the data is a `BenchError` that names the file, the line and the field.
"""

from __future__ import annotations

from harness.data.formats import READABLE, Table, peek
from harness.data.mapping import example_digest, inputs_digest
from harness.data.pipeline import SOURCES, SourceRows, load_inputs, load_splits, sources

__all__ = [
    "READABLE",
    "SOURCES",
    "SourceRows",
    "Table",
    "example_digest",
    "inputs_digest",
    "load_inputs",
    "load_splits",
    "peek",
    "sources",
]
