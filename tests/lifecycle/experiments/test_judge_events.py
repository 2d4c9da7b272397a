"""From events to a verdict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from event_factory import START, made_experiment, make_events, write_events

from harness.lifecycle.experiments import ExperimentReading, judge_events, read_events
from harness.reporting.wording.experiments.reading_sentences import list_notes

NOW = 1_800_000_000.0
GUARDED = {"guardrails": [{"name": "complaint", "margin": 0.05}]}
Events = list[dict[str, Any]]
Judge = Callable[..., ExperimentReading]


def number(event: dict[str, Any]) -> int:
    """Of the event's user."""
    return int(event["unit"].removeprefix("user-"))


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    def _judge(events: Events, **changes: Any) -> ExperimentReading:
        experiment = made_experiment(**changes)
        return judge_events(read_events(write_events(tmp_path / "events.csv", events), experiment, NOW), experiment)

    return _judge


def test_a_better_challenger_is_shipped(judge: Judge) -> None:
    reading = judge(make_events(made_experiment(), 500, (0.5, 0.8)))
    assert (reading.state, reading.code) == ("challenger", "challenger_better")
    last = reading.deciding.last
    assert last is not None and last.low > 0 and last.estimate == pytest.approx(0.3, abs=0.08)
    assert reading.more is None and not any(ratio.is_broken for ratio in reading.ratios)


def test_a_worse_challenger_is_given_up(judge: Judge) -> None:
    reading = judge(make_events(made_experiment(), 500, (0.8, 0.5)))
    assert (reading.state, reading.code) == ("champion", "champion_better")


def test_where_lower_is_better_the_direction_is_turned(judge: Judge) -> None:
    events = [{**event, "edited": event["accepted"]} for event in make_events(made_experiment(), 500, (0.8, 0.5))]
    reading = judge(events, outcome={"name": "edited", "margin": 0.05})
    assert (reading.state, reading.code) == ("challenger", "challenger_better")
    assert reading.deciding.status == "better" and reading.deciding.last is not None and reading.deciding.last.high < 0


def test_a_gain_that_is_ruled_out_ends_the_experiment(judge: Judge) -> None:
    reading = judge(make_events(made_experiment(), 700, (0.6, 0.6)), outcome={"name": "accepted", "margin": 0.25})
    assert (reading.state, reading.code) == ("champion", "gain_ruled_out")


def test_a_challenger_that_is_as_good_may_replace_the_champion(judge: Judge) -> None:
    reading = judge(make_events(made_experiment(), 700, (0.6, 0.6)), outcome={"name": "accepted", "margin": 0.25}, goal="not_worse")
    assert (reading.state, reading.code) == ("challenger", "challenger_not_worse")


def test_equal_variants_stay_undecided_with_a_forecast(judge: Judge) -> None:
    reading = judge(make_events(made_experiment(), 400, (0.6, 0.62), seed=4))
    assert (reading.state, reading.code) == ("undecided", "undecided")
    assert reading.more is not None and (reading.more.units is None or reading.more.units > 100)


def test_a_broken_guardrail_ends_the_experiment_although_the_outcome_is_better(judge: Judge) -> None:
    reading = judge(make_events(made_experiment(), 600, (0.5, 0.8), (0.02, 0.4)), **GUARDED)
    assert (reading.state, reading.code, reading.broken) == ("champion", "guardrail_broken", ("complaint",))


def test_an_undecided_guardrail_holds_the_challenger_back(judge: Judge) -> None:
    reading = judge(make_events(made_experiment(), 250, (0.4, 0.9), (0.1, 0.12)), **GUARDED)
    assert (reading.state, reading.code, reading.open_guardrails) == ("undecided", "guardrail_undecided", ("complaint",))
    assert reading.more is not None and (reading.more.units is None or reading.more.units > 50)


def test_later_events_do_not_change_a_verdict(judge: Judge) -> None:
    """The first 500 users favour the challenger, all later ones the champion."""
    events = make_events(made_experiment(), 500, (0.5, 0.8))
    before = judge(events)
    later = [event for event in make_events(made_experiment(), 1500, (0.9, 0.1), seed=2) if number(event) >= 500]
    after = judge(events + later)
    assert (after.state, after.decided, after.decided_units) == (before.state, before.decided, before.decided_units)


