"""Checks of a task's rows: copies, contradictions, leaks, classes, targets and damaged text; and the cleaning of what was found."""

from harness.data.checks.checked_rows import MOST_ROWS, SPLIT_ORDER, CheckedRows
from harness.data.checks.class_balance import FEW_TO_LEARN
from harness.data.checks.cleaning import FIXES, CleanedRecord, Fix, RemovedRow, clean_records, plan_removals
from harness.data.checks.copies import SPOILING_SHARE
from harness.data.checks.data_check import DataCheck, Progress, check_quickly, check_rows, sort_findings
from harness.data.checks.label_suspects import FEW_CLASSES, RATIO, RATIO_OF_FEW
from harness.data.checks.languages import count_languages, detect_language
from harness.data.checks.near_copies import list_near_copies
from harness.data.checks.time_order import find_time_order
from harness.data.checks.unusable_rows import find_unusable_rows

__all__ = [
    "FEW_CLASSES",
    "FEW_TO_LEARN",
    "FIXES",
    "MOST_ROWS",
    "RATIO",
    "RATIO_OF_FEW",
    "SPLIT_ORDER",
    "SPOILING_SHARE",
    "CheckedRows",
    "CleanedRecord",
    "DataCheck",
    "Fix",
    "Progress",
    "RemovedRow",
    "check_quickly",
    "check_rows",
    "clean_records",
    "count_languages",
    "detect_language",
    "find_time_order",
    "find_unusable_rows",
    "list_near_copies",
    "plan_removals",
    "sort_findings",
]
