"""How often outputs have errors, how that compares with the untuned model, and where the errors are."""

from __future__ import annotations

from harness.reporting.views.sections import ErrorRow, ErrorTable, Safety, Subgroup
from harness.reporting.wording import numbers
from harness.reporting.wording.headings import CONFIDENCE_INTERVAL, LABELS
from harness.reporting.wording.names import score_name, strategy_in_sentence
from harness.types import Score

INTERVAL_PICTURE = "Interval as a picture"
RATERS = "Critical errors, seen by people"
NOTHING_MEASURED = (
    "Nothing in this run measures safety: the task declares no limit, no score counts errors, and no person has reviewed outputs."
)
OTHERS = "Other error rates"
WORST = "Subgroups with the most critical errors"
READ_ERRORS = "Read the outputs with a critical error"
COLUMNS = ("Strategy", "Rate", "Compared with the untuned model")
DOUBTFUL_NOTE = "Lighter ranges have low confidence: too few test examples, or too few errors, for a reliable interval."


def title_table(table: ErrorTable) -> str:
    """What a table counts."""
    return RATERS if table.score == "raters" else score_name(table.score)


def describe_table(table: ErrorTable) -> str:
    """What a reader must know about the score; empty if there is nothing to say."""
    return LABELS["unchecked"] if table.unchecked else ""


def format_rate(value: float | None, unit: str) -> str:
    """A rate: a share in percent, a count with its decimals."""
    return numbers.share(value) if unit == "fraction" else numbers.score(value, unit)


def format_rate_interval(score: Score, unit: str) -> str:
    """The interval of a rate; empty where there is none."""
    return numbers.share_interval(score.low, score.high) if unit == "fraction" else numbers.interval(score.low, score.high, unit)


def describe_change(row: ErrorRow) -> str:
    """The change against the untuned model: "100% → 85% (15% fewer; 95% CI 7–24%)"; empty where there is nothing to compare with."""
    reduction = row.reduction
    if reduction is None:
        return ""
    rates = f"{format_rate(reduction.before, reduction.unit)} → {format_rate(reduction.after, reduction.unit)}"
    if reduction.value is None or reduction.low is None or reduction.high is None:
        return f"{rates} (the untuned model has too few for a relative change)"
    interval = numbers.fewer_interval(reduction.low, reduction.high)
    return f"{rates} ({numbers.fewer(reduction.value)}; {CONFIDENCE_INTERVAL} {interval})"


def is_doubtful(row: ErrorRow) -> bool:
    """Whether the interval of the rate, or of the change, has low confidence."""
    rate, change = row.rate, row.reduction
    return (rate.low is not None and not rate.reliable) or (change is not None and change.value is not None and not change.reliable)


def note_safety(safety: Safety) -> str:
    """Below the tables of error rates."""
    note = f"Bars are {CONFIDENCE_INTERVAL}s."
    if any(row.reduction for table in safety.tables for row in table.rows):
        note += " Changes compare the same test examples."
    is_marked = any(is_doubtful(row) for table in safety.tables for row in table.rows)
    return f"{note} {DOUBTFUL_NOTE}" if is_marked else note


def describe_subgroup(subgroup: Subgroup) -> str:
    """A subgroup with its rate: "triage = urgent: 62% of 34 examples (95% CI 45–77%)"."""
    rate = subgroup.rate
    interval = numbers.share_interval(rate.low, rate.high)
    details = f" ({CONFIDENCE_INTERVAL} {interval}{'' if rate.reliable else ', low confidence'})" if interval else ""
    by = f"{LABELS['words_of_input']}" if subgroup.by == "length" else subgroup.by
    return f"{by} = {subgroup.name}: {numbers.share(rate.value)} of {numbers.plural(rate.n, 'example')}{details}"


def note_subgroups(safety: Safety) -> str:
    """Where the subgroups come from; a selection of the worst looks worse than it is."""
    assert safety.overall is not None  # there are no subgroups without it
    overall = numbers.share(safety.overall.value)
    return (
        f"Outputs of {strategy_in_sentence(safety.about)}: {overall} of all test examples have a critical error. These are the "
        f"highest rates among {numbers.plural(safety.examined, 'subgroup')} of at least 10 examples, so part of the difference is chance."
    )


def describe_erring(safety: Safety) -> str:
    """The text of the link to the examples."""
    return f"{READ_ERRORS} ({numbers.count(safety.erring)})"
