"""Parquet files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from harness.data.formats.arrow_rows import BATCH_SIZE, Converter, arrow_errors, build_arrow_rows, class_converter
from harness.data.records import TableRows


def read_parquet(path: Path, name: str) -> TableRows:
    """The records and bad rows of a Parquet file, read batch by batch.

    Raises:
        BenchError: the file is not Parquet, is damaged, or has no rows.
    """
    from pyarrow import parquet

    with arrow_errors(name, "Parquet"), parquet.ParquetFile(path) as file:
        columns = set(file.schema_arrow.names)  # a subset of the columns keeps the metadata of all
        converters = {name: convert for name, convert in _class_converters(file.schema_arrow.metadata).items() if name in columns}
        # column by column: threads would decode a whole row group ahead
        yield from build_arrow_rows(file.iter_batches(batch_size=BATCH_SIZE, use_threads=False), name, converters)


def _class_converters(metadata: Mapping[bytes, bytes] | None) -> dict[str, Converter]:
    """Converters for columns of class numbers, from the metadata that `datasets` writes when it exports a file."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        class_names = {name: feature["names"] for name, feature in features.items() if feature.get("_type") == "ClassLabel"}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}  # no metadata, or in an unknown form: numbers are kept
    return {name: class_converter(names) for name, names in class_names.items() if _are_texts(names)}


def _are_texts(names: object) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)
