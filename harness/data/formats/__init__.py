"""One module per file format, and `open_data`, which picks the reader by the file's extension."""

from harness.data.formats.hf_datasets import DatasetSplits, load_hub_dataset
from harness.data.formats.open_data import READABLE, open_data, open_table, peek

__all__ = [
    "READABLE",
    "DatasetSplits",
    "load_hub_dataset",
    "open_data",
    "open_table",
    "peek",
]
