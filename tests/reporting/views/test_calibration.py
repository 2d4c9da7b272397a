"""The bins of the picture are those of the calibration error."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from report_factory import Made, classification, make_run

from harness.metrics import metrics_for
from harness.reporting import render
from harness.reporting.charts import draw_calibration_chart
from harness.reporting.views import build_report_view
from harness.reporting.views.sections import Calibration, OutputSource, calibration_bins
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
    bins = calibration_bins(LABELS, examples, predictions)
    assert sum(b.examples for b in bins) == 400
    expected = compute_scores(metrics_for(["probabilities"], LABELS), examples, predictions)["ece"].value
    assert sum(b.examples / 400 * abs(b.accuracy - b.confidence) for b in bins) == pytest.approx(expected)
    assert all(b.start <= b.confidence <= b.end for b in bins)
    picture = draw_calibration_chart(Calibration(OutputSource("lora", None), bins), "c")
    assert picture.count("<circle") == len(bins)


def test_without_probabilities_there_is_no_picture(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [classification([Made("base", 0.4)])])
    assert build_report_view(run).tasks[0].calibration is None
    assert "Confidence and accuracy" not in render(run)
