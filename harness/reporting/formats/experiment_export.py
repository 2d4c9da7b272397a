"""An A/B test for programs: its plan as JSON, and what its events show as JSON and Markdown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.lifecycle.experiments import ExperimentPlan, ExperimentReading, OutcomeReading
from harness.reporting.formats.markdown import escape_markdown
from harness.reporting.wording.experiments import outcome_words, plan_sentences, reading_sentences


def experiment_plan_to_json(plan: ExperimentPlan) -> dict[str, Any]:
    """The experiment, the units and days that each outcome takes, what shorter experiments find, and the sentences."""
    return {
        "experiment": plan.experiment.model_dump(mode="json"),
        "answers_per_day": plan.traffic.answers,
        "units_per_day": plan.traffic.units,
        "correlation": plan.traffic.correlation,
        "power": plan.power,
        "days": plan.days,
        "outcomes": [
            {
                "name": each.spec.name,
                "margin": each.spec.margin,
                "expected": each.expected,
                "spread": each.spread,
                "units": each.units,
                "days": each.days,
            }
            for each in plan.outcomes
        ],
        "guardrails_not_planned": list(plan.unplanned),
        "horizons": [asdict(each) for each in plan.horizons],
        "sentences": [plan_sentences.describe_duration(plan), *plan_sentences.list_notes(plan)],
    }


def experiment_to_json(reading: ExperimentReading) -> dict[str, Any]:
    """The verdict with its headline, the limits of each outcome over time, the checks, and what was counted."""
    counts = asdict(reading.counts)
    counts["contradicted"] = [{"unit": unit, "variant": variant} for unit, variant in reading.counts.contradicted]
    return {
        "experiment": reading.experiment.model_dump(mode="json"),
        "events_file": reading.source,
        "state": reading.state,
        "code": reading.code,
        "headline": reading_sentences.describe_verdict(reading),
        "next_steps": reading_sentences.list_steps(reading),
        "decided": None if reading.decided is None else outcome_words.day(reading.decided),
        "decided_units": reading.decided_units,
        "units_with_outcome": reading.units,
        "more": None if reading.more is None else asdict(reading.more),
        "sample_ratio": [asdict(each) for each in reading.ratios],
        "outcomes": [_outcome(each) for each in reading.outcomes],
        "first_event": outcome_words.day(reading.first),
        "last_event": outcome_words.day(reading.last),
        "counts": {"events": reading.events, "doubled": reading.doubled, "out_of_order": reading.out_of_order, **counts},
        "notes": reading_sentences.list_counts(reading),
    }


def _outcome(outcome: OutcomeReading) -> dict[str, Any]:
    return {
        "name": outcome.spec.name,
        "role": outcome.role,
        "status": outcome.status,
        "champion": outcome.champion,
        "challenger": outcome.challenger,
        "champion_units": outcome.champion_units,
        "challenger_units": outcome.challenger_units,
        "missing": outcome.missing,
        "alpha": outcome.alpha,
        "looks": [asdict(point) for point in outcome.path],
    }


def experiment_to_markdown(reading: ExperimentReading) -> str:
    """The verdict, the evidence and what to do next, for a pull request or a ticket."""
    table = reading_sentences.build_outcome_table(reading)
    state = reading_sentences.STATES[reading.state]
    lines = [f"## {state}: {escape_markdown(reading.experiment.name)}", "", escape_markdown(reading_sentences.describe_verdict(reading))]
    if decided := reading_sentences.describe_decided(reading):
        lines += ["", decided]
    lines += ["", f"| {' | '.join(table.columns)} |", f"|{'|'.join(' ---: ' if each else ' --- ' for each in table.numeric)}|"]
    lines += [f"| {' | '.join(escape_markdown(cell) for cell in row)} |" for row in table.rows]
    lines += ["", table.under, "", *(f"1. {escape_markdown(step)}" for step in reading_sentences.list_steps(reading)), ""]
    notes = [
        reading_sentences.describe_setting(reading),
        *reading_sentences.list_counts(reading),
        reading_sentences.describe_method(reading),
    ]
    return "\n".join([*lines, *(f"- {escape_markdown(note, 600)}" for note in notes)]) + "\n"
