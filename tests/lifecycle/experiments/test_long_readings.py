"""How often whole readings of events are wrong: files, windows, burn-in, sample ratio and guardrails together."""

from __future__ import annotations

from pathlib import Path

import pytest
from chance import at_most
from event_factory import made_experiment, make_events, write_events

from harness.lifecycle.experiments import judge_events, read_events

pytestmark = pytest.mark.soak

TIMES, NOW = 300, 1_800_000_000.0


def test_equal_models_are_rarely_exchanged(tmp_path: Path) -> None:
    """Each experiment has a salt of its own, so that its users are divided anew. The claim is one-sided, at half of alpha."""
    shipped = faults = 0
    for number in range(TIMES):
        experiment = made_experiment(salt=f"salt {number}", guardrails=[{"name": "complaint", "margin": 0.1}])
        file = write_events(tmp_path / "events.csv", make_events(experiment, 400, (0.7, 0.7), seed=number))
        reading = judge_events(read_events(file, experiment, NOW), experiment)
        shipped += reading.state == "challenger"
        faults += reading.code == "unequal_counts"
    print(f"{shipped} of {TIMES} exchanged, {faults} called unequal")
    assert at_most(0.025, shipped / TIMES, TIMES)
    assert at_most(0.01, faults / TIMES, TIMES)
