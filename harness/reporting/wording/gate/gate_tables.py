"""Tables about a verdict: its rules, and the examples that got worse."""

from __future__ import annotations

from harness.gate import RuleVerdict, Verdict
from harness.reporting.wording import numbers
from harness.reporting.wording.gate.gate_sentences import describe_regression
from harness.reporting.wording.gate.rule_sentences import full_rule_title, measured_value, raw_score_name, reason_sentence, rule_title
from harness.reporting.wording.text_table import TextTable

RULE_COLUMNS = ("rule", "verdict", "measured (limits)", "reason")
REGRESSION_COLUMNS = ("example", "baseline", "candidate", "output of the candidate")


def list_rules(verdict: Verdict) -> TextTable:
    """A row for each rule, with the raw name of its score in small type."""
    rows = tuple((rule_title(rule), rule.outcome, measured_value(rule), reason_sentence(rule)) for rule in verdict.rules)
    names = tuple(raw_score_name(rule.rule) for rule in verdict.rules)
    return TextTable("Release rules", RULE_COLUMNS, (False, False, True, False), rows, small=names)


def rule_cells(rule: RuleVerdict) -> tuple[str, str, str, str]:
    """The cells of a rule where there is no small type: title, outcome, what was measured, and why."""
    return full_rule_title(rule), rule.outcome, measured_value(rule), reason_sentence(rule)


def list_regressions(verdict: Verdict) -> TextTable:
    """The examples that got worse, critical ones first."""
    rows = tuple(
        (each.example, describe_regression(each), numbers.score(each.baseline), numbers.score(each.candidate), each.candidate_output)
        for each in verdict.regressions
    )
    some = f" ({len(rows)} of {verdict.regression_count:,})" if len(rows) < verdict.regression_count else ""
    sides = (f"{verdict.regression_score} of the {side}" for side in ("baseline", "candidate"))
    columns = ("example", "change", *sides, "output of the candidate")
    return TextTable(f"Examples that got worse, the worst first{some}", columns, (False, False, True, True, False), rows)
