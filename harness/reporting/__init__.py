"""A run for people and programs: a page, tables, Markdown, CSV, JSON, a comparison. Writes no file but the one it is asked for."""

from harness.reporting.formats.csv_table import to_csv
from harness.reporting.formats.html_page import render, rewrite_page, write_page
from harness.reporting.formats.json_export import comparison_to_json, to_json
from harness.reporting.formats.markdown import to_markdown
from harness.reporting.formats.notebook_html import to_notebook_html
from harness.reporting.terminal.compare_text import print_comparison, print_summary
from harness.reporting.terminal.gate_text import print_verdict, verdict_to_junit, verdict_to_markdown
from harness.reporting.terminal.review_status import findings_to_json, print_findings
from harness.reporting.terminal.run_text import terminal_table
from harness.reporting.views.comparison import compare_runs
from harness.reporting.views.comparison_pairs import Wanted
from harness.reporting.views.comparison_view import ComparisonView
from harness.reporting.views.foresight import Foresight, foresee_task
from harness.reporting.wording.cell_notes import note_sentence

__all__ = [
    "ComparisonView",
    "Foresight",
    "Wanted",
    "compare_runs",
    "comparison_to_json",
    "findings_to_json",
    "foresee_task",
    "note_sentence",
    "print_comparison",
    "print_findings",
    "print_summary",
    "print_verdict",
    "render",
    "rewrite_page",
    "terminal_table",
    "to_csv",
    "to_json",
    "to_markdown",
    "to_notebook_html",
    "verdict_to_junit",
    "verdict_to_markdown",
    "write_page",
]
