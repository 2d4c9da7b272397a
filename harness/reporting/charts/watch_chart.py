"""A watched signal by day, with its value among the test examples."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from markupsafe import Markup

from harness.lifecycle.watch import SignalFinding, WatchResult
from harness.reporting.charts.axes import padded_scale, y_axis
from harness.reporting.charts.svg import Scale, element, figure, label, line
from harness.reporting.wording import watch_sentences

_TICKS = 4


def draw_watch_chart(finding: SignalFinding, result: WatchResult, name: str) -> Markup:
    """The mean of each day as a dot, the reference as a dashed line, and the day on which the change began."""
    if not finding.days:
        return Markup("")
    width, height, left, right, top, bottom = 380.0, 200.0, 46.0, 16.0, 22.0, 34.0
    values = [mean for _, mean, _ in finding.days]
    y_scale = padded_scale([*values, *([] if finding.reference is None else [finding.reference])], height - bottom, top)
    days = [day for day, _, _ in finding.days]
    x_scale = Scale(days[0].toordinal(), max(days[-1].toordinal(), days[0].toordinal() + 1), left, width - right)
    parts = [*y_axis(y_scale, left, width - right, 4), *_date_axis(x_scale, days, height - bottom, top)]
    parts.append(label(4, 12, watch_sentences.DAILY, "axis-title"))
    if finding.reference is not None:
        y = y_scale(finding.reference)
        parts.append(line(left, y, width - right, y, "reference"))
        parts.append(label(width - right, y - 5, watch_sentences.AT_PROMOTION, "label halo", "end"))
    if finding.since is not None:
        x = x_scale(finding.since.toordinal())
        parts.append(line(x, top, x, height - bottom, "leader"))
    for day, mean, count in finding.days:
        text = f"{day.isoformat()}: {watch_sentences.write_value(mean, finding, result)}, n = {count}"
        dot = element("title", text)
        parts.append(element("circle", dot, cx=x_scale(day.toordinal()), cy=y_scale(mean), r=3.0, class_="dot validation"))
    title, description = watch_sentences.title_chart(finding, result), watch_sentences.describe_chart(finding, result)
    return figure(name, (width, height), parts, title=title, description=description, class_="chart small")


def _date_axis(scale: Scale, days: Sequence[date], floor: float, top: float) -> list[Markup]:
    first, last = days[0].toordinal(), days[-1].toordinal()
    step = max(1, -(-(last - first) // _TICKS))
    ticks = list(range(first, last + 1, step))
    parts = [line(scale(tick), floor, scale(tick), top, "grid") for tick in ticks]
    texts = [f"{date.fromordinal(tick):%d %b}".lstrip("0") for tick in ticks]
    return parts + [label(scale(tick), floor + 17, text, "tick", "middle") for tick, text in zip(ticks, texts, strict=True)]
