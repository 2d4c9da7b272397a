"""The models of a task over time: what the chart of the site is drawn from, and what it shows."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from harness.archive import DecidedTask, Leaderboard, LeaderboardEntry, StrategyStanding
from harness.gate import Event
from harness.reporting.charts import draw_service_chart
from harness.reporting.views import Happening, ServiceHistory, trace_service
from harness.reporting.wording import service_sentences

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
END = START + timedelta(days=365)
HOSTILE = '<img src=x onerror=alert(1)>"]]>\u202e\x1b[31m'


def on_day(day: float) -> datetime:
    return START + timedelta(days=day)


def make_event(number: int, day: float, digest: str, action: Any = "promote", **values: Any) -> Event:
    strategy = values.pop("strategy", "lora")
    return Event(
        number, "visits", action, on_day(day).isoformat(), "ana", f"run-{digest}", strategy, "tiny", digest * 16, f"models/{digest}",
        "PASS", "", {}, "", **values,
    )  # fmt: skip


def make_board(**scores: tuple[float, float, float]) -> Leaderboard:
    """The results of LoRA in the runs of these models: score and interval."""
    about = DecidedTask("visits", "d", 80, "rougeL", "s", "", "higher", "choice", "clear_best", "lora", "lora", ())  # type: ignore[arg-type]
    entries = [
        LeaderboardEntry(StrategyStanding("lora", "tiny", "tested", *score, True, 80, 1, None, "USD"), (f"run-{digest}",))  # type: ignore[arg-type]
        for digest, score in scores.items()
    ]
    return Leaderboard(about, tuple(entries))


def trace(events: list[Event], *others: Happening, **scores: tuple[float, float, float]) -> ServiceHistory:
    history = trace_service(events, [make_board(**scores)] if scores else (), others, until=END)
    assert history is not None
    return history


def test_a_year_with_a_replaced_model_and_a_rollback() -> None:
    events = [
        make_event(1, 0, "a"),
        make_event(2, 30, "b", "stage", stage="shadow"),
        make_event(3, 60, "b", "stage", stage="challenger", share=0.2),
        make_event(4, 90, "b"),
        make_event(5, 120, "a", "rollback"),
    ]
    history = trace(events, a=(0.7, 0.6, 0.8), b=(0.75, 0.65, 0.85))
    stages = {life.digest[0]: [(span.stage, span.share, (span.end - span.start).days) for span in life.spans] for life in history.models}
    assert stages == {
        "a": [("champion", None, 90), ("champion", None, 245)],
        "b": [("shadow", None, 30), ("challenger", 0.2, 30), ("champion", None, 30)],
    }
    assert [(score.value, (score.end - score.start).days) for score in history.scores] == [(0.7, 90), (0.75, 30), (0.7, 245)]
    assert [each.kind for each in history.happenings] == ["promoted", "promoted", "rolled_back"]
    at_every_moment = sorted((s.start, s.end) for life in history.models for s in life.spans if s.stage == "champion")
    assert all(end == start for (_, end), (start, _) in pairwise(at_every_moment)), "one champion"


def test_a_clock_that_went_back_draws_no_stage_backwards() -> None:
    history = trace([make_event(1, 40, "a"), make_event(2, 10, "b"), make_event(3, 50, "c")])
    assert all(span.start <= span.end for life in history.models for span in life.spans)
    assert draw_service_chart(history, "service")


def test_nothing_and_a_single_promotion_a_moment_ago() -> None:
    assert trace_service([], (), (), until=END) is None
    history = trace_service([make_event(1, 0, "a")], (), (), until=on_day(0))
    assert history is not None
    chart = draw_service_chart(history, "service")
    assert "NaN" not in chart and "nan" not in chart and "inf" not in chart
    assert not history.scores, "a model whose run is gone has no score"


def test_more_models_than_fit_are_counted() -> None:
    history = trace([make_event(number, number, f"{number:02}") for number in range(1, 31)])
    assert len(history.models) == 12 and history.left_out == 18
    assert service_sentences.describe_left_out(history) == "18 older models not shown."
    assert history.models[-1].digest.startswith("30")


def test_the_chart_tells_what_happened_in_words_and_names_each_kind_once() -> None:
    drift = Happening(on_day(50), "drift", "length of inputs")
    held = Happening(on_day(55), "held", "lora: FAIL")
    chart = str(draw_service_chart(trace([make_event(1, 0, "a"), make_event(2, 60, "b")], drift, held, a=(0.7, 0.6, 0.8)), "service"))
    assert chart.count(">not promoted<") == chart.count(">drift<") == chart.count(">promoted<") == 1
    assert "2026-02-24: drift (length of inputs)" in chart
    assert "In service from 2026-01-05: LoRA, 0.700 (95% CI 0.600–0.800)." in chart


def test_hostile_names_are_escaped() -> None:
    history = trace([make_event(1, 0, "a", strategy=HOSTILE)], Happening(on_day(9), "held", HOSTILE))
    chart = str(draw_service_chart(history, "service"))
    assert "<img" not in chart and "\u202e" not in chart and "\x1b" not in chart


@pytest.mark.parametrize("days", [0.01, 1, 20, 365, 3650])
def test_dates_of_the_axis_fit_its_length(days: float) -> None:
    history = trace_service([make_event(1, 0, "a")], (), (), until=on_day(days))
    assert history is not None
    ticks = re.findall(r'class="tick"[^>]*>([^<]+)<', str(draw_service_chart(history, "service")))
    assert len(ticks) == 6 and len(set(ticks)) == 6
    assert all((":" in tick) == (days < 12) for tick in ticks)
