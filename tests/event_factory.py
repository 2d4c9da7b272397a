"""Made-up events of an A/B test."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from harness.lifecycle.experiments import Experiment, pick_variant

START = datetime(2026, 6, 1, 8, tzinfo=UTC)


def made_experiment(**changes: Any) -> Experiment:
    """An experiment on accepted answers of users, whose outcomes are final after a day."""
    values: dict[str, Any] = {
        "name": "visits-writer",
        "salt": "visits-writer",
        "variants": {"champion": {"share": 0.5}, "challenger": {"share": 0.5}},
        "outcome": {"name": "accepted", "margin": 0.05},
        "window_days": 1,
    }
    return Experiment.model_validate(values | changes)


def make_events(
    experiment: Experiment,
    users: int,
    rates: tuple[float, float] = (0.6, 0.6),
    complaints: tuple[float, float] = (0.03, 0.03),
    *,
    seed: int = 1,
) -> list[dict[str, Any]]:
    """One to three answers of each user, in the order of time; twenty new users a day.

    Args:
        rates, complaints: of the champion and the challenger.
    """
    generator = np.random.default_rng(seed)
    events = []
    for number in range(users):
        unit = f"user-{number}"
        variant = pick_variant(experiment, unit)
        place = variant == "challenger"
        for answer in range(int(generator.integers(1, 4))):
            time = START + timedelta(days=number / 20, hours=5 * answer, seconds=number)
            accepted, complaint = (int(generator.random() < each[place]) for each in (rates, complaints))
            events.append({"time": time.isoformat(), "unit": unit, "variant": variant, "accepted": accepted, "complaint": complaint})
    return sorted(events, key=lambda event: event["time"])


def write_events(file: Path, events: Sequence[dict[str, Any]]) -> Path:
    """The events as CSV."""
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(_columns(events)))
        writer.writeheader()
        writer.writerows(events)
    return file


def _columns(events: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield from dict.fromkeys(column for event in events for column in event)
