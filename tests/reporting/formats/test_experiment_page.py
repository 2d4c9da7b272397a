"""The page of an A/B test: one file, hostile names as text, and the same verdict as in every other form."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from event_factory import made_experiment, make_events, write_events
from report_factory import HOSTILE

from harness.lifecycle.experiments import ExperimentReading, judge_events, pick_variant, read_events
from harness.reporting import experiment_to_json, experiment_to_markdown, render_experiment
from harness.reporting.wording.experiments import reading_sentences

NOW = 1_790_000_000.0


def reading_of(folder: Path, events: list[dict[str, Any]], **changes: Any) -> ExperimentReading:
    experiment = made_experiment(**changes)
    return judge_events(read_events(write_events(folder / "events.csv", events), experiment, NOW), experiment)


@pytest.fixture
def decided(tmp_path: Path) -> ExperimentReading:
    return reading_of(tmp_path, make_events(made_experiment(), 300, (0.4, 0.8)), guardrails=[{"name": "complaint", "margin": 0.2}])


def test_every_form_shows_the_same_verdict(decided: ExperimentReading) -> None:
    headline = reading_sentences.describe_verdict(decided)
    assert headline.startswith("The challenger is better on accepted answers: ")
    page = render_experiment(decided)
    assert headline in page and 'data-state="challenger"' in page
    assert experiment_to_json(decided)["headline"] == headline
    assert experiment_to_markdown(decided).startswith("## Ship the challenger: visits-writer\n")


def test_the_page_needs_nothing_else(decided: ExperimentReading) -> None:
    page = render_experiment(decided)
    assert "<script" not in page and not re.search(r"(?:src|href)=\"(?!#)", page)
    assert page.count("<svg") == 1 and 'aria-labelledby="limits-title limits-desc"' in page


def test_names_of_models_and_units_are_text(tmp_path: Path) -> None:
    variants = {"champion": {"model": HOSTILE[:200], "share": 0.5}, "challenger": {"model": "[x](javascript:1) <b>", "share": 0.5}}
    experiment = made_experiment(variants=variants)
    unit = "<script>alert(1)</script>[x](javascript:1)\u202e"
    wrong = "champion" if pick_variant(experiment, unit) == "challenger" else "challenger"
    events = make_events(experiment, 300, (0.4, 0.8))
    reading = reading_of(tmp_path, [*events, {**events[0], "unit": unit, "variant": wrong}], variants=variants)
    assert reading.counts.contradicted_count == 1
    page, markdown = render_experiment(reading), experiment_to_markdown(reading)
    assert "<script" not in page and "<b>" not in page and "\u202e" not in page + markdown
    assert "&lt;script&gt;alert(1)" in page
    assert "[x](javascript" not in markdown and not re.search(r"(?<!\\)<script", markdown)


def test_a_test_without_outcomes_has_a_page_without_a_figure(tmp_path: Path) -> None:
    events = [{**event, "accepted": ""} for event in make_events(made_experiment(), 30)]
    page = render_experiment(reading_of(tmp_path, events))
    assert "<svg" not in page and "Too early for a verdict" in page
