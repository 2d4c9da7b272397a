"""The files of a monitor in a registry: the fingerprint of a model and what its monitor has seen, each complete and sealed.

watch/<task>/<first 16 digits of the model's digest>/fingerprint.json    written when the model is promoted, or at the first look
watch/<task>/<first 16 digits of the model's digest>/monitor.json        written at the end of each look
watch/<task>/.lock                                                       held by the process that looks
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from harness.errors import BenchError
from harness.lifecycle.watch.fingerprint import FORMAT as FINGERPRINT_FORMAT
from harness.lifecycle.watch.fingerprint import Fingerprint, ReferenceValues
from harness.lifecycle.watch.monitor import FORMAT as MONITOR_FORMAT
from harness.lifecycle.watch.monitor import ClassifierLooks, Monitor, WatchedTest
from harness.lifecycle.watch.planned_tests import CLASSIFIER
from harness.lifecycle.watch.watched_rows import short_hash
from harness.statistics import BETS, LEVELS
from harness.store import (
    file_lock,
    from_json_text,
    make_private_folder,
    read_sealed,
    resolve_inside,
    to_json_line,
    write_sealed,
)

FINGERPRINT, MONITOR = "fingerprint.json", "monitor.json"
MOST_BYTES = 64 * 2**20  # of a file; a million rows take less
_LARGEST = 1e15  # mean of any value that is watched; sums of squares of more could overflow
_DIGITS = 16  # of the digest, in the name of the folder


@dataclass(frozen=True)
class _StoredMonitor:
    """`Monitor` with each test as one line of JSON, so that the file stays small and readable."""

    format: int
    model: str
    fingerprint: str
    tests: Mapping[str, str]
    classifier: ClassifierLooks
    first_day: int | None
    last_day: int | None
    rows: int
    parts: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)


class WatchStore:
    """The files of the monitor of one model.

    Args:
        registry: the folder of the registry.
        model: the digest of the model.

    Raises:
        BenchError: the names lead out of the registry.
    """

    def __init__(self, registry: Path, task: str, model: str) -> None:
        self._task_folder = resolve_inside(registry, f"watch/{task}")
        self._place = f"watch/{task}/{model[:_DIGITS]}"
        self.folder = resolve_inside(registry, self._place)
        self._model = model

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the task; wait until another look is finished.

        Raises:
            BenchError: the folder cannot be written.
        """
        try:
            make_private_folder(self._task_folder)
            make_private_folder(self.folder)
        except OSError as error:
            raise BenchError(f"{self.folder}: cannot be written: {error.strerror}") from None
        with file_lock(self._task_folder / ".lock"):
            yield

    def has_fingerprint(self) -> bool:
        """Whether the model has a fingerprint."""
        return (self.folder / FINGERPRINT).is_file()

    def read_fingerprint(self) -> Fingerprint:
        """The fingerprint of the model.

        Raises:
            BenchError: it is missing or damaged, another model's, or another version's.
        """
        file = self.folder / FINGERPRINT
        advice = f"Delete the folder {self.folder}: the next call makes another one, and the monitor starts again."
        _check_size(file, advice)
        fingerprint = read_sealed(file, Fingerprint, place=f"{self._place}/{FINGERPRINT}", advice=advice)
        problem = _find_fingerprint_problem(fingerprint, self._model)
        if problem:
            raise BenchError(f"{file}: {problem}. {advice}")
        return fingerprint

    def write_fingerprint(self, fingerprint: Fingerprint) -> None:
        """Write the fingerprint. The lock is held."""
        self._write(FINGERPRINT, Fingerprint, fingerprint)

    def read_monitor(self, fingerprint: Fingerprint) -> Monitor | None:
        """What the monitor has seen; None before its first look.

        Raises:
            BenchError: the file is damaged, does not fit the fingerprint, or is another version's.
        """
        file = self.folder / MONITOR
        if not file.is_file():
            return None
        advice = f"Restore a backup, or delete {file}: the monitor then starts again, with another 5% chance of a false alarm."
        _check_size(file, advice)
        stored = read_sealed(file, _StoredMonitor, place=f"{self._place}/{MONITOR}", advice=advice)
        try:
            tests = {key: from_json_text(WatchedTest, line) for key, line in stored.tests.items()}
        except ValueError as error:
            raise BenchError(f"{file}: is damaged: {error}. {advice}") from None
        monitor = Monitor(
            stored.format,
            stored.model,
            stored.fingerprint,
            tests,
            stored.classifier,
            stored.first_day,
            stored.last_day,
            stored.rows,
            stored.parts,
            stored.groups,
        )
        problem = _find_monitor_problem(monitor, fingerprint)
        if problem:
            raise BenchError(f"{file}: {problem}. {advice}")
        return monitor

    def write_monitor(self, monitor: Monitor) -> None:
        """Write what the monitor has seen, completely or not at all. The lock is held."""
        tests = {key: to_json_line(WatchedTest, test) for key, test in monitor.tests.items()}
        stored = _StoredMonitor(
            monitor.format,
            monitor.model,
            monitor.fingerprint,
            tests,
            monitor.classifier,
            monitor.first_day,
            monitor.last_day,
            monitor.rows,
            monitor.parts,
            monitor.groups,
        )
        self._write(MONITOR, _StoredMonitor, stored)

    def _write(self, name: str, kind: type, value: object) -> None:
        file = self.folder / name
        try:
            write_sealed(file, kind, value, place=f"{self._place}/{name}")
        except OSError as error:
            raise BenchError(f"{file}: cannot be written: {error.strerror}") from None


