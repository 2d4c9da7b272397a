"""What ratings say: preferences, errors, agreement between raters and with automatic scores."""

from harness.review.findings.agreement import Agreement
from harness.review.findings.analysing import findings_of
from harness.review.findings.findings import Change, ErrorRate, Findings, Preference
from harness.review.findings.judging import error_rates, outcome, preferences, rows_with

__all__ = [
    "Agreement",
    "Change",
    "ErrorRate",
    "Findings",
    "Preference",
    "error_rates",
    "findings_of",
    "outcome",
    "preferences",
    "rows_with",
]
