"""One module per file format, and `open_data`, which picks the reader by the file's extension."""

from harness.data.formats.hf_datasets import DatasetSplits, load_hub_dataset
from harness.data.formats.open_data import open_data, open_table, peek

__all__ = [
    "DatasetSplits",
    "load_hub_dataset",
    "open_data",
    "open_table",
    "peek",
]
