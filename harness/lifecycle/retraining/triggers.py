"""Whether a retraining is due: each trigger with what it measures and when it fires. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from harness.errors import BenchError, setting
from harness.lifecycle.feedback import ComplaintRate
from harness.lifecycle.retraining.lifecycle_file import WhenSpec

TriggerKind: TypeAlias = Literal["drift", "age", "new_rows", "complaints"]


@dataclass(frozen=True)
class Trigger:
    """One trigger now.

    Attributes:
        value: days of the champion, rows, signals of the watch with an alarm, or the lower end of the 95% interval of the rate of
            complaints; None where the data was never watched, or too few answers have feedback.
        threshold: the value from which on it fires.
        since: of drift the day of the first alarm; of age the day from which the days count.
    """

    kind: TriggerKind
    value: float | None
    threshold: float
    since: date | None = None

    @property
    def fires(self) -> bool:
        return self.value is not None and self.value >= self.threshold


@dataclass(frozen=True)
class Situation:
    """What the triggers read.

    Attributes:
        today: the date of this call.
        promoted: the day on which the champion was put into service.
        last_step: the day on which the last retraining ended; None before the first.
        alarms: the days of the alarms of the champion's watch; None where it was never watched.
        new_rows: labelled rows and corrections that no retraining has used.
        complaint_rate: the rate of complaints since `counted_from`; None where no file asks for it.
    """

    today: date
    promoted: date
    last_step: date | None
    alarms: tuple[date, ...] | None
    new_rows: int
    complaint_rate: ComplaintRate | None = None

    @property
    def counted_from(self) -> date:
        """The day from which the age counts: the later one of the promotion and the last retraining."""
        return self.promoted if self.last_step is None else max(self.promoted, self.last_step)


def read_triggers(when: WhenSpec, now: Situation) -> tuple[Trigger, ...]:
    """Every trigger that the file sets."""
    triggers = []
    if when.drift:
        alarms = now.alarms
        triggers.append(Trigger("drift", None if alarms is None else len(alarms), 1, min(alarms) if alarms else None))
    if when.age_days is not None:
        triggers.append(Trigger("age", (now.today - now.counted_from).days, when.age_days, now.counted_from))
    if when.new_rows is not None:
        triggers.append(Trigger("new_rows", now.new_rows, when.new_rows))
    if when.complaints is not None and now.complaint_rate is not None:
        rate, low = now.complaint_rate, now.complaint_rate.number.interval.low
        is_known = rate.answers >= when.complaints.least
        triggers.append(Trigger("complaints", low if is_known else None, when.complaints.share, now.counted_from))
    return tuple(triggers)


def count_days_to_wait(when: WhenSpec, now: Situation) -> int:
    """For how many days no trigger counts, because a retraining has just ended."""
    return 0 if now.last_step is None else max(0, when.wait_days - (now.today - now.last_step).days)


def check_clock(today: date, promoted: date, last_step: date | None) -> None:
    """Check that the date of this call is not before what has already happened.

    Raises:
        BenchError: it is, so that ages would be negative and triggers would never fire.
    """
    latest, what = max((promoted, "the champion was promoted"), (last_step or date.min, "the last retraining ended"))
    if today < latest:
        raise BenchError(
            f"the date goes back: it is {today.isoformat()} here, and on {latest.isoformat()} {what}. Correct the clock of this machine, "
            f"or name the date with {setting('today', 'DATE')}"
        )
