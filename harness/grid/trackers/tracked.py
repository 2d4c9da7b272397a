"""What a tracker learns of a run, and what it must be able to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.types import Status


@dataclass(frozen=True)
class TrackedRun:
    """A run of bench: the parent of its cells in a tracker.

    Attributes:
        name: of its folder. It is the same when the run is resumed, so that a tracker can continue what it has.
        params: what was asked for, as texts.
    """

    name: str
    params: Mapping[str, str]


@dataclass(frozen=True)
class TrackedCell:
    """One cell of a run: a child in a tracker.

    Attributes:
        id: the cell's id.
        label: its name for people, unique in the run.
        params: its task, model and strategy with the values of the strategy, as texts.
    """

    id: str
    label: str
    params: Mapping[str, str]


@dataclass(frozen=True)
class CurvePoint:
    """Losses at a step of training, by name, in nats per target token."""

    step: int
    values: Mapping[str, float]


@dataclass(frozen=True)
class CellOutcome:
    """How a cell ended.

    Attributes:
        status: of its result.
        metrics: scores with the limits of their 95% intervals, costs, sizes, losses; only finite numbers.
        error: one line for people; empty without an error.
        artifact: the folder of the trained weights; None if nothing was trained, or they are larger than a tracker should receive.
    """

    status: Status
    metrics: Mapping[str, float]
    error: str = ""
    artifact: Path | None = None


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended.

    Attributes:
        status: "finished": every cell has a result; "failed": some cell has none; "interrupted": the run can be resumed.
        metrics: what the whole run took.
        tags: for people: the decision of each task.
        report: the page; None of an interrupted run.
    """

    status: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    report: Path | None = None


class Tracker(Protocol):
    """An experiment tracker. All methods are called in one thread, in the order in which things happened, and may raise any error."""

    name: str
    """For messages."""

    def start(self, run: TrackedRun) -> str:
        """Create the parent, or find that of a resumed run. Returns where a person finds it: an address, or a folder."""

    def start_cell(self, cell: TrackedCell) -> None:
        """A cell runs, or its result was taken from another run."""

    def log(self, cell: TrackedCell, points: Sequence[CurvePoint]) -> None:
        """New points of its curve of losses, in the order of their steps."""

    def end_cell(self, cell: TrackedCell, outcome: CellOutcome) -> None:
        """A cell has ended."""

    def end(self, outcome: RunOutcome) -> None:
        """The run has ended. Nothing is called after this."""
