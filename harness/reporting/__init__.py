"""A run for people and programs: a page, tables, Markdown, CSV, JSON, a comparison. Writes no file but the one it is asked for."""

from harness.reporting.compare import compare_runs
from harness.reporting.compare_text import print_comparison, print_summary
from harness.reporting.compare_view import ComparisonView
from harness.reporting.export import comparison_to_json, to_json
from harness.reporting.foresight import Foresight, foresee_task
from harness.reporting.gate_text import print_verdict, verdict_to_junit, verdict_to_markdown
from harness.reporting.markdown import to_markdown
from harness.reporting.opponents import Wanted
from harness.reporting.page import render, rewrite_page, write_page
from harness.reporting.review_status import findings_to_json, print_findings
from harness.reporting.table import to_csv
from harness.reporting.terminal import terminal_table
from harness.results.rows import TaskRows

__all__ = [
    "ComparisonView",
    "Foresight",
    "TaskRows",
    "Wanted",
    "compare_runs",
    "comparison_to_json",
    "findings_to_json",
    "foresee_task",
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
    "verdict_to_junit",
    "verdict_to_markdown",
    "write_page",
]
