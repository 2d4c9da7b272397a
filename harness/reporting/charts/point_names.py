"""Names beside points, placed where they cover neither points nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.reporting.charts.svg import spread, text_width
from harness.text import short

POINT_LABEL = 34  # characters


@dataclass(frozen=True)
class Spot:
    """A point with its interval, in pixels, and its name. `low` and `high` are the heights of the ends of the interval."""

    x: float
    y: float
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class Box:
    """An area of the chart, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def shared(self, other: Box) -> float:
        """The area that both cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        return max(0.0, wide) * max(0.0, min(self.bottom, other.bottom) - max(self.top, other.top))

    def holds(self, other: Box) -> bool:
        """Whether it contains the other."""
        inside = self.left <= other.left and other.right <= self.right
        return inside and self.top <= other.top and other.bottom <= self.bottom


@dataclass(frozen=True)
class Place:
    """The position of a name: its baseline, and whether it begins or ends there."""

    x: float
    y: float
    anchor: str


_STEPS = tuple(step for k in range(12) for step in ((0.0,) if k == 0 else (-8.0 * k, 8.0 * k)))


def label_places(spots: Sequence[Spot], named: Sequence[int], frame: Box) -> dict[int, Place]:
    """The places of the names of some points: beside them, away from points, intervals and each other as far as there is room.

    Each name in turn takes the place with the least cost: what it covers, above all other names and points, and how far away it is.
    """
    discs = [Box(s.x - 7, s.y - 7, s.x + 7, s.y + 7) for s in spots]
    bars = [Box(s.x - 4, s.high - 2, s.x + 4, s.low + 2) for s in spots if s.low is not None and s.high is not None]
    taken: list[Box] = []
    places: dict[int, Place] = {}
    for i in sorted(named, key=lambda i: spots[i].y):
        spot = spots[i]
        options = [(place, box_of(place, spot.text)) for place in _places(spot)]
        within = [option for option in options if frame.holds(option[1])] or options[:1]
        place, box = min(within, key=lambda option: _cost(option, spot, taken, discs, bars))
        places[i] = place
        taken.append(box)
    return places


def _places(spot: Spot) -> list[Place]:
    return [Place(spot.x + side, spot.y + 4 + step, anchor) for step in _STEPS for side, anchor in ((13.0, "start"), (-13.0, "end"))]


def box_of(place: Place, text: str) -> Box:
    """The area that a name covers there."""
    length = text_width(short(text, POINT_LABEL))
    left = place.x if place.anchor == "start" else place.x - length
    return Box(left, place.y - 11, left + length, place.y + 4)


def _cost(option: tuple[Place, Box], spot: Spot, taken: Sequence[Box], discs: Sequence[Box], bars: Sequence[Box]) -> float:
    place, box = option
    covered = 4 * sum(map(box.shared, taken)) + 4 * sum(map(box.shared, discs)) + sum(map(box.shared, bars))
    return covered + 2 * abs(place.y - 4 - spot.y) + (6 if place.anchor == "end" else 0)


def label_heights(points: list[tuple[float, str]], wanted: list[float], low: float, high: float) -> list[float]:
    """The heights of labels that begin at these places, moved apart where two would overlap."""
    spans = [(x, x + text_width(short(text, POINT_LABEL)) + 16) for x, text in points]
    placed = list(wanted)
    groups: list[list[int]] = []
    for i in sorted(range(len(points)), key=lambda i: spans[i][0]):
        group = next((g for g in groups if any(spans[i][0] < spans[j][1] and spans[j][0] < spans[i][1] for j in g)), None)
        if group is None:
            groups.append([i])
        else:
            group.append(i)
    for group in groups:
        for i, y in zip(group, spread([wanted[i] for i in group], 16, low, high), strict=True):
            placed[i] = y
    return placed
