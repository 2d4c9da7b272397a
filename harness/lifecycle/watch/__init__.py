"""Has the data changed since the model in service was tested? New rows are compared with the fingerprint of its test examples."""

from harness.lifecycle.watch.fingerprint import Fingerprint, build_fingerprint
from harness.lifecycle.watch.monitor import ALPHA, Monitor, MonitorLook, find_early_row, look, start_monitor
from harness.lifecycle.watch.moved_words import MovedWord
from harness.lifecycle.watch.planned_tests import CLASSIFIER, IDENTIFIER, NEW_WORD, TOPIC, PlannedTest
from harness.lifecycle.watch.reference import open_token_counter, read_reference
from harness.lifecycle.watch.row_reader import RowColumns, read_watched_rows
from harness.lifecycle.watch.row_scorer import RowScorer
from harness.lifecycle.watch.text_values import group_word
from harness.lifecycle.watch.watch_result import (
    EXIT_CODES,
    LEAST_EXAMPLES,
    SignalFinding,
    WatchOutcome,
    WatchResult,
    describe_look,
)
from harness.lifecycle.watch.watch_store import WatchStore, new_salt
from harness.lifecycle.watch.watched_rows import WatchedRow

__all__ = [
    "ALPHA",
    "CLASSIFIER",
    "EXIT_CODES",
    "IDENTIFIER",
    "LEAST_EXAMPLES",
    "NEW_WORD",
    "TOPIC",
    "Fingerprint",
    "Monitor",
    "MonitorLook",
    "MovedWord",
    "PlannedTest",
    "RowColumns",
    "RowScorer",
    "SignalFinding",
    "WatchOutcome",
    "WatchResult",
    "WatchStore",
    "WatchedRow",
    "build_fingerprint",
    "describe_look",
    "find_early_row",
    "group_word",
    "look",
    "new_salt",
    "open_token_counter",
    "read_reference",
    "read_watched_rows",
    "start_monitor",
]
