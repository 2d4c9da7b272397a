"""Whether a classifier is as often right as it is sure: its rows by the probability of the label that it chose."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from harness.metrics import join
from harness.metrics.labels import BINS, label_probabilities
from harness.reporting.charts.axes import x_axis, y_axis
from harness.reporting.charts.svg import Scale, element, figure, label, line
from harness.reporting.views.view import Calibration, CalibrationBin
from harness.reporting.wording import numbers
from harness.statistics import wilson_interval
from harness.types import Example, Prediction


def calibration_of(
    source: str, labels: Sequence[str], examples: Sequence[Example], predictions: Sequence[Prediction]
) -> Calibration | None:
    """The rows of one cell in 15 bins of equal width, as the calibration error `ece` has them; None where it gave no probabilities.

    Args:
        source: whose predictions these are, for the heading.
    """
    if not any(prediction.label_logprobs for prediction in predictions):
        return None
    found: dict[int, list[tuple[float, bool]]] = {}
    for example, prediction in join(examples, predictions):
        chances = label_probabilities(prediction, labels, example.choices)
        highest = max(chances)
        right = highest > 0 and labels[chances.index(highest)] in example.targets[:1]
        found.setdefault(min(int(highest * BINS), BINS - 1), []).append((highest, right))
    return Calibration(source, tuple(_bin(at, rows) for at, rows in sorted(found.items())))


def _bin(at: int, rows: Sequence[tuple[float, bool]]) -> CalibrationBin:
    right = sum(hit for _, hit in rows)
    interval = wilson_interval(right, len(rows))
    return CalibrationBin(
        at / BINS, (at + 1) / BINS, len(rows), sum(p for p, _ in rows) / len(rows), right / len(rows), interval.low, interval.high
    )


def calibration_chart(calibration: Calibration, name: str) -> Markup:
    """The mean probability of each bin (x) against the share that is right (y), a point the larger the more rows it has."""
    width, height, left, right, top, bottom = 380.0, 340.0, 52.0, 16.0, 16.0, 46.0
    x_scale, y_scale = Scale(0.0, 1.0, left, width - right), Scale(0.0, 1.0, height - bottom, top)
    parts = [*y_axis(y_scale, left, width - right), *x_axis(x_scale, height - bottom, top)]
    parts.append(line(x_scale(0), y_scale(0), x_scale(1), y_scale(1), "reference"))
    parts.append(label(width - right, height - 8, "mean probability of the chosen label", "axis-title", "end"))
    parts.append(element("text", "share that is right", x=-top, y=14, class_="axis-title", text_anchor="end", transform="rotate(-90)"))
    most = max(b.rows for b in calibration.bins)
    for b in calibration.bins:
        x = x_scale(b.confidence)
        if b.low is not None and b.high is not None:
            parts.append(line(x, y_scale(b.low), x, y_scale(b.high), "whisker tuned"))
        hover = element("title", f"{numbers.plural(b.rows, 'row')}: {b.confidence:.3f} sure, {b.right:.3f} right")
        parts.append(element("circle", hover, cx=x, cy=y_scale(b.right), r=2.5 + 6 * (b.rows / most) ** 0.5, class_="point tuned"))
    said = "; ".join(f"{b.confidence:.2f} sure: {b.right:.2f} right ({numbers.plural(b.rows, 'row')})" for b in calibration.bins)
    title = f"Probability of the chosen label against the share that is right, {calibration.source}"
    return figure(name, (width, height), parts, title=title, description=f"Bars are 95 % intervals. {said}.", class_="chart small")
