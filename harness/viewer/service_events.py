"""What happened to a task in production besides the events of the registry, read from the registry's other files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path

from harness.gate import Event
from harness.lifecycle.watch import WatchStore
from harness.reporting import Happening
from harness.text import plural


def list_happenings(registry: Path, task: str, events: Sequence[Event]) -> list[Happening]:
    """The alarms of `bench watch` for each model of the task that was in service.

    Args:
        registry: its folder.
        events: of the task.

    Raises:
        BenchError: a file of the registry is damaged.
    """
    champions = dict.fromkeys(event.digest for event in events if event.stage == "champion")
    return [alarm for digest in champions if (alarm := _find_alarm(registry, task, digest)) is not None]


def _find_alarm(registry: Path, task: str, digest: str) -> Happening | None:
    """The day on which the data was first found to have changed since a model was promoted."""
    store = WatchStore(registry, task, digest)
    monitor = store.read_monitor(store.read_fingerprint()) if store.has_fingerprint() else None
    if monitor is None or not monitor.alarms:
        return None
    first = min(monitor.alarms.values())
    text = plural(sum(day == first for day in monitor.alarms.values()), "signal")
    return Happening(datetime.combine(date.fromordinal(first), time(12), UTC), "drift", text)
