"""The bins of the picture are those of the calibration error."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from report_factory import Made, classification, make_run

from harness.metrics import metrics_for
from harness.reporting import render
from harness.reporting.views.build import report_view
from harness.reporting.views.calibration import calibration_chart, calibration_of
from harness.statistics import compute_scores
from harness.types import Example, Prediction

LABELS = ("yes", "no", "maybe")


def rows(n: int = 400) -> tuple[list[Example], list[Prediction]]:
    draw = random.Random(0)
    examples, predictions = [], []
    for i in range(n):
        gold = draw.choice(LABELS)
        chances = [draw.random() + (2.0 if label == gold and draw.random() < 0.7 else 0.0) for label in LABELS]
        examples.append(Example(f"row-{i}", {"input": "x"}, (gold,), LABELS))
        chosen = LABELS[chances.index(max(chances))]
        predictions.append(Prediction(f"row-{i}", chosen, chosen, tuple(math.log(c / sum(chances)) for c in chances)))
    return examples, predictions


def test_the_bins_give_the_calibration_error() -> None:
    examples, predictions = rows()
    found = calibration_of("lora", LABELS, examples, predictions)
    assert found is not None and sum(b.rows for b in found.bins) == 400
    expected = compute_scores(metrics_for(["probabilities"], LABELS), examples, predictions)["ece"].value
    assert sum(b.rows / 400 * abs(b.right - b.confidence) for b in found.bins) == pytest.approx(expected)
    assert all(b.start <= b.confidence <= b.end for b in found.bins)
    picture = calibration_chart(found, "c")
    assert picture.count("<circle") == len(found.bins)


def test_without_probabilities_there_is_no_picture(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [classification([Made("base", 0.4)])])
    assert report_view(run).tasks[0].calibration is None
    assert "How sure it is" not in render(run)
