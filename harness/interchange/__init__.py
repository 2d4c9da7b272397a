"""Results that other evaluation tools have written: read as runs like every other."""

from harness.interchange.assemble import ImportedTask, assemble
from harness.interchange.imported import ImportedResult
from harness.interchange.imported_run import write_imported_run
from harness.interchange.read_files import read_results

__all__ = ["ImportedResult", "ImportedTask", "assemble", "read_results", "write_imported_run"]
