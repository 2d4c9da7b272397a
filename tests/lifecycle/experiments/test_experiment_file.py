"""The file of an experiment: what it may say, and one clear error for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from event_factory import made_experiment

from harness.errors import BenchError
from harness.lifecycle.experiments import experiment_to_yaml, read_experiment

VALID = """\
name: visits-writer
salt: visits-writer
variants:
  champion: {model: visits@3, share: 0.5}
  challenger: {model: visits@4, share: 0.5}
outcome: {name: accepted, margin: 0.05}
guardrails:
  - {name: complaint, margin: 0.02}
"""


def test_known_outcomes_need_no_scale(tmp_path: Path) -> None:
    experiment = read_experiment(_write(tmp_path, VALID))
    assert (experiment.outcome.direction, experiment.outcome.low, experiment.outcome.high) == ("higher", 0, 1)
    assert experiment.guardrails[0].direction == "lower"
    assert experiment.burn_in.units == 30 and experiment.window_days == 7


def _write(folder: Path, text: str) -> Path:
    (folder / "test.yaml").write_text(text, encoding="utf-8")
    return folder / "test.yaml"


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    also = [{"name": "rating"}, {"name": "words_read", "direction": "lower", "low": 0, "high": 900}]
    experiment = made_experiment(
        guardrails=[{"name": "complaint", "margin": 0.02}], also=also, goal="not_worse", description="Für Ärzte: #1"
    )
    assert read_experiment(_write(tmp_path, experiment_to_yaml(experiment, "A heading\nof two lines"))) == experiment


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("salt: visits-writer\n", "", "the field 'salt' is missing"),
        ("margin: 0.05", "margin: -1", "outcome.margin"),
        ("margin: 0.05", "margin: 1", "no difference can exceed 1"),
        ("margin: 0.05", "high: 2", "needs 'margin'"),
        ("{name: complaint, margin: 0.02}", "{name: complaint}", "guardrail complaint needs 'margin'"),
        ("visits@4, share: 0.5", "visits@4, share: 0.6", "the shares must add up to 1, not 1.1"),
        ("visits@4, share: 0.5", "visits@4, share: 0", "share"),
        ("name: accepted", "name: stars", "direction"),
        ("name: accepted", "name: unit, direction: higher, low: 0, high: 1", "is a column of every event"),
        ("name: accepted", "name: accepted, low: 1", "low (1) must be below high (1)"),
        ("name: complaint", "name: accepted", "the outcome 'accepted' is named twice"),
        ("guardrails:", "guardrail:", "unknown field 'guardrail'. Did you mean 'guardrails'?"),
        ("name: visits-writer", "name: visits, writer", "name"),
        ("salt:", "goal: best\nsalt:", "unknown value 'best'"),
        ("salt:", "alpha: 0.9\nsalt:", "alpha"),
        ("salt:", "window_days: .inf\nsalt:", "window_days"),
        ("salt:", "unit: Üser\nsalt:", "unit"),
        ("salt:", "burn_in: {units: 0}\nsalt:", "burn_in.units"),
        ("challenger:", "rival:", "rival"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in VALID
    with pytest.raises(BenchError) as refused:
        read_experiment(_write(tmp_path, VALID.replace(old, new)))
    assert message in str(refused.value) and "test.yaml:" in str(refused.value)
