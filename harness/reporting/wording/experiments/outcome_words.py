"""How outcomes of an experiment, their differences, times and durations are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from harness.lifecycle.experiments import OutcomeSpec
from harness.reporting.wording import numbers

_LABELS: Mapping[str, str] = {
    "accepted": "accepted answers",
    "edited": "edited answers",
    "edit_distance": "edit distance",
    "rating": "rating",
    "minutes": "minutes per answer",
    "complaint": "complaints",
}
_WEEK, _MONTH, _YEAR = 7.0, 365.25 / 12, 365.25


def label(spec: OutcomeSpec) -> str:
    """The name of an outcome in a sentence."""
    return _LABELS.get(spec.name, spec.name.replace("_", " "))


def heading(spec: OutcomeSpec) -> str:
    """The name of an outcome at the start of a line."""
    text = label(spec)
    return text[:1].upper() + text[1:]


def value(number: float | None, spec: OutcomeSpec) -> str:
    """A mean: "70.3%" for a share."""
    if number is None:
        return numbers.NOTHING
    return _percent(number, signed=False) + "%" if spec.is_share else numbers.score(number)


def difference(number: float | None, spec: OutcomeSpec) -> str:
    """A difference with its sign and unit: "+5.0 percentage points"."""
    if number is None:
        return numbers.NOTHING
    return f"{_percent(number)} percentage points" if spec.is_share else numbers.signed(number)


def limits(low: float, high: float, spec: OutcomeSpec) -> str:
    """The limits of a difference: "+0.4 to +9.6"; of shares in percentage points."""
    if spec.is_share:
        return f"{_percent(low)} to {_percent(high)}"
    return f"{numbers.signed(low)} to {numbers.signed(high)}"


def amount(number: float, spec: OutcomeSpec) -> str:
    """The size of a difference, without a sign: "5 percentage points"."""
    if spec.is_share:
        points = f"{100 * number:.3g}"
        return f"{points} percentage {'point' if points == '1' else 'points'}"
    return numbers.margin(number)


def rounded_amount(number: float, spec: OutcomeSpec) -> str:
    """The size of a difference that is forecast, with three digits."""
    return amount(float(f"{number:.3g}"), spec)


def duration(days: float) -> str:
    """A duration in the unit that fits: "9 days", "7 weeks", "14 months", "5 years"."""
    if days < 14:
        return numbers.plural(max(1, round(days)), "day")
    if days < 13 * _WEEK:
        return numbers.plural(round(days / _WEEK), "week")
    if days < 2 * _YEAR:
        return numbers.plural(round(days / _MONTH), "month")
    return numbers.plural(round(days / _YEAR), "year") if days < 100 * _YEAR else "more than 100 years"


def day(time: float) -> str:
    """A date of seconds since 1970: "2026-12-24"."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d")


def level(alpha: float) -> str:
    """The confidence of limits: "95%"."""
    return f"{100 * (1 - alpha):.4g}%"


def _percent(number: float, *, signed: bool = True) -> str:
    text = f"{100 * number:+.1f}" if signed else f"{100 * number:.1f}"
    return text.replace("-", "−").replace("+0.0", "0.0").replace("−0.0", "0.0")
