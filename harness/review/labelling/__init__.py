"""Rows that are worth a label: chosen, written as a page for a person, and read back with the answers."""

from harness.review.labelling.label_answers import LabelAnswers, read_answers
from harness.review.labelling.label_choice import choose_to_label, measure_disagreement
from harness.review.labelling.row_page import RowPage, RowToLabel, read_row_page

__all__ = ["LabelAnswers", "RowPage", "RowToLabel", "choose_to_label", "measure_disagreement", "read_answers", "read_row_page"]
