"""A run's results, read once and when asked for: the rows of a task, the cells of a strategy, two sides on the same rows."""

from harness.results.cell_groups import cells_of, done_cells
from harness.results.finished_cell import FinishedCell, find_cell
from harness.results.pairing import Pairing, same_metrics, same_rows
from harness.results.sides import StrategyResult, choose
from harness.results.slices import MOST_VALUES, slices_of, ways_to_cut
from harness.results.task_results import TaskResults, equally_wide, is_error_rate, of_single_examples

__all__ = [
    "MOST_VALUES",
    "FinishedCell",
    "Pairing",
    "StrategyResult",
    "TaskResults",
    "cells_of",
    "choose",
    "done_cells",
    "equally_wide",
    "find_cell",
    "is_error_rate",
    "of_single_examples",
    "same_metrics",
    "same_rows",
    "slices_of",
    "ways_to_cut",
]
