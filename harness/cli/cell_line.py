"""How far one cell of a run is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.cli.time_left import CellState, CellTime

if TYPE_CHECKING:
    from harness.types import Cell


@dataclass
class CellLine:
    """One cell on the screen.

    Times are in seconds: `forecast` that of the whole cell, or of its answers once it has trained together with others, `answer_forecast`
    that of its answers. `together` counts the cells that train in one process. `started`, `phase_started`, `last_line` and `last_retry`
    are readings of the monotonic clock.
    """

    cell: Cell
    name: str
    trains: bool = False
    is_trial: bool = False
    state: str = "waiting"
    phase: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    loss: float | None = None
    validation_loss: float | None = None
    tokens_per_second: float | None = None
    forecast: float | None = None
    answer_forecast: float | None = None
    started: float = 0.0
    phase_started: float = 0.0
    duration: float = 0.0
    last_line: float = 0.0
    last_retry: float = -math.inf
    together: int = 1

    @property
    def label(self) -> str:
        """Its name in lines and tables."""
        seed = "" if self.cell.seed is None or self.is_trial else f" seed {self.cell.seed}"
        return f"{self.cell.task} · {self.name}{seed}"

    def remaining(self, now: float) -> float | None:
        """Seconds until the phase ends, at its pace so far."""
        if not self.done or not self.total or self.done == self.total:
            return None
        return (now - self.phase_started) / self.done * (self.total - self.done)

    def time(self, now: float) -> CellTime:
        """What is known about its time."""
        state: CellState = self.state if self.state in ("waiting", "running") else "ended"  # type: ignore[assignment]  # one of the two
        spent = now - self.started if state == "running" else self.duration or None
        left = self.remaining(now)
        if self.together > 1:  # each has its share of what is left, and that tells nothing of the cell's own forecast
            return CellTime(state, self.trains, None, None, None if left is None else left / self.together)
        return CellTime(state, self.trains, self.forecast, spent, left)