def _check_size(file: Path, advice: str) -> None:
    """A file of a monitor is small: one that is not was made by something else.

    Raises:
        BenchError: it is too large.
    """
    if file.is_file() and file.stat().st_size > MOST_BYTES:
        raise BenchError(f"{file}: is larger than {MOST_BYTES // 2**20} MiB, so bench did not write it. {advice}")


def new_salt() -> str:
    """A new salt of a fingerprint."""
    return secrets.token_hex(16)


def _find_fingerprint_problem(fingerprint: Fingerprint, model: str) -> str:
    """Why a fingerprint cannot be used, as the end of a sentence; empty if it can."""
    if fingerprint.format != FINGERPRINT_FORMAT:
        return f"is in format {fingerprint.format}; this version of bench reads format {FINGERPRINT_FORMAT}"
    if fingerprint.model != model:
        return "is the fingerprint of another model"
    keys = [test.key for test in fingerprint.tests]
    shares = [test.share for test in fingerprint.tests]
    checks = {
        "its tests and their values do not fit": len(set(keys)) == len(keys) and set(keys) == set(fingerprint.values),
        "the length of inputs is missing": "input_length" in keys,
        "the shares of its tests sum to more than 1": all(0 <= share <= 1 for share in shares) and sum(shares) < 1 + 1e-6,
        "the scale of a test is out of range": all(-math.inf < test.scale.low < test.scale.high < math.inf for test in fingerprint.tests),
        "its values are out of range": all(map(_are_values, fingerprint.values.values())) and _are_words(fingerprint),
    }
    return next((f"is damaged: {problem}" for problem, holds in checks.items() if not holds), "")


def _are_values(values: ReferenceValues) -> bool:
    is_moderate = abs(values.mean) < _LARGEST and 0 <= values.variance < _LARGEST**2
    return _are_counts(values.levels) and is_moderate and 0 <= values.n < 2**53


def _are_words(fingerprint: Fingerprint) -> bool:
    vocabulary = fingerprint.vocabulary
    counts = (*vocabulary.words.values(), *vocabulary.output_words.values())
    shares = (*fingerprint.words.values(), *fingerprint.output_words.values())
    weights = (*vocabulary.centre.values(), *(weight for topic in vocabulary.topics for weight in topic.values()))
    are_counts = all(0 <= count <= vocabulary.documents for count in counts) and fingerprint.units >= 0
    return are_counts and all(0 <= share <= 1 for share in shares) and all(0 <= weight <= 1.001 for weight in weights)


def _find_monitor_problem(monitor: Monitor, fingerprint: Fingerprint) -> str:
    """Why what a monitor has seen cannot be used, as the end of a sentence; empty if it can."""
    if monitor.format != MONITOR_FORMAT:
        return f"is in format {monitor.format}; this version of bench reads format {MONITOR_FORMAT}"
    if (monitor.model, monitor.fingerprint) != (fingerprint.model, short_hash(fingerprint.salt, "fingerprint")):
        return "belongs to another fingerprint"
    if set(monitor.tests) != {test.key for test in fingerprint.tests} - {CLASSIFIER}:
        return "does not fit the fingerprint: its tests are others"
    if not all(map(_is_test, monitor.tests.values())):
        return "is damaged: a test is out of range"
    days = (monitor.first_day, monitor.last_day, monitor.classifier.alarm)
    if not all(day is None or _is_day(day) for day in days) or monitor.classifier.looks < 0 or not monitor.classifier.p_value >= 0:
        return "is damaged: a day or a count is out of range"
    return ""


def _is_test(test: WatchedTest) -> bool:
    drift = test.drift
    days = [day.day for day in drift.days]
    return (
        _are_counts(drift.counts)
        and len(drift.capital) == 1 + BETS
        and all(map(math.isfinite, (*drift.capital, drift.highest)))
        and days == sorted(days)
        and all(map(_is_day, days))
        and all(_is_day(each.day) and each.n > 0 and abs(each.total) + abs(each.total_squared) < _LARGEST**2 for each in test.sums)
        and all(day.n > 0 and math.isfinite(day.z) for day in drift.days)
        and (test.alarm is None or _is_day(test.alarm))
    )


def _are_counts(levels: tuple[tuple[int, int], ...]) -> bool:
    return all(0 <= level < LEVELS and 0 < count < 2**53 for level, count in levels)


def _is_day(day: int) -> bool:
    return 0 < day <= date.max.toordinal()
