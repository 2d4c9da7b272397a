"""What a call of `retrain` finds: since when the champion is in service, what data has come, and what the triggers measure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from harness.api.retraining_data import StepOptions
from harness.gate import Event
from harness.types import Task

if TYPE_CHECKING:
    from harness.lifecycle.feedback import FeedbackLog
    from harness.lifecycle.retraining import CollectedData, Lifecycle, RetrainingState, Situation


def find_promotion_day(state: RetrainingState, champion: Event) -> date:
    """The day on which the champion came into service. A step counts its own days, which `today` may have set."""
    if state.step is not None and state.step.champion == champion.number:
        return state.step.promoted
    if state.promoted_event == champion.number and state.promoted_day is not None:
        return state.promoted_day
    return datetime.fromisoformat(champion.at).date()


def read_collected_data(plan: Lifecycle, task: Task, salt: str, options: StepOptions) -> CollectedData:
    """The rows and corrections that have come.

    Args:
        salt: of the keys of rows.

    Raises:
        BenchError: a file is missing or has a defect; the log of feedback is damaged.
    """
    from harness.lifecycle.retraining import read_new_data

    data = plan.spec.data
    log = _read_feedback(task.name, options) if data.feedback else None
    return read_new_data(task, data.new, data.harvested, fields=data.fields, salt=salt, feedback=log)


def describe_situation(
    plan: Lifecycle, champion: Event, last_day: date | None, promoted: date, unused: int, options: StepOptions
) -> Situation:
    """What the triggers read.

    Args:
        last_day: on which the last retraining ended.
        promoted: the day on which the champion came into service.
        unused: rows and corrections that no retraining has used.

    Raises:
        BenchError: a file of the watch or of the feedback is damaged.
    """
    from harness.lifecycle.retraining import Situation

    when = plan.spec.when
    alarms = _read_alarms(champion, options) if when.drift else None
    now = Situation(options.today, promoted, last_day, alarms, unused)
    if when.complaints is None:
        return now
    rate = _read_feedback(champion.task, options).complaint_rate(now.counted_from, model=champion.digest)
    return replace(now, complaint_rate=rate)


def _read_feedback(task: str, options: StepOptions) -> FeedbackLog:
    from harness.lifecycle.feedback import FeedbackStore

    return FeedbackStore(options.registry, task).read()


def _read_alarms(champion: Event, options: StepOptions) -> tuple[date, ...] | None:
    """The days of the alarms of the champion's watch; None where it was never watched."""
    from harness.lifecycle.watch import WatchStore

    store = WatchStore(options.registry, champion.task, champion.digest)
    if not store.has_fingerprint():
        return None
    monitor = store.read_monitor(store.read_fingerprint())
    return None if monitor is None else tuple(date.fromordinal(day) for day in monitor.alarms.values())