def test_looks_continue_one_another(judge: Judge) -> None:
    """Reading the first half and then all of the file gives the same limits for the first half."""
    events = make_events(made_experiment(), 300, (0.6, 0.7))
    half = judge(events[: len(events) // 2])
    last = half.deciding.last
    full = {point.units: point for point in judge(events).deciding.path}
    assert last is not None
    near = min(full, key=lambda units: abs(units - last.units))
    assert full[near].low == pytest.approx(last.low, abs=0.02) and abs(near - last.units) <= 2


def test_no_verdict_during_the_burn_in(judge: Judge) -> None:
    events = make_events(made_experiment(), 100, (0.0, 1.0))
    assert judge(events, burn_in={"units": 100, "days": 0}).code == "too_early"
    assert judge(events, burn_in={"units": 1, "days": 30}).code == "too_early"
    assert judge(events, burn_in={"units": 5, "days": 1}).state == "challenger"
    assert judge(events[:1]).code == "too_early"


def test_heavy_users_count_once(judge: Judge) -> None:
    """One user with 3,000 rejected answers does not decide."""
    events = make_events(made_experiment(), 200, (0.6, 0.6), seed=2)
    heavy = [
        {**events[0], "time": START.isoformat(), "unit": "user-0", "accepted": 0, "complaint": i % 2, "answer": i} for i in range(3000)
    ]
    reading = judge(events + heavy)
    assert reading.state == "undecided" and reading.units <= 200


def test_outcomes_count_when_their_window_has_closed(judge: Judge) -> None:
    events = make_events(made_experiment(), 200, (0.6, 0.6))
    assert judge(events, window_days=3).counts.open > judge(events, window_days=1).counts.open > 0
    only_first = judge(events, window_days=0)
    assert only_first.counts.open == 0 and only_first.counts.late == len(events) - 200


def test_lost_units_are_found_whatever_the_outcomes(judge: Judge) -> None:
    """A third of the challenger's users are not logged."""
    events = make_events(made_experiment(), 2500, (0.5, 0.9))
    kept = [event for event in events if event["variant"] == "champion" or number(event) % 3]
    reading = judge(kept)
    assert (reading.state, reading.code) == ("undecided", "unequal_counts")
    assert reading.ratios[0].is_broken and not reading.ratios[0].of_measured
    assert reading.deciding.status == "not_comparable" and reading.more is None


def test_lost_answers_are_found(judge: Judge) -> None:
    """All users are logged, but a third of the challenger's have no outcome."""
    events = make_events(made_experiment(), 2500, (0.5, 0.9))
    lost = [{**event, "accepted": ""} if event["variant"] == "challenger" and number(event) % 3 == 0 else event for event in events]
    reading = judge(lost)
    assert reading.code == "unequal_counts" and reading.ratios[1].is_broken and not reading.ratios[0].is_broken
    assert reading.deciding.missing > 100


def swap(events: Events, every: int) -> Events:
    other = {"champion": "challenger", "challenger": "champion"}
    return [{**e, "variant": other[e["variant"]]} if number(e) % every == 0 else e for e in events]


def test_a_few_wrongly_served_units_are_left_out(judge: Judge) -> None:
    reading = judge(swap(make_events(made_experiment(), 500, (0.5, 0.8)), 250))
    assert reading.counts.contradicted_count == 2 and reading.state == "challenger"
    assert {unit for unit, _ in reading.counts.contradicted} == {"user-0", "user-250"}


def test_many_wrongly_served_units_forbid_a_verdict(judge: Judge) -> None:
    events = swap(make_events(made_experiment(), 500, (0.5, 0.8)), 20)
    assert judge(events).code == "wrongly_served"
    assert judge(events, assigned_by="service").state == "challenger"


def test_units_with_both_variants_are_left_out(judge: Judge) -> None:
    events = make_events(made_experiment(), 500, (0.5, 0.8))
    other = {"champion": "challenger", "challenger": "champion"}
    few = [{**events[0], "variant": other[events[0]["variant"]], "accepted": 1 - events[0]["accepted"]}]
    reading = judge(events + few)
    assert (reading.counts.in_both, reading.state) == (1, "challenger")
    many = [{**e, "variant": other[e["variant"]], "accepted": 1 - e["accepted"]} for e in events[::20]]
    assert judge(events + many).code == "wrongly_served"


def test_outcomes_that_are_never_recorded_decide_nothing(judge: Judge) -> None:
    reading = judge([{**event, "accepted": ""} for event in make_events(made_experiment(), 100)])
    assert (reading.state, reading.code) == ("undecided", "too_early")
    assert reading.deciding.last is None and reading.deciding.missing == reading.units


def test_columns_that_nothing_judges_are_named(judge: Judge) -> None:
    reading = judge(make_events(made_experiment(), 100))
    assert reading.unused == ("complaint",)
    assert any(note.endswith("does not name these columns: complaint.") for note in list_notes(reading))
    assert judge(make_events(made_experiment(), 100), **GUARDED).unused == ()


def test_reported_outcomes_decide_nothing(judge: Judge) -> None:
    events = [{**event, "rating": 5 if event["variant"] == "challenger" else 1} for event in make_events(made_experiment(), 300, seed=2)]
    reading = judge(events, also=[{"name": "rating"}])
    assert reading.state == "undecided" and reading.outcomes[1].status == "reported"
    assert reading.outcomes[1].last is not None and reading.outcomes[1].last.low > 3
