"""Datasets of the library `datasets`: their splits as tables. No code of a dataset is ever run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.formats.arrow_rows import BATCH_SIZE, ROW_LOCATION, Converter, arrow_errors, build_arrow_rows, class_converter
from harness.data.records import Table, TableRows, parse_split


@dataclass(frozen=True)
class DatasetSplits:
    """A dataset with its own splits.

    Attributes:
        splits: tables by the dataset's own split names.
        origin: where the dataset comes from, for the data report.
    """

    splits: Mapping[str, Table]
    origin: Mapping[str, str]

    @property
    def train(self) -> Table:
        """The training split, or the first if none has that name."""
        by_split = {parse_split(name): table for name, table in reversed(list(self.splits.items()))}
        return by_split.get("train") or next(iter(self.splits.values()))


def import_datasets() -> Any:
    """The library `datasets`, without progress bars and log lines."""
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    return datasets


def build_table(dataset: Any, name: str, folders: Sequence[Path]) -> Table:
    """A dataset of the library as a table.

    Args:
        folders: where its Arrow files are; empty for a dataset of the Hub, which a commit identifies instead of a digest.
    """
    converters = _class_converters(dataset.features)

    def rows() -> TableRows:
        with arrow_errors(name, "Arrow"):
            yield from build_arrow_rows(dataset.with_format("arrow").iter(batch_size=BATCH_SIZE), name, converters)

    return Table(name, rows, sha256=lambda: _digest_files(folders) if folders else "", location_format=ROW_LOCATION)


def _digest_files(folders: Sequence[Path]) -> str:
    """sha256 (hex) of the concatenated sha256 digests of the Arrow files, in order of their paths."""
    total = hashlib.sha256()
    for path in sorted(path for folder in folders for path in folder.glob("*.arrow")):
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def _class_converters(features: Mapping[str, Any]) -> dict[str, Converter]:
    """Converters for columns of class numbers, or lists of them."""
    converters = {}
    for name, feature in features.items():
        inner = feature
        while hasattr(inner, "feature"):
            inner = inner.feature
        if type(inner).__name__ == "ClassLabel":
            converters[name] = class_converter(list(inner.names))
    return converters
