"""The site over the runs of a folder, read from disk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from harness.archive import summarize_runs
from harness.gate import Registry
from harness.reporting import Site, build_site, site_page_name
from harness.viewer.service_events import list_happenings


def collect_site(runs: Path, registry: Registry | None, *, progress: Callable[[str, int, int], None] = lambda *_: None) -> Site:
    """Every run, and the history of the registry.

    Args:
        progress: called before a decision is computed: the run's name, its number from 1, the number of runs.

    Raises:
        BenchError: the registry does not exist or is damaged.
    """
    summaries = tuple(summarize_runs(runs, progress=progress))
    events = registry.journal.events() if registry is not None else []
    in_service = {task: current for task in {event.task for event in events} if registry and (current := registry.current(task))}
    others = {
        task: list_happenings(registry.folder, task, [event for event in events if event.task == task])
        for task in dict.fromkeys(event.task for event in events)
        if registry is not None
    }
    pages = {run.name: f"runs/{site_page_name(run.name, number)}" for number, run in enumerate(summaries, start=1) if run.tasks}
    return build_site(summaries, events, in_service, pages, now=datetime.now(UTC), others=others)
