"""The pieces that charts are drawn from: elements, scales, ticks.

Colours and fonts are classes of `reports/report.css`, so that dark mode and print work, and because the Content-Security-Policy allows no
style attributes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape

from harness.text import one_line

# Mean widths at the charts' 13 px, to place labels.
_CHARACTER = 7.6
_CAPITAL = 9.5


def text_width(text: str) -> float:
    """About how wide a label is, in pixels."""
    capitals = sum(letter.isupper() for letter in text)
    return _CHARACTER * (len(text) - capitals) + _CAPITAL * capitals


def element(name: str, content: str = "", /, **attributes: str | float) -> Markup:
    """One element. `content` is escaped unless it is markup; `class_` and `text_anchor` become class and text-anchor."""
    parts = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_number(value) if isinstance(value, int | float) else escape(value)}"'
        for key, value in attributes.items()
    )
    return Markup(f"<{name}{parts}>{escape(content)}</{name}>")  # every part is escaped


def label(x: float, y: float, text: str, class_: str = "label", anchor: str = "start", *, limit: int = 60) -> Markup:
    """A text."""
    return element("text", one_line(text, limit), x=x, y=y, class_=class_, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def path(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """A line through points."""
    steps = "L".join(f"{_number(x)} {_number(y)}" for x, y in points)
    return element("path", d=f"M{steps}", class_=class_)


def figure(name: str, size: tuple[float, float], parts: Iterable[Markup], *, title: str, description: str, class_: str = "chart") -> Markup:
    """A whole chart. `name` must be unique on the page: screen readers find title and description by it."""
    head = element("title", one_line(title), id=f"{name}-title") + element("desc", one_line(description), id=f"{name}-desc")
    return element(
        "svg",
        head + Markup("").join(parts),
        class_=class_,
        viewBox=f"0 0 {_number(size[0])} {_number(size[1])}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


@dataclass(frozen=True)
class Scale:
    """Maps values from `low`…`high` onto pixels from `start`…`end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.start + share * (self.end - self.start)


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """About so many round numbers inside low…high; steps are 1, 2 or 5 times a power of ten."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    wanted = (high - low) / max(about, 1)
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= wanted * 0.7)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_text(value: float, ticks: Sequence[float]) -> str:
    """The number of a tick, with no more decimals than the steps need."""
    step = min((b - a for a, b in pairwise(ticks)), default=abs(value) or 1.0)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    return f"{value:,.{min(decimals, 6)}f}".replace("-", "−")


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions at least `gap` apart and as near to the wanted ones as possible, inside low…high where there is room."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = [0.0] * len(wanted)
    previous = low - gap
    for i in order:
        placed[i] = max(wanted[i], previous + gap)
        previous = placed[i]
    following = high + gap
    for i in reversed(order):  # push back what is beyond the end
        placed[i] = min(placed[i], following - gap)
        following = placed[i]
    return placed


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
