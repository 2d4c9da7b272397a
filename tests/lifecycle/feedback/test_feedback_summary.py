"""What the feedback shows: rates, periods of models, and what follows for training."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_factory import HOSTILE

from harness.api import add_feedback, history, show_feedback
from harness.data.pipeline.harvested_examples import read_corrections
from harness.errors import BenchError
from harness.lifecycle.feedback import FeedbackLog, FeedbackStore, FeedbackSummary
from harness.reporting import feedback_to_json, feedback_to_markdown, render_feedback
from harness.results import RunResults
from harness.statistics import proportion_interval
from harness.store import RunFolder
from tests.lifecycle.feedback.conftest import TASK, TODAY, make_rows, write_lines


def add(registry: Path, rows: Any, **options: Any) -> None:
    add_feedback(TASK, rows, registry=registry, today=TODAY, **options)


def read(registry: Path) -> FeedbackLog:
    return FeedbackStore(registry, TASK).read()


def show(registry: Path, **options: Any) -> FeedbackSummary:
    return show_feedback(TASK, registry=registry, **options)


def test_shares_are_those_of_answers_with_a_verdict(registry: Path) -> None:
    rows = [{"id": f"a{i}", "verdict": "complaint" if i < 6 else "accepted"} for i in range(40)] + [{"id": "b", "rating": 2}]
    add(registry, rows)
    complaints = show(registry).all.get("complaint")
    expected = proportion_interval(6, 40)
    assert (complaints.count, complaints.value) == (6, 0.15)
    assert (complaints.interval.low, complaints.interval.high) == (expected.low, expected.high)
    rating = show(registry).all.get("rating")
    assert (rating.value, rating.interval.n, rating.interval.reliable) == (2.0, 1, False)


def test_users_are_the_independent_units(registry: Path) -> None:
    """Two users who always say the same are two observations, however many answers they have."""
    rows = [{"id": f"a{i}", "verdict": "complaint" if i % 2 else "accepted", "user": f"u{i % 2}"} for i in range(80)]
    add(registry, rows)
    summary = show(registry)
    complaints = summary.all.get("complaint")
    assert summary.by == "user" and complaints.interval.units == 2 and not complaints.interval.reliable
    assert complaints.interval.low is not None and complaints.interval.high is not None
    assert complaints.interval.high - complaints.interval.low > 0.8


def test_patients_are_the_units_where_they_are_fewer_than_users(registry: Path) -> None:
    add(registry, [{"id": f"a{i}", "verdict": "accepted", "user": f"u{i}", "group": f"p{i % 5}"} for i in range(50)])
    assert (show(registry).by, show(registry).all.get("accepted").interval.units) == ("group", 5)


def test_a_promotion_that_helps_is_shown_with_its_interval(registry: Path) -> None:
    add(registry, make_rows(300, complaints=0.3, model="base"))
    add(registry, make_rows(300, seed=2, complaints=0.05, model="few-shot"))
    before, after = show(registry).periods
    assert (before.measured.answers, after.measured.answers, before.changes) == (300, 300, ())
    change = next(each for each in after.changes if each.name == "complaint")
    assert change.direction == "better" and change.interval.reliable
    assert change.difference is not None and change.interval.low is not None and change.interval.high is not None
    assert change.interval.low < change.difference < change.interval.high < -0.1
    same = next(each for each in after.changes if each.name == "minutes")
    assert same.direction is None, "no difference"


def test_few_answers_show_no_difference(registry: Path) -> None:
    """10 of 10 complaints after 0 of 10: the interval is outside of the range in which it is known to be valid."""
    models = [event.digest for event in history(TASK, registry=registry)[:2]]
    rows = [{"id": f"{number}", "verdict": ("accepted", "complaint")[number // 10], "model": models[number // 10]} for number in range(20)]
    add(registry, rows)
    (change,) = [each for each in show_feedback(TASK, registry=registry).periods[1].changes if each.name == "complaint"]
    assert change.difference == 1 and change.interval.low is not None and change.interval.low > 0
    assert (change.interval.reliable, change.direction) == (False, None)


def test_answers_without_a_model_belong_to_the_one_in_service(registry: Path) -> None:
    """Both promotions of the fixture are of now."""
    day = date.fromisoformat(history(TASK, registry=registry)[0].at[:10])
    rows = [
        {"id": "before", "verdict": "accepted", "date": "2026-01-01"},
        {"id": "on the day", "verdict": "accepted", "date": day.isoformat()},
        {"id": "named", "verdict": "accepted", "date": "2026-01-01", "model": "base"},
    ]
    add_feedback(TASK, rows, registry=registry, today=day)
    summary = show(registry)
    assert [each.measured.answers for each in summary.periods] == [1, 1] and summary.outside == 1


def test_time_steps_and_slices(registry: Path) -> None:
    add(registry, make_rows(60), slices=["shift"])
    summary = show(registry)
    assert summary.step == "week" and all(each.first.weekday() == 0 for each in summary.steps)
    assert [each.first for each in show(registry, step="month").steps] == [date(2026, 3, 1), date(2026, 4, 1)]
    assert sorted((each.column, each.value) for each in summary.slices) == [("ward", "A"), ("ward", "B")]
    assert sum(each.measured.answers for each in summary.slices) == 60
    with pytest.raises(BenchError, match=r"no feedback has this column.*Did you mean 'ward'"):
        show(registry, slices=["wards"])


def test_a_column_with_many_values_shows_the_frequent_ones(registry: Path) -> None:
    add(registry, [{"id": f"a{i}", "verdict": "accepted", "doctor": f"d{i % 30}"} for i in range(61)], slices=["doctor"])
    summary = show(registry)
    assert len(summary.slices) == 12 and summary.slices[0].value == "d0" and summary.hidden_values == {"doctor": 18}


def test_the_rate_of_complaints_since_a_day(registry: Path) -> None:
    assert read(registry).complaint_rate().answers == 0
    add(registry, [{"id": f"a{i}", "verdict": "complaint" if i >= 8 else "accepted", "date": f"2026-03-{i + 1:02}"} for i in range(10)])
    rate = read(registry).complaint_rate(date(2026, 3, 6))
    assert (rate.number.count, rate.number.value, rate.answers) == (2, 0.4, 5)
    assert (rate.first, rate.last) == (date(2026, 3, 6), date(2026, 3, 10))


def test_complaints_about_another_model_say_nothing_about_this_one(registry: Path) -> None:
    """Those about the challenger of an A/B test must not start a retraining of the champion."""
    challenger, champion = (event.digest for event in history(TASK, registry=registry)[:2])
    rows = [{"id": f"a{i}", "verdict": "complaint" if i % 2 else "accepted", "model": challenger if i % 2 else champion} for i in range(40)]
    add(registry, [*rows, {"id": "b", "verdict": "complaint"}])
    rate = read(registry).complaint_rate(model=champion)
    assert (rate.number.count, rate.answers) == (1, 21), "an answer without a model counts"


def test_edited_answers_are_rows_to_train_on(registry: Path, tmp_path: Path) -> None:
    """With their inputs; the newest correction of an input counts; complaints are no proof yet."""
    add(registry, [{"id": "a", "verdict": "edited", "corrected": "first", "input": "the text", "date": "2026-03-01", "user": "u"}])
    position = read(registry).position
    add(
        registry,
        [
            {"id": "a", "verdict": "edited", "corrected": "second", "input": "the text", "date": "2026-03-02", "user": "u"},
            {"id": "b", "verdict": "edited", "corrected": "text", "date": "2026-03-02"},
            {"id": "c", "verdict": "complaint", "corrected": "text", "input": "another", "date": "2026-03-02"},
            {"id": "d", "verdict": "edited", "corrected": " ", "input": "a blank one", "date": "2026-03-02"},
        ],
    )
    log = read(registry)
    assert [(row.id, row.completion) for row in log.corrected_rows(position)] == [("a", "second")]
    assert log.corrected_rows(log.position) == ()
    event = history(TASK, registry=registry)[0]
    task = RunResults(RunFolder(registry / event.folder)).plan.tasks[TASK]
    file = write_lines(tmp_path / "rows.jsonl", [row.to_record(task) for row in log.corrected_rows()])
    (correction,) = read_corrections([file])
    assert (correction.example.inputs, correction.example.targets) == ({"input": "the text"}, ("second",))


def test_complaints_of_several_users_are_one(registry: Path) -> None:
    rows = [{"id": "a", "verdict": "complaint", "user": user, "reason": user, "date": "2026-03-01"} for user in ("u", "v")]
    add(registry, [*rows, {"id": "a", "verdict": "accepted", "user": "w", "date": "2026-03-01"}])
    (complaint,) = read(registry).complaints
    assert (complaint.id, len(complaint.voices)) == ("a", 2)
    add(registry, [{"id": "a", "verdict": "accepted", "user": user, "date": "2026-03-02"} for user in ("u", "v")])
    assert read(registry).complaints == (), "both have taken it back"


def test_hostile_texts_are_escaped_everywhere(registry: Path) -> None:
    text = HOSTILE.replace("\x00", "")
    rows = [{"id": text, "verdict": "complaint", "reason": text, "ward": text, "user": text, "output": text} for _ in range(3)]
    add(registry, rows)
    summary = show(registry)
    page, markdown = render_feedback(summary), feedback_to_markdown(summary)
    assert "<img" not in page and "\u202e" not in page + markdown and "\x1b" not in page + markdown
    assert "\n<" not in markdown and "ward" in page
    json.dumps(feedback_to_json(summary), allow_nan=False)


def test_an_empty_log_is_shown_as_such(registry: Path) -> None:
    summary = show(registry)
    assert "No feedback on summarization yet" in render_feedback(summary) + feedback_to_markdown(summary)
    json.dumps(feedback_to_json(summary), allow_nan=False)


def simulate_changes(samples: int, seed: int, true: tuple[float, float], *, same_users: bool = True) -> float:
    """How often the interval of the difference of two complaint rates holds the true one: 40 users with rates of their own, and from 1 to
    30 answers of each model. `same_users`: whether they are the same for both."""
    from harness.lifecycle.feedback import AnswerFeedback, compare_feedback, measure_feedback

    draw = np.random.default_rng(seed)
    held = 0
    for _ in range(samples):
        users = draw.beta(2, 2, size=40) * 2
        sets = []
        for rate in true:
            users = users if same_users else draw.beta(2, 2, size=40) * 2
            feedback = [
                AnswerFeedback(
                    f"{user}-{number}", "complaint" if draw.random() < rate * tendency else "accepted", "2026-03-01", user=str(user)
                )
                for user, tendency in enumerate(users)
                for number in range(int(draw.integers(1, 31)))
            ]
            sets.append(measure_feedback(feedback, "user"))
        change = next(each for each in compare_feedback(*sets) if each.name == "complaint")
        assert change.interval.low is not None and change.interval.high is not None
        held += change.interval.low <= true[1] - true[0] <= change.interval.high
    return held / samples


@pytest.mark.parametrize("true", [(0.2, 0.2), (0.3, 0.1), (0.03, 0.02)])
def test_intervals_of_changes_cover(true: tuple[float, float]) -> None:
    assert simulate_changes(20, 3, true) >= 0.85


@pytest.mark.soak
@pytest.mark.parametrize("true", [(0.2, 0.2), (0.3, 0.1), (0.03, 0.02)])
def test_intervals_of_changes_cover_in_many_samples(true: tuple[float, float]) -> None:
    assert simulate_changes(2000, 4, true) >= 0.94
    assert 0.93 <= simulate_changes(2000, 5, true, same_users=False) <= 0.98
