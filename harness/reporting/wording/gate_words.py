"""A verdict in words and in rows of tables: the same in the terminal, in the report and for CI."""

from __future__ import annotations

from harness.gate import RuleVerdict, Verdict, Worse
from harness.reporting.wording import numbers
from harness.reporting.wording.text_table import TextTable
from harness.text import one_line, short

RULE_COLUMNS = ("rule", "verdict", "measured (limits)", "why")
WORSE_COLUMNS = ("row", "baseline", "candidate", "what the candidate says")


def headline(verdict: Verdict) -> str:
    """The verdict in a sentence."""
    who = f"{verdict.candidate.label} of {verdict.candidate.run}"
    against = f"against {verdict.baseline.label} of {verdict.baseline.run}" if verdict.baseline else "without a champion to compare with"
    failed = [r for r in verdict.rulings if r.outcome == "FAIL"]
    open_ = [r for r in verdict.rulings if r.outcome == "INCONCLUSIVE"]
    said = {
        "PASS": f"all {numbers.plural(len(verdict.rulings), 'rule')} hold",
        "FAIL": f"{numbers.plural(len(failed), 'rule')} of {len(verdict.rulings)} fail" + ("s" if len(failed) == 1 else ""),
        "INCONCLUSIVE": f"{numbers.plural(len(open_), 'rule')} of {len(verdict.rulings)} cannot be decided",
    }[verdict.outcome]
    return f"{verdict.outcome}: {who} {against}, on {verdict.task}, by {_policy(verdict)}: {said}."


def _policy(verdict: Verdict) -> str:
    """The policy as people tell it from others: by what it says of itself, or by its digest."""
    described = str(verdict.policy.get("description") or "").strip()
    return f"policy “{short(one_line(described), 60)}”" if described else f"policy {verdict.policy_digest[:8]}"


def measured(ruling: RuleVerdict) -> str:
    """What was measured, with its limits."""
    if ruling.measured is None:
        return numbers.NOTHING
    show = numbers.signed if ruling.compares else numbers.score
    value = show(ruling.measured, ruling.unit) if ruling.unit else f"{ruling.measured:.4g}"
    if ruling.low is None or ruling.high is None:
        return value
    return f"{value} ({show(ruling.low, ruling.unit)} to {show(ruling.high, ruling.unit)})"


def reason(ruling: RuleVerdict) -> str:
    """Why, and what would decide."""
    needed = (
        f"; about {numbers.about(ruling.examples_needed)} test rows would decide"
        if ruling.examples_needed and ruling.examples_needed > ruling.n
        else ""
    )
    rows = f": {', '.join(ruling.examples)}" if ruling.examples else ""
    return f"{ruling.reason}{rows}{needed}"


def about(verdict: Verdict) -> list[str]:
    """How it was decided, in sentences."""
    limits = f"Limits are one-sided, each at α = {verdict.alpha:g}; differences are turned so that more is better."
    looks = f"This is look {verdict.look} at this test set for {verdict.task}"
    if verdict.planned is not None:
        looks += f", of {verdict.planned} that are planned; α is spent evenly over them."
    elif verdict.look > 1:
        looks += ": whoever looks again and again until it passes will see it pass. Plan them with 'looks' in the policy."
    else:
        looks += "."
    return [limits, looks, *verdict.notes]


def worse(verdict: Verdict) -> str:
    """How many rows got worse, in a sentence; empty without a baseline."""
    if verdict.baseline is None:
        return ""
    critical = f", {verdict.critical_rows} of them with a critical error that the baseline does not make" if verdict.critical_rows else ""
    return f"{numbers.plural(verdict.worse_rows, 'row')} of {numbers.count(verdict.rows)} got worse{critical}."


def list_sentences(verdict: Verdict) -> list[str]:
    """How it was decided, and how many rows got worse."""
    return [*about(verdict), *filter(None, [worse(verdict)])]


def list_rules(verdict: Verdict) -> TextTable:
    """A row for each rule."""
    rows = tuple((r.rule, r.outcome, measured(r), reason(r)) for r in verdict.rulings)
    return TextTable("Rules", RULE_COLUMNS, (False, False, True, False), rows)


def list_worse(verdict: Verdict) -> TextTable:
    """The rows that got worse."""
    rows = tuple(
        (row.example, how(row), numbers.score(row.baseline), numbers.score(row.candidate), row.candidate_output) for row in verdict.worse
    )
    some = f": {len(rows)} of {verdict.worse_rows:,}" if len(rows) < verdict.worse_rows else ""
    columns = ("row", "how", f"{verdict.score} of the baseline", f"{verdict.score} of the candidate", "what the candidate says")
    return TextTable(f"Rows that got worse, the worst first{some}", columns, (False, False, True, True, False), rows)


def how(row: Worse) -> str:
    """In what way a row got worse, and who says so."""
    return f"critical ({', '.join(row.critical_by)})" if row.critical else "worse"
