"""Every sentence and label that users read in a report, a comparison, a verdict or a review, and how numbers are written.

One module for each subject; callers import the module. Snapshots of what these functions return are in `tests/reporting/wording`.
"""

from harness.reporting.wording.cell_notes import note_sentence
from harness.reporting.wording.power_sentences import describe_power, describe_test_set

__all__ = ["describe_power", "describe_test_set", "note_sentence"]
