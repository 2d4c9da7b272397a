"""Readers of A/B tests: the file of an experiment, and its events."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from event_factory import made_experiment, make_events

from harness.lifecycle.experiments import experiment_to_yaml, judge_events, pick_variant, read_events, read_experiment
from harness.reporting import experiment_to_json, experiment_to_markdown, render_experiment
from tests.fuzz.readers.reader import Read, Reader, refusals

_NOW = 1_790_000_000.0
_GUARDED = {"guardrails": [{"name": "complaint", "margin": 0.02}], "burn_in": {"units": 1, "days": 0}}


def read_experiment_file(content: bytes, folder: Path) -> None:
    """Read an experiment, and what it means for a unit and for events."""
    (folder / "test.yaml").write_bytes(content)
    with refusals():
        experiment = read_experiment(folder / "test.yaml")
        pick_variant(experiment, "user-1")
        (folder / "events.jsonl").write_text(_events(40))
        judge_events(read_events(folder / "events.jsonl", experiment, _NOW), experiment)


def _read_event_file(name: str) -> Read:
    def read(content: bytes, folder: Path) -> None:
        (folder / name).write_bytes(content)
        with refusals():
            experiment = made_experiment(**_GUARDED)
            reading = judge_events(read_events(folder / name, experiment, _NOW), experiment)
            json.dumps(experiment_to_json(reading), allow_nan=False)
            experiment_to_markdown(reading)
            render_experiment(reading)

    return read


@lru_cache
def _events(users: int) -> str:
    return "".join(json.dumps(event) + "\n" for event in make_events(made_experiment(), users))


def _csv_seed() -> bytes:
    events = make_events(made_experiment(), 8)
    lines = [",".join(events[0]), *(",".join(map(str, event.values())) for event in events)]
    return ("\n".join(lines) + "\n").encode()


EXPERIMENT_FILES: dict[str, Reader] = {
    "experiment": Reader(
        read_experiment_file,
        lambda: [experiment_to_yaml(made_experiment(**_GUARDED), "A heading").encode()],
    ),
    "events-jsonl": Reader(_read_event_file("events.jsonl"), lambda: [_events(8).encode()], share=0.5),
    "events-csv": Reader(_read_event_file("events.csv"), lambda: [_csv_seed()], share=0.5),
}
