"""A run for people and programs: an HTML page, a terminal table, Markdown, CSV and JSON; comparisons, verdicts and reviews likewise."""

from harness.reporting.formats import (
    audit_to_json,
    comparison_to_json,
    findings_to_json,
    render,
    render_audit,
    rewrite_page,
    to_csv,
    to_json,
    to_markdown,
    to_notebook_html,
    verdict_to_json,
    verdict_to_junit,
    verdict_to_markdown,
    verification_to_json,
    write_page,
)
from harness.reporting.terminal import print_audit, print_comparison, print_findings, print_ranking, print_run, print_verdict
from harness.reporting.views import RunAudit, audit_run
from harness.reporting.views.comparison import ComparisonRequest, ComparisonView, PowerForecast, compare_runs, forecast_power
from harness.reporting.wording import describe_pack, describe_power, describe_test_set, describe_verification, note_sentence

__all__ = [
    "ComparisonRequest",
    "ComparisonView",
    "PowerForecast",
    "RunAudit",
    "audit_run",
    "audit_to_json",
    "compare_runs",
    "comparison_to_json",
    "describe_pack",
    "describe_power",
    "describe_test_set",
    "describe_verification",
    "findings_to_json",
    "forecast_power",
    "note_sentence",
    "print_audit",
    "print_comparison",
    "print_findings",
    "print_ranking",
    "print_run",
    "print_verdict",
    "render",
    "render_audit",
    "rewrite_page",
    "to_csv",
    "to_json",
    "to_markdown",
    "to_notebook_html",
    "verdict_to_json",
    "verdict_to_junit",
    "verdict_to_markdown",
    "verification_to_json",
    "write_page",
]
