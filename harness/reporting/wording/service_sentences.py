"""The labels and descriptions of the chart of a task's models in production."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from harness.reporting.views import Happening, HappeningKind, ModelLife, ServiceHistory, ServiceScore, StageSpan
from harness.reporting.wording import numbers
from harness.reporting.wording.names import score_name, strategy_name
from harness.text import one_line, plural

CHART_TITLE = "The models of this task over time"
HAPPENINGS = "What happened"
KINDS: Mapping[HappeningKind, str] = {
    "promoted": "promoted",
    "forced": "promoted by force",
    "rolled_back": "rolled back to",
    "held": "not promoted",
    "drift": "drift",
    "complaint": "complaint",
}
SCORE_NOTE = "Each score is that of the model's own run, on the test set that the run had; the shade is its 95% CI."
_HALF_A_DAY, _TWELVE_DAYS, _TEN_MONTHS = timedelta(hours=12), timedelta(days=12), timedelta(days=300)


def axis_score(score: str, unit: str) -> str:
    """The title of the upper axis."""
    return f"{score_name(score)}{' (%)' if unit == '%' else ''} in service, with its 95% CI"


def name_model(life: ModelLife) -> str:
    """A model: its strategy, and the first digits of its digest, which tell two trainings apart."""
    return f"{one_line(strategy_name(life.strategy), 60)} {life.digest[:4]}"


def name_stage(span: StageSpan) -> str:
    """A stage, with the share of the traffic of a challenger."""
    return span.stage if span.share is None else f"{span.stage}, {numbers.share(span.share)}"


def describe_score(score: ServiceScore, unit: str) -> str:
    """A model in service, its score and the interval."""
    interval = numbers.interval(score.low, score.high, unit)
    return f"{one_line(strategy_name(score.strategy), 60)}, {numbers.score(score.value, unit)} (95% CI {interval})"


def describe_happening(happening: Happening) -> str:
    """One event, with its date."""
    text = one_line(happening.text, 120)
    return f"{happening.at:%Y-%m-%d}: {KINDS[happening.kind]}{f' ({text})' if text else ''}"


def write_moment(moment: datetime, span: timedelta) -> str:
    """A date of the axis, or the time of the day, as the length of the whole chart needs."""
    day = f"{moment:%d %b}".lstrip("0")
    if span < _HALF_A_DAY:
        return f"{moment:%H:%M}"
    if span < _TWELVE_DAYS:
        return f"{day} {moment:%H:%M}"
    return f"{day} {moment:%Y}" if span > _TEN_MONTHS else day


def describe_chart(history: ServiceHistory) -> str:
    """The chart in words, for screen readers."""
    parts = [f"From {history.first:%Y-%m-%d} to {history.last:%Y-%m-%d}."]
    for score in history.scores:
        parts.append(f"In service from {score.start:%Y-%m-%d}: {describe_score(score, history.unit)}.")
    parts += [f"{describe_happening(each)}." for each in history.happenings]
    return " ".join(parts)


def describe_left_out(history: ServiceHistory) -> str:
    """Below the chart; empty where all models are shown."""
    return f"{plural(history.left_out, 'older model')} not shown." if history.left_out else ""
