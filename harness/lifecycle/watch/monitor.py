"""The state of a monitor between two looks, and what a look adds to it. Pure: `watch_store` reads and writes it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from harness.lifecycle.watch.classifier import separate
from harness.lifecycle.watch.fingerprint import Fingerprint, ReferenceValues
from harness.lifecycle.watch.measured_row import measure_row
from harness.lifecycle.watch.planned_tests import CLASSIFIER, PlannedTest
from harness.lifecycle.watch.watched_rows import HASH_DIGITS, PARTS, PartOfRow, WatchedRow, pick_independent, short_hash, uniform_hash
from harness.statistics import LEVELS, DriftTest, SampleSeparation, compare_shares, find_alarms, look_share, thin_days

FORMAT = 1
_INPUTS = PARTS[0].letter
_VISIBLE = 1.96  # standard errors
ALPHA = 0.05  # the chance that any test ever sounds a false alarm


@dataclass(frozen=True)
class DaySum:
    """The values of one test on one day: their number, sum, and sum of squares."""

    day: int
    n: int
    total: float
    total_squared: float


@dataclass(frozen=True)
class WatchedTest:
    """One test between two looks.

    Attributes:
        sums: of the days with data, in order; of a long time the older ones in blocks, as in `drift`.
        alarm: the day on which it sounded its alarm; None if it has not.
    """

    drift: DriftTest
    sums: tuple[DaySum, ...] = ()
    alarm: int | None = None


@dataclass(frozen=True)
class ClassifierLooks:
    """The looks of the classifier.

    Attributes:
        looks: how many there were.
        p_value: the smallest, divided by the share of its look; valid at every look.
        last: what the last look measured.
        alarm: as for `WatchedTest`.
    """

    looks: int = 0
    p_value: float = 1.0
    last: SampleSeparation | None = None
    alarm: int | None = None


@dataclass(frozen=True)
class Monitor:
    """What a monitor has seen since the model was promoted.

    Attributes:
        model: the digest of the model, as in the fingerprint.
        fingerprint: a hash that tells the fingerprint from others of the same model.
        tests: by the key of the test.
        first_day, last_day: with data; None before any.
        rows: all rows that were new, those of a group that had counted before included.
        parts: hashes of the parts of rows that were seen, by the letter of the part, in one text of 12 hex digits each.
        groups: the same for groups that have counted.
    """

    format: int
    model: str
    fingerprint: str
    tests: Mapping[str, WatchedTest]
    classifier: ClassifierLooks = ClassifierLooks()
    first_day: int | None = None
    last_day: int | None = None
    rows: int = 0
    parts: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def alarms(self) -> dict[str, int]:
        """The tests that have sounded an alarm, with the day of it."""
        alarms = {key: test.alarm for key, test in self.tests.items() if test.alarm is not None}
        return alarms | ({CLASSIFIER: self.classifier.alarm} if self.classifier.alarm is not None else {})


@dataclass(frozen=True)
class MonitorLook:
    """The monitor after a look.

    Attributes:
        new_rows: the rows whose inputs were not seen before.
        counted: the independent ones among them.
        known_rows: rows that brought nothing new.
    """

    monitor: Monitor
    new_rows: tuple[WatchedRow, ...]
    counted: tuple[WatchedRow, ...]
    known_rows: int


def start_monitor(fingerprint: Fingerprint) -> Monitor:
    """A monitor that has seen the reference alone."""
    tests = {
        test.key: WatchedTest(DriftTest.start(np.array(fingerprint.values[test.key].counts(), dtype=np.int64)))
        for test in fingerprint.tests
        if test.signal != CLASSIFIER
    }
    return Monitor(FORMAT, fingerprint.model, short_hash(fingerprint.salt, "fingerprint"), tests)


def find_early_row(monitor: Monitor, rows: Iterable[WatchedRow]) -> int | None:
    """The position of the first row that is new although its day is before the last one that was seen; None if there is none."""
    seen = _unpack(monitor.parts.get(_INPUTS, ""))
    last = monitor.last_day
    return next((i for i, row in enumerate(rows) if last is not None and row.day < last and row.key not in seen), None)


def look(
    monitor: Monitor,
    fingerprint: Fingerprint,
    rows: Sequence[WatchedRow],
    *,
    reference: Sequence[WatchedRow] = (),
    count_tokens: Callable[[str], tuple[int, int]] | None = None,
) -> MonitorLook:
    """Add new rows, day by day. Parts of rows that were seen before do not count again.

    Args:
        rows: none of them is early, see `find_early_row`.
        reference: the test examples, for the classifier; without them it is not used.
        count_tokens: of the model's tokenizer, as when the fingerprint was made.
    """
    memory = _Memory(monitor, fingerprint.salt)
    measures = {row.key: measure_row(row, fingerprint.vocabulary, count_tokens=count_tokens) for row in rows}
    tests, classifier = dict(monitor.tests), monitor.classifier
    new_rows: list[WatchedRow] = []
    counted: list[WatchedRow] = []
    days = _by_day(rows, monitor.last_day)
    for day, of_day in days.items():
        for part in PARTS:
            fresh, independent = memory.take(part, of_day)
            if part.letter == _INPUTS:
                new_rows += fresh
                counted += independent
            for test in fingerprint.tests:
                if part.has(test.signal) and test.signal != CLASSIFIER:
                    tests[test.key] = _observe(tests[test.key], test, day, independent, measures, fingerprint.salt)
        tests, classifier = _sound_alarms(fingerprint, tests, classifier, day)
    if reference and counted:
        classifier = _look_with_classifier(classifier, *(pick_independent(each, fingerprint.salt) for each in (reference, counted)))
        tests, classifier = _sound_alarms(fingerprint, tests, classifier, max(days))
    seen_days = [row.day for row in new_rows]
    after = replace(
        monitor,
        tests=tests,
        classifier=classifier,
        first_day=min(seen_days) if monitor.first_day is None and seen_days else monitor.first_day,
        last_day=max([*seen_days, *([] if monitor.last_day is None else [monitor.last_day])], default=None),
        rows=monitor.rows + len(new_rows),
        parts=memory.pack_parts(),
        groups=memory.pack_groups(),
    )
    return MonitorLook(after, tuple(new_rows), tuple(counted), len(rows) - len(memory.changed))


class _Memory:
    """Which parts of rows, and which groups, have counted."""

    def __init__(self, monitor: Monitor, salt: str) -> None:
        self._salt = salt
        self._parts = {part.letter: _unpack(monitor.parts.get(part.letter, "")) for part in PARTS}
        self._groups = {part.letter: _unpack(monitor.groups.get(part.letter, "")) for part in PARTS}
        self.changed: set[str] = set()  # the keys of rows that brought something new

    def take(self, part: PartOfRow, rows: Sequence[WatchedRow]) -> tuple[list[WatchedRow], list[WatchedRow]]:
        """The rows with a part that is new, and those of them that count: one of each group that has not counted."""
        seen, groups = self._parts[part.letter], self._groups[part.letter]
        fresh = [row for row in rows if part.is_in(row) and row.key not in seen]
        seen.update(row.key for row in fresh)
        self.changed.update(row.key for row in fresh)
        independent = pick_independent([row for row in fresh if self._hash_group(row) not in groups], self._salt)
        groups.update(hashed for row in independent if (hashed := self._hash_group(row)))
        return fresh, independent

    def pack_parts(self) -> dict[str, str]:
        return {letter: "".join(sorted(keys)) for letter, keys in self._parts.items()}

    def pack_groups(self) -> dict[str, str]:
        return {letter: "".join(sorted(keys)) for letter, keys in self._groups.items()}

    def _hash_group(self, row: WatchedRow) -> str:
        return "" if row.example.group is None else short_hash(self._salt, "group", row.example.group)


def _unpack(hashes: str) -> set[str]:
    return {hashes[i : i + HASH_DIGITS] for i in range(0, len(hashes), HASH_DIGITS)}


def _by_day(rows: Sequence[WatchedRow], last: int | None) -> dict[int, list[WatchedRow]]:
    """The rows of each day, in order. What arrives late for a row that was seen, such as its label, counts on the last day."""
    days: dict[int, list[WatchedRow]] = {}
    for row in sorted(rows, key=lambda each: each.day):
        days.setdefault(row.day if last is None else max(row.day, last), []).append(row)
    return days


def _observe(
    state: WatchedTest,
    test: PlannedTest,
    day: int,
    rows: Sequence[WatchedRow],
    measures: Mapping[str, Mapping[str, float]],
    salt: str,
) -> WatchedTest:
    values_read = [(row, test.read(row, measures[row.key])) for row in rows]
    known = [(row, value) for row, value in values_read if value is not None]
    if not known:
        return state
    levels = np.array([test.scale.level(value) for _, value in known], dtype=np.int64)
    uniforms = np.array([uniform_hash(salt, test.key, row.key) for row, _ in known])
    values = [value for _, value in known]
    added = DaySum(day, len(values), math.fsum(values), math.fsum(value**2 for value in values))
    sums = state.sums
    if sums and sums[-1].day == day:
        added = _join(sums[-1], added)
        sums = sums[:-1]
    return replace(state, drift=state.drift.observe(day, levels, uniforms), sums=thin_days((*sums, added), _join))


def _join(first: DaySum, second: DaySum) -> DaySum:
    return DaySum(first.day, first.n + second.n, first.total + second.total, first.total_squared + second.total_squared)


def _read_p_value(state: WatchedTest, reference: ReferenceValues) -> float:
    """The p-value of a test that may sound an alarm, and 1 of one that may not."""
    p_value = state.drift.p_value
    return p_value if p_value > ALPHA or _is_visible(state, reference) else 1.0


def _is_visible(state: WatchedTest, reference: ReferenceValues) -> bool:
    """Whether the share of a 0/1 value moved visibly. Other values are visible as they are.

    Ranks of ties are drawn at random, so that an event that never, or hardly ever, occurs could sound an alarm by these draws alone. That
    is within the error rate, and a nuisance. Refusing some alarms cannot raise the error rate.
    """
    if any(level not in (0, LEVELS - 1) for level, _ in state.drift.counts):
        return True
    since = state.drift.estimate_start()
    n, n_before = 0, reference.n
    total, total_before = 0.0, reference.n * reference.mean
    for day in state.sums:
        if since is not None and day.day >= since:
            n, total = n + day.n, total + day.total
        else:
            n_before, total_before = n_before + day.n, total_before + day.total
    return abs(compare_shares(total_before, n_before, total, n)) >= _VISIBLE


def _look_with_classifier(looks: ClassifierLooks, reference: Sequence[WatchedRow], new: Sequence[WatchedRow]) -> ClassifierLooks:
    """Another look, if there are enough rows for it; a look without them spends nothing. Both are in random order."""
    measured = separate(reference, new)
    if measured is None:
        return looks
    number = looks.looks + 1
    return replace(looks, looks=number, p_value=min(looks.p_value, measured.p_value / look_share(number)), last=measured)


def _sound_alarms(
    fingerprint: Fingerprint, tests: Mapping[str, WatchedTest], classifier: ClassifierLooks, day: int
) -> tuple[dict[str, WatchedTest], ClassifierLooks]:
    """The tests with the alarms that they sound now."""
    planned = fingerprint.tests
    p_values = [
        classifier.p_value if test.signal == CLASSIFIER else _read_p_value(tests[test.key], fingerprint.values[test.key])
        for test in planned
    ]
    alarms = find_alarms(p_values, [test.share for test in planned], ALPHA)
    sounding = {test.key for test, alarm in zip(planned, alarms, strict=True) if alarm}
    after = {key: replace(state, alarm=day) if key in sounding and state.alarm is None else state for key, state in tests.items()}
    if CLASSIFIER in sounding and classifier.alarm is None:
        classifier = replace(classifier, alarm=day)
    return after, classifier
