"""What an experiment shows, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.lifecycle.experiments import (
    MOST_LEFT_OUT,
    ExperimentReading,
    ExperimentState,
    OutcomeReading,
    OutcomeRole,
    OutcomeStatus,
    RatioReading,
    ReadingCode,
)
from harness.reporting.wording import numbers
from harness.reporting.wording.experiments import outcome_words as words
from harness.reporting.wording.text_table import TextTable
from harness.text import one_line

TITLE = "A/B test"
EVIDENCE = "Evidence"
NEXT_STEPS = "What next"
DATA = "Data"
DECIDED = "decided"
STATES: Mapping[ExperimentState, str] = {
    "challenger": "Ship the challenger",
    "champion": "Keep the champion",
    "undecided": "Undecided",
}
_SHOWN_COLUMNS = 8
_ROLES: Mapping[OutcomeRole, str] = {"decides": "decides", "guardrail": "guardrail", "reported": "reported only"}
_STATUSES: Mapping[OutcomeStatus, str] = {
    "better": "better",
    "not_worse": "not worse",
    "worse": "worse",
    "gain_ruled_out": "no such gain",
    "kept": "kept",
    "broken": "broken",
    "undecided": "undecided",
    "not_comparable": "not judged",
    "reported": "not judged",
}


def describe_verdict(reading: ExperimentReading) -> str:
    """The headline."""
    margin, name = words.amount(reading.experiment.margin, reading.deciding.spec), words.label(reading.deciding.spec)
    means, unit = _means(reading.deciding), reading.experiment.unit
    sentences: Mapping[ReadingCode, Callable[[], str]] = {
        "challenger_better": lambda: f"The challenger is better on {name}{means}.",
        "challenger_not_worse": lambda: f"The challenger may replace the champion: on {name} it is not worse by {margin}{means}.",
        "champion_better": lambda: f"The challenger is worse on {name}{means}.",
        "gain_ruled_out": lambda: f"The challenger is not better by {margin} on {name}{means}.",
        "guardrail_broken": lambda: f"The challenger breaks a guardrail: {_list_broken(reading)}.",
        "guardrail_undecided": lambda: _describe_open_guardrails(reading),
        "too_early": lambda: f"Too early for a verdict: {_describe_burn_in(reading)}.",
        "unequal_counts": lambda: f"No verdict: the {unit}s are not divided as planned. {_describe_ratio(reading)}",
        "wrongly_served": lambda: _describe_wrongly_served(reading),
        "undecided": lambda: f"The difference in {name} is too close to call after {numbers.plural(reading.units, unit)}.",
    }
    return sentences[reading.code]()


def _describe_open_guardrails(reading: ExperimentReading) -> str:
    experiment, spec = reading.experiment, reading.deciding.spec
    names = ", ".join(words.label(each.spec) for each in reading.outcomes if each.spec.name in reading.open_guardrails)
    shown = "better" if experiment.goal == "better" else f"not worse by {words.amount(experiment.margin, spec)}"
    return f"The challenger is {shown} on {words.label(spec)}, but the guardrail on {names} is not decided."


def _describe_wrongly_served(reading: ExperimentReading) -> str:
    left, units = reading.counts.left_out, numbers.plural(reading.counts.units, reading.experiment.unit)
    most = numbers.share(MOST_LEFT_OUT)
    return f"No verdict: {left:,} of {units} were not served as the experiment assigns them, more than {most}."


def describe_decided(reading: ExperimentReading) -> str:
    """When the verdict was reached; empty where there is none."""
    if reading.decided is None or reading.decided_units is None:
        return ""
    after = f"Decided on {words.day(reading.decided)}, after {numbers.plural(reading.decided_units, reading.experiment.unit)}."
    later = reading.units - reading.decided_units
    return after + (f" The {later:,} that came later do not change it." if later else "")


def describe_setting(reading: ExperimentReading) -> str:
    """What is compared, on which events."""
    variants = reading.experiment.variants
    challenger, champion = (
        f"{name} {one_line(spec.model, 80)}".strip()
        for name, spec in (("challenger", variants.challenger), ("champion", variants.champion))
    )
    shares = [numbers.share(spec.share) for spec in (variants.challenger, variants.champion)]
    events = f"{numbers.plural(reading.events, 'event')} from {words.day(reading.first)} to {words.day(reading.last)}"
    return f"{challenger} ({shares[0]}) against {champion} ({shares[1]}), {events} in {one_line(reading.source, 80)}"


def describe_method(reading: ExperimentReading) -> str:
    """What the limits and the verdict promise, and from when on there can be one."""
    burn_in = reading.experiment.burn_in
    units = f"{numbers.plural(burn_in.units, reading.experiment.unit)} of each variant"
    days = f" and {numbers.plural(round(burn_in.days), 'day')}" if burn_in.days else ""
    return (
        "Differences are the challenger minus the champion. Their limits hold at all looks together, so the events may be read as often as "
        f"you like. The first verdict after {units}{days} stands."
    )


def list_steps(reading: ExperimentReading) -> list[str]:
    """What to do now."""
    experiment = reading.experiment
    match reading.code:
        case "challenger_better" | "challenger_not_worse":
            return ["Stop the experiment, and put the challenger into service: bench promote."]
        case "champion_better" | "gain_ruled_out" | "guardrail_broken":
            return ["Stop the experiment, and serve the champion to all."]
        case "unequal_counts":
            return [
                f"Find where {experiment.unit}s or their events get lost: a redirect, a failed call, a log that is not complete. "
                "The outcomes cannot be compared before that is solved.",
                "Then start again with a new salt.",
            ]
        case "wrongly_served":
            return [
                f"Make the service give each {experiment.unit} one variant, the one of bench ab assign. Then start again with a new salt."
            ]
        case "too_early":
            return ["Go on, and read the events again after the burn-in."]
        case "guardrail_undecided" | "undecided":
            return ["Go on, and read the events again at any time.", *_describe_more(reading)]


def _describe_more(reading: ExperimentReading) -> list[str]:
    more, unit = reading.more, reading.experiment.unit
    if more is None:
        return []
    if more.units is None:
        return ["The measured difference lies between the values that would decide. If it stays there, no number of events decides it."]
    days = "" if more.days is None else f", {words.duration(more.days)} at the present rate"
    return [f"If the difference stays as measured, a verdict takes about {numbers.about(more.units)} more {unit}s{days}."]


def list_counts(reading: ExperimentReading) -> list[str]:
    """What was counted, left out and noticed."""
    counts, unit, experiment = reading.counts, reading.experiment.unit, reading.experiment
    notes = [f"{numbers.plural(reading.units, unit)} of {counts.units:,} have a final outcome. {_describe_ratio(reading)}"]
    window = f"the window of {words.duration(experiment.window_days)}"
    if counts.open:
        notes.append(f"{numbers.plural(counts.open, unit)} not counted yet: {window} has not closed.")
    if counts.in_both:
        notes.append(f"{numbers.plural(counts.in_both, unit)} left out: events of both variants.")
    if counts.contradicted_count:
        name, variant = counts.contradicted[0]
        notes.append(
            f"{numbers.plural(counts.contradicted_count, unit)} left out: their variant is not the one of bench ab assign, such as "
            f"{one_line(name, 40)}, which got the {variant}."
        )
    if counts.late:
        why = f"after {window} of their {unit}" if experiment.window_days else f"only the first of each {unit} counts"
        notes.append(f"{numbers.plural(counts.late, 'event')} left out: {why}.")
    if reading.doubled:
        notes.append(f"{numbers.plural(reading.doubled, 'row')} left out: repeated events.")
    if reading.out_of_order:
        notes.append(f"{numbers.plural(reading.out_of_order, 'row')} had an earlier time than the row above. Events were put in order.")
    notes += [
        f"{numbers.plural(each.missing, unit)} without a value of {words.label(each.spec)}." for each in reading.outcomes if each.missing
    ]
    if reading.unused:
        shown = ", ".join(one_line(column, 40) for column in reading.unused[:_SHOWN_COLUMNS])
        more = f" and {len(reading.unused) - _SHOWN_COLUMNS} more" if len(reading.unused) > _SHOWN_COLUMNS else ""
        notes.append(f"Not judged, because the experiment does not name these columns: {shown}{more}.")
    return notes


def list_notes(reading: ExperimentReading) -> list[str]:
    """What was counted, and what the limits promise."""
    return [*list_counts(reading), describe_method(reading)]


def build_outcome_table(reading: ExperimentReading) -> TextTable:
    """One row for each outcome."""
    rows = tuple(
        (
            words.heading(each.spec),
            _ROLES[each.role],
            words.value(each.champion, each.spec),
            words.value(each.challenger, each.spec),
            words.difference(each.last.estimate if each.last else None, each.spec),
            words.limits(each.last.low, each.last.high, each.spec) if each.last else numbers.NOTHING,
            _STATUSES[each.status],
        )
        for each in reading.outcomes
    )
    columns = ("outcome", "role", "champion", "challenger", "difference", "limits", "challenger is")
    levels = dict.fromkeys(words.level(each.alpha) for each in reading.outcomes)
    under = f"Limits with {' and '.join(levels)} confidence at all looks together; means over {reading.experiment.unit}s."
    return TextTable(EVIDENCE, columns, (False, False, True, True, True, True, False), rows, under)


def title_chart(reading: ExperimentReading) -> str:
    """What the figure shows."""
    return f"Difference in {words.label(reading.deciding.spec)}, challenger minus champion"


def describe_chart(reading: ExperimentReading) -> str:
    """The figure in words, for those who do not see it."""
    last = reading.deciding.last
    if last is None:
        return "No outcome is final."
    spec = reading.deciding.spec
    return (
        f"After {numbers.plural(last.units, reading.experiment.unit)}: {words.difference(last.estimate, spec)}, "
        f"limits {words.limits(last.low, last.high, spec)}."
    )


def name_margin(reading: ExperimentReading) -> str:
    """The label of the line at the margin."""
    return f"margin, {words.amount(reading.experiment.margin, reading.deciding.spec)}"


def _means(outcome: OutcomeReading) -> str:
    last, spec = outcome.last, outcome.spec
    if last is None:
        return ""
    means = f"{words.value(outcome.challenger, spec)} against {words.value(outcome.champion, spec)}"
    limits = f"{words.level(outcome.alpha)} limits {words.limits(last.low, last.high, spec)}"
    return f": {means} ({words.difference(last.estimate, spec)}, {limits})"


def _list_broken(reading: ExperimentReading) -> str:
    return "; ".join(
        f"{words.label(each.spec)} worse by more than {words.amount(each.spec.margin or 0.0, each.spec)}{_means(each)}"
        for each in reading.outcomes
        if each.spec.name in reading.broken
    )


def _describe_burn_in(reading: ExperimentReading) -> str:
    (units, days), experiment = reading.burn_in_left, reading.experiment
    lacks = [f"{numbers.plural(units, f'more {experiment.unit}')} of each variant with a final outcome"] if units else []
    lacks += [f"{words.duration(days)} more"] if days else []
    if lacks:
        return f"it needs {' and '.join(lacks)}"
    return f"no outcome has become final since the burn-in of {words.duration(experiment.burn_in.days)}"


def _describe_ratio(reading: ExperimentReading) -> str:
    """The division of units, of the check that failed or else of all."""
    ratio: RatioReading = next((each for each in reading.ratios if each.is_broken), reading.ratios[0])
    seen = ratio.champion + ratio.challenger
    got = numbers.percent(ratio.challenger, seen)
    of = f"{reading.experiment.unit}s with an outcome" if ratio.of_measured else f"{reading.experiment.unit}s"
    verdict = (
        f"planned were {numbers.share(ratio.share)} (p = {ratio.p_value:.2g}, valid at every look)"
        if ratio.is_broken
        else f"planned were {numbers.share(ratio.share)}, and no fault is shown"
    )
    return f"{ratio.challenger:,} of {seen:,} {of} ({got}) got the challenger; {verdict}."


def name_axis(reading: ExperimentReading) -> str:
    """The name of the axis of differences."""
    spec = reading.deciding.spec
    return f"{words.heading(spec)}: challenger minus champion{', percentage points' if spec.is_share else ''}"
