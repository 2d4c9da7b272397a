"""Folders that `datasets` saved with `save_to_disk`."""

from __future__ import annotations

from pathlib import Path

from harness.data.formats.hf_datasets.dataset_splits import DatasetSplits, build_table, import_datasets
from harness.data.records import Table
from harness.errors import BenchError, first_line


def is_saved_folder(folder: Path) -> bool:
    """Whether `save_to_disk` wrote a folder."""
    return (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()


def read_saved_folder(folder: Path) -> Table | DatasetSplits:
    """One table, or several by split.

    Raises:
        BenchError: the folder is damaged.
    """
    try:
        data = import_datasets().load_from_disk(str(folder))
    except Exception as error:  # pyarrow, json and the library itself raise all kinds of errors for a damaged folder
        raise BenchError(
            f"{folder.name}: cannot be read as a folder saved by datasets ({first_line(error)}). Check that it is complete"
        ) from None
    if not isinstance(data, dict):
        return build_table(data, folder.name, [folder])
    tables = {split: build_table(part, f"{folder.name}/{split}", [folder / split]) for split, part in data.items()}
    return DatasetSplits(tables, {"folder": folder.name})
