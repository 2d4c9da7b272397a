"""Verdicts of the release gate and guardrails in words."""

from harness.reporting.wording.gate import gate_sentences, gate_tables, guardrail_tables, rule_sentences
from harness.reporting.wording.gate.guardrail_tables import format_limit, limit_subject, limit_title, measured_amount, name_limit

__all__ = [
    "format_limit",
    "gate_sentences",
    "gate_tables",
    "guardrail_tables",
    "limit_subject",
    "limit_title",
    "measured_amount",
    "name_limit",
    "rule_sentences",
]
