"""What the feedback on a task shows: rates over time, by slice, and for each model in service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, TypeAlias, get_args

from harness.lifecycle.feedback.answer_feedback import AnswerFeedback
from harness.lifecycle.feedback.feedback_log import ComplaintState, FeedbackLog
from harness.lifecycle.feedback.feedback_rates import (
    ClusterBy,
    FeedbackChange,
    MeasuredFeedback,
    choose_clusters,
    compare_feedback,
    measure_feedback,
)
from harness.lifecycle.feedback.service_periods import ServicePeriod, find_period

TimeStep: TypeAlias = Literal["day", "week", "month"]
TIME_STEPS: tuple[TimeStep, ...] = ("day", "week", "month")
_MOST_DAYS = {"day": 14, "week": 98}  # of the feedback, up to which this step is used
MOST_VALUES = 12  # of a column; of a column with more, the most frequent ones are shown


@dataclass(frozen=True)
class StepFeedback:
    """The feedback of one day, week or month.

    Attributes:
        first: its first day.
    """

    first: date
    measured: MeasuredFeedback


@dataclass(frozen=True)
class SliceFeedback:
    """The feedback on the answers with one value of a column."""

    column: str
    value: str
    measured: MeasuredFeedback


@dataclass(frozen=True)
class PeriodFeedback:
    """The feedback on the answers of one model in service.

    Attributes:
        until: when the next model came into service; None for the present one.
        changes: compared with the period before; empty for the first one.
    """

    period: ServicePeriod
    until: str | None
    measured: MeasuredFeedback
    changes: tuple[FeedbackChange, ...]


@dataclass(frozen=True)
class FeedbackSummary:
    """Everything that `bench feedback show` shows.

    Attributes:
        by: the independent units; None where answers are.
        units: how many users or groups; of answers without them, how many answers.
        outside: answers from before the first promotion, or of models that were never in service.
        complaints: answers that users complain about, by what was decided.
        without_inputs: of these, how many cannot become examples, because what the model read is not known.
        slices: by column and value, at most `MOST_VALUES` of a column; `hidden_values` counts the others by column.
    """

    task: str
    answers: int
    by: ClusterBy | None
    first: date | None
    last: date | None
    all: MeasuredFeedback
    step: TimeStep
    steps: tuple[StepFeedback, ...]
    slices: tuple[SliceFeedback, ...]
    hidden_values: Mapping[str, int]
    periods: tuple[PeriodFeedback, ...]
    outside: int
    complaints: Mapping[ComplaintState, int]
    without_inputs: int


def summarize_feedback(
    task: str, log: FeedbackLog, periods: Sequence[ServicePeriod], *, step: TimeStep | None = None, slices: Sequence[str] | None = None
) -> FeedbackSummary:
    """What a log shows.

    Args:
        periods: which model was in service when, oldest first.
        step: of time; by default a day up to two weeks, a week up to 14 weeks, else a month.
        slices: the columns to divide by; None for all that the feedback has.
    """
    feedback = log.answers
    by = choose_clusters(feedback)
    first, last = (feedback[0].day, feedback[-1].day) if feedback else (None, None)
    chosen = step or _choose_step(first, last)
    steps: dict[date, list[AnswerFeedback]] = {}
    for each in feedback:
        steps.setdefault(_first_day(each.day, chosen), []).append(each)
    columns = slices if slices is not None else sorted({column for each in feedback for column in each.slices})
    values, hidden = _divide(feedback, columns)
    in_periods = [find_period(each, periods) for each in feedback]
    return FeedbackSummary(
        task=task,
        answers=len(feedback),
        by=by,
        first=first,
        last=last,
        all=measure_feedback(feedback, by),
        step=chosen,
        steps=tuple(StepFeedback(day, measure_feedback(own, by)) for day, own in sorted(steps.items())),
        slices=tuple(SliceFeedback(column, value, measure_feedback(own, by)) for column, value, own in values),
        hidden_values=hidden,
        periods=tuple(_compare_periods(feedback, in_periods, periods, by)),
        outside=in_periods.count(None),
        complaints={state: sum(each.state == state for each in log.complaints) for state in get_args(ComplaintState)},
        without_inputs=sum(not complaint.inputs for complaint in log.complaints),
    )


def _choose_step(first: date | None, last: date | None) -> TimeStep:
    days = (last - first).days + 1 if first is not None and last is not None else 1
    return "day" if days <= _MOST_DAYS["day"] else "week" if days <= _MOST_DAYS["week"] else "month"


def _first_day(day: date, step: TimeStep) -> date:
    if step == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if step == "week" else day


def _divide(
    feedback: Sequence[AnswerFeedback], columns: Sequence[str]
) -> tuple[list[tuple[str, str, list[AnswerFeedback]]], dict[str, int]]:
    """The answers by column and value, the most frequent values of each column first; and how many values are left out."""
    divided, hidden = [], {}
    for column in columns:
        by_value: dict[str, list[AnswerFeedback]] = {}
        for each in feedback:
            if column in each.slices:
                by_value.setdefault(each.slices[column], []).append(each)
        ordered = sorted(by_value.items(), key=lambda pair: (-len(pair[1]), pair[0]))
        divided += [(column, value, own) for value, own in ordered[:MOST_VALUES]]
        if len(ordered) > MOST_VALUES:
            hidden[column] = len(ordered) - MOST_VALUES
    return divided, hidden


def _compare_periods(
    feedback: Sequence[AnswerFeedback], in_periods: Sequence[int | None], periods: Sequence[ServicePeriod], by: ClusterBy | None
) -> list[PeriodFeedback]:
    compared: list[PeriodFeedback] = []
    for number, period in enumerate(periods):
        own = [each for each, place in zip(feedback, in_periods, strict=True) if place == number]
        measured = measure_feedback(own, by)
        until = periods[number + 1].since if number + 1 < len(periods) else None
        changes = compare_feedback(compared[-1].measured, measured) if compared else ()
        compared.append(PeriodFeedback(period, until, measured, changes))
    return compared
