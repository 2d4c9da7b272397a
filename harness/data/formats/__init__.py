"""One module per file format, and `open_data`, which picks the reader by the file's extension."""

from harness.data.formats.hf_datasets import DatasetSplits, load_hub_dataset
from harness.data.formats.line_stream import ByteStream, read_line_stream
from harness.data.formats.open_data import open_data, open_table, peek
from harness.data.formats.plain_lines import open_lines

__all__ = [
    "ByteStream",
    "DatasetSplits",
    "load_hub_dataset",
    "open_data",
    "open_lines",
    "open_table",
    "peek",
    "read_line_stream",
]
