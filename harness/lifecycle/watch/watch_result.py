"""What a look found: one outcome, and the evidence for it. Reports in all formats read this."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias

from harness.lifecycle.watch.fingerprint import Fingerprint, ReferenceValues
from harness.lifecycle.watch.monitor import DaySum, Monitor, MonitorLook
from harness.lifecycle.watch.moved_words import MovedWord, find_moved_words
from harness.lifecycle.watch.planned_tests import CLASSIFIER, PlannedTest
from harness.lifecycle.watch.watched_rows import pick_independent
from harness.statistics import Interval, SampleSeparation, difference_of_means
from harness.types import Metric

WatchOutcome: TypeAlias = Literal["stable", "drifted", "not_enough_data"]
EXIT_CODES: Mapping[WatchOutcome, int] = {"stable": 0, "drifted": 1, "not_enough_data": 3}

LEAST_EXAMPLES = 40  # of the reference, and of the stream: with fewer, changes of a standard deviation are missed half of the time


@dataclass(frozen=True)
class SignalFinding:
    """One test, now.

    Attributes:
        test: what it watches.
        reference, n_reference: mean of the reference, and its independent examples; of feedback the days before the change.
        now, n_now: the same since the day `since`, of all days for a test without an alarm.
        difference: now − reference, with its 95% interval; it describes and does not decide.
        p_value: valid at every look.
        alarm: the day on which the alarm sounded; None without one.
        since: the day on which the change most probably began; None without an alarm.
        days: mean and number of each day.
    """

    test: PlannedTest
    reference: float | None
    n_reference: int
    now: float | None
    n_now: int
    difference: Interval | None
    p_value: float
    alarm: date | None
    since: date | None
    days: tuple[tuple[date, float, int], ...]

    @property
    def has_moved(self) -> bool:
        return self.alarm is not None

    @property
    def rises(self) -> bool:
        """Whether the value is larger than in the reference."""
        return self.now is not None and self.now > (self.reference or 0.0)


@dataclass(frozen=True)
class WatchResult:
    """What is known after a look.

    Attributes:
        strategy, run, promoted: of the model in service.
        outcome: drifted once any alarm sounded, until another model is promoted.
        since, first_alarm: the days on which the clearest change began, and on which an alarm first sounded.
        new_rows, known_rows: of this look.
        rows, units: all rows since the promotion, and the independent ones that counted.
        first_day, last_day: with data.
        signals: over all rows, those with an alarm first.
        slices: of parts of the rows, only those with data.
        absent_columns: columns of slices that no row since the promotion has.
        separation: what the classifier found in the rows of this look.
        words: of the rows of this look.
        score, score_unit: the score that is watched where there are labels, and its unit; empty where no score judges single examples.
        notes: codes of what limits this look.
    """

    task: str
    strategy: str
    run: str
    promoted: str
    outcome: WatchOutcome
    since: date | None
    first_alarm: date | None
    new_rows: int
    known_rows: int
    rows: int
    units: int
    first_day: date | None
    last_day: date | None
    reference_examples: int
    reference_units: int
    signals: tuple[SignalFinding, ...]
    slices: tuple[SignalFinding, ...]
    separation: SampleSeparation | None
    words: tuple[MovedWord, ...]
    absent_columns: tuple[str, ...] = ()
    score: str = ""
    score_unit: str = ""
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.outcome]

    @property
    def moved(self) -> tuple[SignalFinding, ...]:
        """Everything with an alarm, the earliest first."""
        return tuple(sorted((each for each in (*self.signals, *self.slices) if each.has_moved), key=_by_alarm))

    def without_text(self) -> WatchResult:
        """The same without examples: ids and texts of rows may be what patients said. Words that moved are left out, too."""
        return replace(self, words=())


def describe_look(
    look: MonitorLook,
    fingerprint: Fingerprint,
    *,
    strategy: str,
    run: str,
    promoted: str,
    metric: Metric | None = None,
    notes: Sequence[str] = (),
) -> WatchResult:
    """The result of a look.

    Args:
        strategy, run, promoted: of the model in service.
        metric: the score of single examples.
    """
    monitor = look.monitor
    findings = [_describe(test, fingerprint.values[test.key], monitor) for test in fingerprint.tests]
    signals = [each for each in findings if each.test.column is None]
    slices = [each for each in findings if each.test.column is not None and each.n_now]
    absent = {each.test.column for each in findings if each.test.column} - {each.test.column for each in slices}
    alarms = [each for each in findings if each.has_moved]
    units = next((each.n_now for each in signals if each.test.signal == "input_length" and not each.has_moved), None)
    units = sum(day.n for day in monitor.tests["input_length"].sums) if units is None else units
    enough = min(units, fingerprint.units) >= LEAST_EXAMPLES
    outcome: WatchOutcome = "drifted" if alarms else "stable" if enough else "not_enough_data"
    independent = pick_independent(look.new_rows, fingerprint.salt)
    words = [
        *find_moved_words(independent, fingerprint.words, fingerprint.units, "inputs"),
        *(find_moved_words(independent, fingerprint.output_words, fingerprint.units, "outputs") if fingerprint.output_words else ()),
    ]
    return WatchResult(
        task=fingerprint.task,
        strategy=strategy,
        run=run,
        promoted=promoted,
        outcome=outcome,
        since=min(alarms, key=lambda each: each.p_value).since if alarms else None,
        first_alarm=min((each.alarm for each in alarms if each.alarm), default=None),
        new_rows=len(look.new_rows),
        known_rows=look.known_rows,
        rows=monitor.rows,
        units=units,
        first_day=_date(monitor.first_day),
        last_day=_date(monitor.last_day),
        reference_examples=fingerprint.examples,
        reference_units=fingerprint.units,
        signals=tuple(sorted(signals, key=_by_alarm)),
        slices=tuple(sorted(slices, key=_by_alarm)),
        separation=monitor.classifier.last,
        words=tuple(words),
        absent_columns=tuple(sorted(column for column in absent if column)),
        score="" if metric is None else metric.name,
        score_unit="" if metric is None else metric.unit,
        notes=tuple(notes),
    )


def _by_alarm(finding: SignalFinding) -> tuple[bool, date, float]:
    return (not finding.has_moved, finding.alarm or date.max, finding.p_value)


def _describe(test: PlannedTest, reference: ReferenceValues, monitor: Monitor) -> SignalFinding:
    if test.signal == CLASSIFIER:
        looks = monitor.classifier
        last = looks.last
        area = None if last is None else last.area
        n = 0 if last is None else last.n_new
        interval = None if last is None else Interval(last.low - 0.5, last.high - 0.5, n, n, "DeLong", reliable=True)
        day = _date(looks.alarm)
        return SignalFinding(test, 0.5, 0 if last is None else last.n_reference, area, n, interval, looks.p_value, day, day, ())
    state = monitor.tests[test.key]
    since = state.drift.estimate_start() if state.alarm is not None else None
    now = _join_days([day for day in state.sums if since is None or day.day >= since])
    if not reference.n:  # feedback: the days before the change are what it is compared with
        reference = _join_days([day for day in state.sums if since is not None and day.day < since])
    difference = None
    if now.n and reference.n:
        difference = difference_of_means(reference.n, reference.mean, reference.variance, now.n, now.mean, now.variance)
    return SignalFinding(
        test,
        reference.mean if reference.n else None,
        reference.n,
        now.mean if now.n else None,
        now.n,
        difference,
        state.drift.p_value,
        _date(state.alarm),
        _date(since),
        tuple((date.fromordinal(day.day), day.total / day.n, day.n) for day in state.sums),
    )


def _join_days(days: Sequence[DaySum]) -> ReferenceValues:
    """The values of some days, without their levels."""
    n, total, squared = sum(day.n for day in days), math.fsum(day.total for day in days), math.fsum(day.total_squared for day in days)
    mean = total / n if n else 0.0
    return ReferenceValues((), n, mean, max(0.0, squared - n * mean**2) / (n - 1) if n > 1 else 0.0)


def _date(day: int | None) -> date | None:
    return None if day is None else date.fromordinal(day)
