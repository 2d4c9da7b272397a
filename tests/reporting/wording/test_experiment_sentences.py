"""Sentences about A/B tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from event_factory import made_experiment, make_events, write_events

from harness.api import plan_experiment
from harness.lifecycle.experiments import ExperimentReading, OutcomeSpec, ReadingCode, judge_events, read_events
from harness.reporting.wording.experiments import outcome_words, plan_sentences, reading_sentences

NOW = 1_800_000_000.0
ACCEPTED = OutcomeSpec.model_validate({"name": "accepted", "margin": 0.05})
RATING = OutcomeSpec.model_validate({"name": "rating", "margin": 0.2})


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> ExperimentReading:
    experiment = made_experiment(guardrails=[{"name": "complaint", "margin": 0.02}])
    file = write_events(tmp_path_factory.mktemp("events") / "events.csv", make_events(experiment, 300, (0.4, 0.8)))
    return judge_events(read_events(file, experiment, NOW), experiment)


@pytest.mark.parametrize("code", get_args(ReadingCode))
def test_every_verdict_has_a_headline_and_steps(reading: ExperimentReading, code: ReadingCode) -> None:
    coded = replace(reading, code=code, broken=("complaint",), open_guardrails=("complaint",))
    assert reading_sentences.describe_verdict(coded).endswith(".") and reading_sentences.list_steps(coded)


@pytest.mark.parametrize(
    ("days", "text"),
    [(0.2, "1 day"), (56, "8 weeks"), (84, "12 weeks"), (426, "14 months"), (1500, "4 years"), (1e6, "more than 100 years")],
)
def test_durations_have_the_unit_that_fits(days: float, text: str) -> None:
    assert outcome_words.duration(days) == text


def test_numbers_have_the_unit_of_their_outcome() -> None:
    assert outcome_words.difference(0.051, ACCEPTED) == "+5.1 percentage points"
    assert outcome_words.difference(-0.0001, ACCEPTED) == "0.0 percentage points"
    assert outcome_words.limits(-0.02, 0.1, ACCEPTED) == "−2.0 to +10.0"
    assert outcome_words.amount(0.01, ACCEPTED) == "1 percentage point"
    assert outcome_words.difference(-0.25, RATING) == "−0.250"
    assert outcome_words.value(None, RATING) == "–"


def plan(**changes: Any) -> str:
    made = plan_experiment("test", **{"margin": 0.05, "expected": 0.7, "answers_per_day": 40, **changes})
    return " ".join([plan_sentences.describe_duration(made), *plan_sentences.list_notes(made)])


def test_plans_say_what_they_rest_on() -> None:
    assert "With 40 answers a day this takes 4 months." in plan()
    assert "Each user gives about 5 answers and counts once" in plan(units_per_day=8)
    assert "further answers add nothing" not in plan(units_per_day=8, correlation=0.3)
    assert "Each patient" in plan(units_per_day=8, unit="patient")
    assert "more than a trillion users: choose a larger margin" in plan(margin=1e-8)
    assert "the largest that its bounds allow" in plan(outcome="rating", margin=0.2, expected=4)
    assert "is not worse by 5 percentage points" in plan(goal="not_worse")
    assert "Not planned for: the guardrail minutes" in plan(guardrails={"minutes": {"margin": 1}})
