"""How long a run still takes: what its cells were expected to take, corrected by what the finished ones have taken."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

CellState: TypeAlias = Literal["waiting", "running", "ended"]


@dataclass(frozen=True)
class CellTime:
    """What is known about the time of one cell, in seconds.

    Attributes:
        trains: whether it trains a model. Cells that do are no measure of those that do not.
        forecast: what it is expected to take; None if that is not known.
        spent: how long it has been running, or took; None where it was not run here.
        phase_left: until its present phase ends, at its pace; None if that is not known.
    """

    state: CellState
    trains: bool
    forecast: float | None = None
    spent: float | None = None
    phase_left: float | None = None


def estimate_time_left(cells: Sequence[CellTime], at_once: int) -> float | None:
    """Seconds until all cells have ended; None while a waiting cell has neither a forecast nor a finished one of its kind.

    A forecast is multiplied by what finished cells of its kind have taken, relative to their forecasts; a cell without one takes as long as
    they did on average. Cells that run at once share what is left evenly, but none ends before the longest of them.

    Args:
        at_once: how many cells run at the same time.
    """
    left = []
    for cell in cells:
        if cell.state == "ended":
            continue
        expected = _expect(cell, [each for each in cells if each.state == "ended" and each.spent and each.trains == cell.trains])
        if cell.state == "running":
            known = [
                amount for amount in (cell.phase_left, None if expected is None else expected - (cell.spent or 0.0)) if amount is not None
            ]
            left.append(max([0.0, *known]))
        elif expected is None:
            return None
        else:
            left.append(expected)
    return max([math.fsum(left) / max(1, at_once), *left], default=0.0)


def _expect(cell: CellTime, finished: Sequence[CellTime]) -> float | None:
    """The time of the whole cell."""
    pairs = [(each.spent or 0.0, each.forecast) for each in finished if each.forecast]
    if cell.forecast is not None:
        return cell.forecast * (math.fsum(spent for spent, _ in pairs) / math.fsum(forecast for _, forecast in pairs) if pairs else 1.0)
    return math.fsum(each.spent or 0.0 for each in finished) / len(finished) if finished else None
