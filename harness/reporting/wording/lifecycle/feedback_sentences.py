"""What `bench feedback` says: what was added, how users judge the answers, and whether that has changed with a promotion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from harness.gate import CaseOutcome, CaseResult
from harness.lifecycle.feedback import (
    Complaint,
    ComplaintTrail,
    FeedbackChange,
    FeedbackNumber,
    FeedbackSummary,
    MeasuredFeedback,
    PeriodFeedback,
    ReviewedComplaints,
    StepKind,
    TimeStep,
)
from harness.reporting.wording import numbers
from harness.reporting.wording.text_table import TextTable
from harness.text import one_line, plural

LABELS: Mapping[str, str] = {
    "skip": "Skip to the numbers",
    "all": "All answers",
    "time": "Over time",
    "slices": "By subgroup",
    "promotions": "Before and after each promotion",
    "method": "How to read this",
}
NAMES: Mapping[str, str] = {
    "accepted": "Accepted",
    "edited": "Edited",
    "rejected": "Rejected",
    "complaint": "Complaints",
    "minutes": "Minutes per answer",
    "rating": "Rating (1–5)",
}
_SHORT_NAMES: Mapping[str, str] = {"minutes": "Minutes", "rating": "Rating"}
_TABLED = ("accepted", "complaint", "minutes", "rating")  # over time and by subgroup
_STEPS: Mapping[TimeStep, str] = {"day": "Day", "week": "Week from", "month": "Month"}
OUTCOMES: Mapping[CaseOutcome, str] = {"fixed": "fixed", "broken": "still wrong", "unclear": "a person must look"}
_TRAIL: Mapping[StepKind, str] = {
    "complaint": "complaint: {text}",
    "confirmed": "confirmed: {text}",
    "dismissed": "dismissed: {text}",
    "harvested": "written as a training example into {text}",
    "fixed": "{text} answers it rightly",
    "broken": "{text} answers it wrongly",
    "unclear": "{text} answers it, and a person must look",
    "promoted": "{text} came into service",
}
_FEW = "~"  # behind an interval that is not reliable
_BRACKETS = "In brackets: 95% CI."
_FEW_EXPLAINED = f"{_FEW}: low confidence (too few independent answers)."
_UNITS = {"user": "user", "group": "group"}


def describe_added(
    *,
    new: int,
    changed: int,
    outdated: int,
    known: int,
    unanswered: int,
    out_of_order: int,
    unused: Sequence[str],
    without_inputs: int,
    total: int,
) -> list[str]:
    """What a call has added, and what it has left out."""
    parts = [f"{plural(new, 'new answer')} with feedback"]
    counts = ((changed, "changed"), (outdated, "older than what the user said later"), (known, "known before"))
    parts += [f"{count:,} {what}" for count, what in (*counts, (unanswered, "without an answer")) if count]
    lines = [f"{', '.join(parts)}. {total:,} in total."]
    if out_of_order:
        lines.append(f"{plural(out_of_order, 'row')} with an earlier time than the row above. Check the clock of the service.")
    if without_inputs:
        lines.append(
            f"{without_inputs:,} of the complaints and corrections cannot become examples, because the inputs of the answer are missing. "
            "Add its columns, or name the file of the answers with --answers."
        )
    if unused:
        names = ", ".join(one_line(column, 40) for column in unused[:8])
        lines.append(f"Columns that were not read: {names}{' and more' if len(unused) > 8 else ''}.")
    return lines


def title_page(task: str) -> str:
    """The heading of the page."""
    return f"What users say about {task}"


def describe_headline(summary: FeedbackSummary) -> str:
    """The main numbers in one sentence."""
    if not summary.answers:
        return f"No feedback on {summary.task} yet. Add some with `bench feedback add`."
    judged = summary.all.get("accepted")
    units = f" of {plural(_count_units(summary.all), _UNITS[summary.by])}" if summary.by else ""
    days = f"{summary.first} to {summary.last}" if summary.first != summary.last else f"{summary.first}"
    shares = [
        f"{numbers.share(number.value)} {word}"
        for name, word in (("accepted", "accepted"), ("edited", "edited"), ("rejected", "rejected"), ("complaint", "complaints"))
        if (number := summary.all.get(name)).value is not None
    ]
    verdicts = f": {', '.join(shares)}" if judged.value is not None else ""
    return f"{plural(summary.answers, 'answer')}{units} with feedback, {days}{verdicts}."


def list_notes(summary: FeedbackSummary) -> list[str]:
    """What a reader must know about the numbers."""
    if not summary.answers:
        return []
    notes = [
        "Rates are shares of the answers with a verdict. If users speak up only when something is wrong, they are not shares of all "
        "answers: log accepted answers, too.",
    ]
    if summary.by:
        unit = _UNITS[summary.by]
        notes.append(f"The {unit}s are the independent units, because answers of one {unit} resemble one another.")
    else:
        notes.append("The feedback names no users or groups, so answers count as independent. Name users, if some give much feedback.")
    if len(summary.periods) > 1:
        notes.append(
            "Before and after a promotion, users, cases and seasons differ, too. A difference describes; an A/B test shows its cause. The "
            "intervals are not corrected for their number: 1 of 20 misses the true difference."
        )
    if summary.outside:
        notes.append(f"{plural(summary.outside, 'answer')} from before the first promotion, or of models that were never in service.")
    if any(summary.complaints.values()):
        states = ", ".join(f"{count:,} {state}" for state, count in summary.complaints.items() if count)
        without = f"; of {summary.without_inputs:,}, the inputs are not known" if summary.without_inputs else ""
        notes.append(f"{plural(sum(summary.complaints.values()), 'answer')} with complaints ({states}){without}.")
    for column, count in summary.hidden_values.items():
        notes.append(f"{one_line(column, 40)}: {plural(count, 'rarer value')} not shown.")
    return notes


def build_total_table(summary: FeedbackSummary) -> TextTable:
    """Every number over all answers."""
    rows = [
        (NAMES[number.name], _count(number), _value(number), _interval(number), f"{number.interval.units:,}")
        for number in summary.all.numbers
        if number.value is not None
    ]
    unit = f"{_UNITS[summary.by]}s".capitalize() if summary.by else "Independent"
    columns = ("Measure", "Answers", "Share or mean", "95% CI", unit)
    return TextTable(LABELS["all"], columns, (False, True, True, True, True), tuple(rows), _note_few(summary.all.numbers))


def build_time_table(summary: FeedbackSummary) -> TextTable | None:
    """The numbers of each day, week or month; None for a single one."""
    if len(summary.steps) < 2:
        return None
    shown = _list_shown(summary)
    rows = [(_write_step(each.first, summary.step), *_cells(each.measured, shown)) for each in summary.steps]
    return _build(LABELS["time"], _STEPS[summary.step], shown, rows, [each.measured for each in summary.steps])


def build_slice_table(summary: FeedbackSummary) -> TextTable | None:
    """The numbers of each value of the columns; None without columns."""
    if not summary.slices:
        return None
    shown = _list_shown(summary)
    rows = [(f"{each.column} = {each.value}", *_cells(each.measured, shown)) for each in summary.slices]
    return _build(LABELS["slices"], "Subgroup", shown, rows, [each.measured for each in summary.slices])


def build_promotion_table(summary: FeedbackSummary) -> TextTable | None:
    """How each number differs before and after each promotion; None without two models with feedback."""
    rows = [
        (name_period(period), NAMES[change.name], _value(change.before), _value(change.after), write_difference(change), _judge(change))
        for period in summary.periods
        for change in period.changes
        if change.difference is not None
    ]
    if not rows:
        return None
    columns = ("Promotion", "Measure", "Before", "After", "Difference (95% CI)", "Result")
    few = any(not change.interval.reliable for period in summary.periods for change in period.changes if change.difference is not None)
    return TextTable(LABELS["promotions"], columns, (False, False, True, True, True, False), tuple(rows), _FEW_EXPLAINED if few else "")


def name_period(period: PeriodFeedback) -> str:
    """The model and the day of its promotion."""
    return f"{one_line(period.period.strategy, 40)}, {period.period.since[:10]}"


def write_difference(change: FeedbackChange) -> str:
    """A difference with its interval, in percentage points for shares."""
    low, high = change.interval.low, change.interval.high
    if change.difference is None:
        return numbers.NOTHING
    is_share = change.before.count is not None
    between = "" if low is None or high is None else f" ({_write_signed(low, is_share)} to {_write_signed(high, is_share)})"
    few = "" if change.interval.reliable else _FEW
    return f"{_write_signed(change.difference, is_share)}{' points' if is_share else ''}{between}{few}"


def _write_signed(value: float, is_share: bool) -> str:
    """A difference with its sign: in percentage points, or with one decimal."""
    text = f"{100 * value:+.0f}" if is_share else f"{value:+.1f}"
    return text[1:] if not float(text) else text.replace("-", "−")


def build_complaint_table(complaints: Sequence[Complaint]) -> TextTable:
    """The complaints of a task: what was written, what is right, and why. Texts come from users."""
    rows = tuple(
        (each.id, each.state, f"{len(each.voices):,}", each.output or "", each.corrected or "", each.voices[-1].reason)
        for each in complaints
    )
    columns = ("Answer", "State", "Users", "Output", "Corrected", "Reason")
    return TextTable("Complaints", columns, (False, False, True, False, False, False), rows)


def build_check_table(results: Sequence[CaseResult]) -> TextTable:
    """How a model answers the confirmed complaints: what a person must look at and what is wrong first."""
    order = ("broken", "unclear", "fixed")
    rows = tuple(
        (each.case.id, OUTCOMES[each.outcome], "(no answer)" if each.output is None else each.output, each.case.corrected or "")
        for each in sorted(results, key=lambda each: order.index(each.outcome))
    )
    return TextTable("Confirmed complaints", ("Answer", "Result", "Output", "Corrected"), (False, False, False, False), rows)


def describe_check(results: Sequence[CaseResult]) -> str:
    """How many of the confirmed complaints a model answers rightly."""
    if not results:
        return "No complaint is confirmed. `bench feedback confirm TASK ID` confirms one."
    counts = {outcome: sum(each.outcome == outcome for each in results) for outcome in OUTCOMES}
    parts = [f"{counts['fixed']:,} of {plural(len(results), 'confirmed complaint')} fixed"]
    parts += [f"{counts['broken']:,} still wrong"] if counts["broken"] else []
    parts += [f"{counts['unclear']:,} must be looked at by a person"] if counts["unclear"] else []
    unknown = sum(not each.case.inputs for each in results)
    missing = f" {_describe_untestable(unknown)}" if unknown else ""
    return f"{', '.join(parts)}.{missing}"


def describe_decided(complaints: Sequence[Complaint], *, dismissed: bool) -> str:
    """That these complaints were confirmed or dismissed, and which of the confirmed ones no model can answer again."""
    unknown = 0 if dismissed else sum(not each.inputs for each in complaints)
    missing = f" {_describe_untestable(unknown)}" if unknown else ""
    return f"{plural(len(complaints), 'complaint')} {'dismissed' if dismissed else 'confirmed'}.{missing}"


def _describe_untestable(count: int) -> str:
    cannot = f"{count:,} cannot be answered again, because the inputs are missing: no candidate can show that it is fixed."
    return f"{cannot} Add them with `bench feedback add`: as columns, or with --answers."


def describe_reviewed(reviewed: ReviewedComplaints) -> str:
    """What an import of ratings has decided."""
    confirmed = sum(each.outcome == "confirmed" for each in reviewed.decisions)
    parts = [f"{plural(reviewed.ratings, 'new rating')}", f"{plural(confirmed, 'complaint')} confirmed"]
    parts.append(f"{len(reviewed.decisions) - confirmed:,} dismissed")
    parts += [f"{reviewed.waiting:,} waiting for a rater"] if reviewed.waiting else []
    return f"{', '.join(parts)}."


def list_trail_lines(trail: ComplaintTrail) -> list[str]:
    """Everything that happened to a complaint, a line for each step, and whether it is fixed."""
    lines = [f"{step.day}  {_TRAIL[step.kind].format(text=one_line(step.text, 120))}".rstrip(": ") for step in trail.steps]
    if not trail.fixed_by:
        return [*lines, "Not fixed by a model that came into service."]
    again = f" The model in service, {one_line(trail.wrong_again, 120)}, does not answer it rightly." if trail.wrong_again else ""
    return [*lines, f"Fixed by {one_line(trail.fixed_by, 120)}.{again}"]


def _judge(change: FeedbackChange) -> str:
    return "no difference shown" if change.direction is None else change.direction


def _list_shown(summary: FeedbackSummary) -> list[str]:
    return [name for name in _TABLED if summary.all.get(name).value is not None]


def _build(
    title: str, first: str, shown: Sequence[str], rows: Sequence[tuple[str, ...]], measured: Sequence[MeasuredFeedback]
) -> TextTable:
    columns = (first, "Answers", *(_SHORT_NAMES.get(name, NAMES[name]) for name in shown))
    few = _note_few([number for each in measured for number in each.numbers if number.name in shown])
    under = f"{_BRACKETS} {few}".rstrip()
    return TextTable(title, columns, (False, *(True for _ in columns[1:])), tuple(rows), under)


def _cells(measured: MeasuredFeedback, shown: Sequence[str]) -> tuple[str, ...]:
    cells = []
    for name in shown:
        number = measured.get(name)
        interval = _interval(number)
        cells.append(f"{_value(number)} ({interval})" if interval else _value(number))
    return (f"{measured.answers:,}", *cells)


def _count(number: FeedbackNumber) -> str:
    return f"{number.count:,} of {number.interval.n:,}" if number.count is not None else f"{number.interval.n:,}"


def _value(number: FeedbackNumber) -> str:
    if number.value is None:
        return numbers.NOTHING
    return numbers.share(number.value) if number.count is not None else f"{number.value:.1f}"


def _interval(number: FeedbackNumber) -> str:
    low, high = number.interval.low, number.interval.high
    if low is None or high is None or number.value is None:
        return ""
    text = numbers.share_interval(low, high) if number.count is not None else f"{low:.1f}–{high:.1f}"
    return text if number.interval.reliable else f"{text}{_FEW}"


def _note_few(measured: Sequence[FeedbackNumber]) -> str:
    return _FEW_EXPLAINED if any(_interval(number).endswith(_FEW) for number in measured) else ""


def _count_units(measured: MeasuredFeedback) -> int:
    return max(number.interval.units for number in measured.numbers)


def _write_step(first: date, step: TimeStep) -> str:
    return first.strftime("%Y-%m") if step == "month" else first.isoformat()
