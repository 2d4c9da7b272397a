"""Datasets of the library `datasets`: folders that it saved, and the Hugging Face Hub."""

from harness.data.formats.hf_datasets.dataset_splits import DatasetSplits
from harness.data.formats.hf_datasets.hub_dataset import load_hub_dataset
from harness.data.formats.hf_datasets.saved_folder import is_saved_folder, read_saved_folder

__all__ = [
    "DatasetSplits",
    "is_saved_folder",
    "load_hub_dataset",
    "read_saved_folder",
]
