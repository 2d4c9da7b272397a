"""One module per file format; `open_data`, which picks the reader; and `find_files`, which finds the files that a name refers to."""

from harness.data.formats.file_names import LIST_PREFIX, find_files, is_several, join_name
from harness.data.formats.hf_datasets import DatasetSplits, load_hub_dataset
from harness.data.formats.line_stream import ByteStream, read_line_stream
from harness.data.formats.open_data import open_data, open_table, peek
from harness.data.formats.plain_lines import open_lines

__all__ = [
    "LIST_PREFIX",
    "ByteStream",
    "DatasetSplits",
    "find_files",
    "is_several",
    "join_name",
    "load_hub_dataset",
    "open_data",
    "open_lines",
    "open_table",
    "peek",
    "read_line_stream",
]
