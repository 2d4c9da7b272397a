"""What happened to a task in production besides the events of the registry, read from the registry's other files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path

from harness.gate import Event
from harness.lifecycle.feedback import FeedbackStore
from harness.lifecycle.retraining import StepStore
from harness.lifecycle.watch import WatchStore
from harness.reporting import Happening
from harness.text import plural

_MOST_MARKS = 50  # of complaints in a chart


def list_happenings(registry: Path, task: str, events: Sequence[Event]) -> list[Happening]:
    """The alarms of `bench watch` for each model of the task that was in service, retrainings that were held, and complaints of users.

    Args:
        registry: its folder.
        events: of the task.

    Raises:
        BenchError: a file of the registry is damaged.
    """
    champions = dict.fromkeys(event.digest for event in events if event.stage == "champion")
    alarms = [alarm for digest in champions if (alarm := _find_alarm(registry, task, digest)) is not None]
    return [*alarms, *_list_held(registry, task), *_list_complaints(registry, task)]


def _list_held(registry: Path, task: str) -> list[Happening]:
    """The retrainings after which the champion stayed in service."""
    records = StepStore(registry, task).list_records()
    return [
        Happening(datetime.combine(record.today, time(12), UTC), "held", record.candidate)
        for record in records
        if record.outcome in ("held", "undecided")
    ]


def _list_complaints(registry: Path, task: str) -> list[Happening]:
    """How many answers users complained about on each day, or in each month where that would be too many marks: in its middle."""
    days = [complaint.voices[0].day for complaint in FeedbackStore(registry, task).read().complaints]
    counts = Counter(days) if len(set(days)) <= _MOST_MARKS else Counter(day.replace(day=15) for day in days)
    return [
        Happening(datetime.combine(day, time(12), UTC), "complaint", plural(count, "complaint")) for day, count in sorted(counts.items())
    ]


def _find_alarm(registry: Path, task: str, digest: str) -> Happening | None:
    """The day on which the data was first found to have changed since a model was promoted."""
    store = WatchStore(registry, task, digest)
    monitor = store.read_monitor(store.read_fingerprint()) if store.has_fingerprint() else None
    if monitor is None or not monitor.alarms:
        return None
    first = min(monitor.alarms.values())
    text = plural(sum(day == first for day in monitor.alarms.values()), "signal")
    return Happening(datetime.combine(date.fromordinal(first), time(12), UTC), "drift", text)
