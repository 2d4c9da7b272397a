"""Results of other evaluation tools: read as runs like every other, and written from runs."""

from harness.interchange.assemble import ImportedTask, assemble
from harness.interchange.imported import ImportedResult
from harness.interchange.imported_run import write_imported_run
from harness.interchange.read_files import read_results
from harness.interchange.writers import HubDataset, build_eval_results, build_lm_eval_results, build_model_index

__all__ = [
    "HubDataset",
    "ImportedResult",
    "ImportedTask",
    "assemble",
    "build_eval_results",
    "build_lm_eval_results",
    "build_model_index",
    "read_results",
    "write_imported_run",
]
