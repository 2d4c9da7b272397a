"""What the site over many runs shows: tasks with their leaderboards and the history of the model in service, and all runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from harness.archive import DecidedTask, Leaderboard, RunSummary, build_leaderboards
from harness.gate import Event
from harness.reporting.views.service_history import Happening, ServiceHistory, trace_service
from harness.store import find_name_problem


@dataclass(frozen=True)
class SiteTask:
    """One task.

    Attributes:
        page: its file in the site.
        newest: its decision in the newest finished run; None where only the registry knows the task.
        boards: that of the newest run first.
        events: promotions and rollbacks, the newest first.
        in_service: the event that put the present model into service; None where nothing was promoted.
        service: the models over time; None where the registry knows none.
    """

    name: str
    page: str
    newest: DecidedTask | None
    boards: tuple[Leaderboard, ...]
    events: tuple[Event, ...]
    in_service: Event | None
    service: ServiceHistory | None = None


@dataclass(frozen=True)
class Site:
    """The whole site.

    Attributes:
        created: the day, in ISO 8601.
        pages: the file of the report of each run that has one, by the run's name.
    """

    created: str
    tasks: tuple[SiteTask, ...]
    runs: tuple[RunSummary, ...]
    pages: Mapping[str, str]


def build_site(
    summaries: Sequence[RunSummary],
    events: Sequence[Event],
    in_service: Mapping[str, Event],
    pages: Mapping[str, str],
    *,
    now: datetime,
    others: Mapping[str, Sequence[Happening]] | None = None,
) -> Site:
    """The site.

    Args:
        summaries: the newest run first.
        events: the history of the registry, the oldest first.
        in_service: the event that put the present model of each task into service.
        pages: as for `Site`.
        now: the moment at which the site is made.
        others: what happened to each task besides the events of the registry.
    """
    boards = build_leaderboards(summaries)
    newest: dict[str, DecidedTask] = {}
    for summary in summaries:
        for decided in summary.tasks:
            newest.setdefault(decided.task, decided)
    names = dict.fromkeys([*newest, *(event.task for event in events)])
    tasks = tuple(
        SiteTask(
            name=name,
            page=f"tasks/{site_page_name(name, number)}",
            newest=newest.get(name),
            boards=boards.get(name, ()),
            events=tuple(event for event in reversed(events) if event.task == name),
            in_service=in_service.get(name),
            service=trace_service(
                [event for event in events if event.task == name], boards.get(name, ()), (others or {}).get(name, ()), until=now
            ),
        )
        for number, name in enumerate(names, start=1)
    )
    return Site(now.date().isoformat(), tasks, tuple(summaries), pages)


def site_page_name(name: str, number: int) -> str:
    """The name of the file of a task or a run. A name that may not be that of a file is replaced by its number; no name begins with "~"."""
    return f"~{number}.html" if find_name_problem(name) else f"{name}.html"
