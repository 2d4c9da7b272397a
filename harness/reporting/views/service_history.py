"""The life of a task's models in production, for the chart of the site: stages, scores of those in service, and what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Literal, TypeAlias

from harness.archive import Leaderboard
from harness.gate import Event, Stage, assign_stages

MOST_MODELS = 12  # of a chart, the newest
HappeningKind: TypeAlias = Literal["promoted", "forced", "rolled_back", "held", "drift", "complaint"]


@dataclass(frozen=True)
class Happening:
    """Something that happened at a moment.

    Attributes:
        text: a few words about it: the strategy, the signals that moved, how many complaints.
    """

    at: datetime
    kind: HappeningKind
    text: str = ""


@dataclass(frozen=True)
class StageSpan:
    """A model in one stage.

    Attributes:
        start, end: the end is that of the chart for the stage that the model is in now.
        share: of the traffic, for a challenger.
    """

    stage: Stage
    start: datetime
    end: datetime
    share: float | None = None


@dataclass(frozen=True)
class ModelLife:
    """A model and its stages, in order. A retired model has no span for being retired."""

    digest: str
    strategy: str
    spans: tuple[StageSpan, ...]


@dataclass(frozen=True)
class ServiceScore:
    """The score of a model while it was in service, measured on the test set of its run.

    Attributes:
        low, high: the 95% interval.
        reliable: whether the interval can be trusted.
    """

    start: datetime
    end: datetime
    strategy: str
    value: float
    low: float
    high: float
    reliable: bool


@dataclass(frozen=True)
class ServiceHistory:
    """What the chart shows.

    Attributes:
        first, last: the moments at which the chart begins and ends.
        score, unit: the score that the models in service are shown by, and its unit; empty where no run of theirs is at hand.
        models: the newest last.
        left_out: how many older models are not shown.
        happenings: in order.
    """

    first: datetime
    last: datetime
    score: str
    unit: str
    scores: tuple[ServiceScore, ...]
    models: tuple[ModelLife, ...]
    left_out: int
    happenings: tuple[Happening, ...]


def trace_service(
    events: Sequence[Event], boards: Sequence[Leaderboard], others: Sequence[Happening], *, until: datetime
) -> ServiceHistory | None:
    """The history of a task; None where the registry knows no model of it.

    Args:
        events: of the task, the oldest first.
        boards: its leaderboards, the first of which has the score that is shown.
        others: what happened besides the events of the registry.
        until: the end of the chart, if nothing is later.
    """
    if not events:
        return None
    moments = list(accumulate((datetime.fromisoformat(event.at) for event in events), max))  # a clock may have gone back
    last = max([until, *moments, *(other.at for other in others)])
    lives = _trace_models(events, moments, last)
    shown = {life.digest for life in lives[-MOST_MODELS:]}
    happenings = sorted([*_name_events(events, moments), *others], key=lambda each: each.at)
    board = boards[0].about if boards else None
    scores = _find_scores(events, lives, boards)
    return ServiceHistory(
        first=min([moments[0], *(each.at for each in happenings)]),
        last=last,
        score=board.score if board and scores else "",
        unit=board.unit if board and scores else "",
        scores=scores,
        models=tuple(life for life in lives if life.digest in shown),
        left_out=len(lives) - len(shown),
        happenings=tuple(happenings),
    )


def _trace_models(events: Sequence[Event], moments: Sequence[datetime], last: datetime) -> list[ModelLife]:
    """Each model with its stages: those that the registry assigned after each event."""
    strategies = {event.digest: event.strategy for event in events}
    open_spans: dict[str, StageSpan] = {}
    spans: dict[str, list[StageSpan]] = {digest: [] for digest in strategies}
    for number, at in enumerate(moments, start=1):
        for model in assign_stages(events[:number]):
            digest, present = model.event.digest, open_spans.get(model.event.digest)
            if present is not None and (present.stage, present.share) == (model.stage, model.share):
                continue
            if present is not None:
                spans[digest].append(StageSpan(present.stage, present.start, at, present.share))
            open_spans[digest] = StageSpan(model.stage, at, last, model.share)
    for digest, span in open_spans.items():
        spans[digest].append(span)
    return [
        ModelLife(digest, strategies[digest], tuple(span for span in own_spans if span.stage != "retired"))
        for digest, own_spans in spans.items()
    ]


def _find_scores(events: Sequence[Event], lives: Sequence[ModelLife], boards: Sequence[Leaderboard]) -> tuple[ServiceScore, ...]:
    """The scores of the models while they were champions, where a leaderboard of the same score has their run and strategy."""
    results = {
        (run, entry.standing.label): entry.standing
        for board in boards
        if (board.about.score, board.about.unit) == (boards[0].about.score, boards[0].about.unit)
        for entry in board.entries
        for run in entry.runs
    }
    runs = {event.digest: event.run for event in events}
    scores = []
    for life in lives:
        standing = results.get((runs[life.digest], life.strategy))
        if standing is None or standing.value is None or standing.low is None or standing.high is None:
            continue
        for span in life.spans:
            if span.stage == "champion":
                at = (span.start, span.end, life.strategy)
                scores.append(ServiceScore(*at, standing.value, standing.low, standing.high, standing.reliable))
    return tuple(sorted(scores, key=lambda score: score.start))


def _name_events(events: Sequence[Event], moments: Sequence[datetime]) -> list[Happening]:
    """The events that put a model into service."""
    kinds: dict[str, HappeningKind] = {"promote": "promoted", "force": "forced", "rollback": "rolled_back"}
    return [Happening(at, kinds[event.action], event.strategy) for event, at in zip(events, moments, strict=True) if event.action in kinds]
