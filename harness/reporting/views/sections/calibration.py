"""Whether a classifier's probabilities can be trusted: how often it is right, by the probability of the label that it chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.metrics import join
from harness.metrics.labels import BINS, label_probabilities
from harness.reporting.views.sections.output_source import OutputSource, source_of
from harness.results import StrategyResult
from harness.statistics import proportion_interval
from harness.types import Example, Prediction


@dataclass(frozen=True)
class CalibrationBin:
    """The examples whose chosen label has a probability from `start` to `end`.

    Attributes:
        confidence: the mean probability of the chosen label.
        accuracy: the share of correct labels, with its 95% interval (Wilson and mid-P).
    """

    start: float
    end: float
    examples: int
    confidence: float
    accuracy: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Calibration:
    """The bins of one cell that have an example, in order."""

    source: OutputSource
    bins: tuple[CalibrationBin, ...]


def build_calibration(result: StrategyResult) -> Calibration | None:
    """The examples of the first cell of a strategy in bins of equal width; None where it gave no probabilities."""
    bins = calibration_bins(result.task_scores.labels, result.examples, result.predictions(result.cell))
    return Calibration(source_of(result, result.cell), bins) if bins else None


def calibration_bins(labels: Sequence[str], examples: Sequence[Example], predictions: Sequence[Prediction]) -> tuple[CalibrationBin, ...]:
    """The examples in 15 bins of equal width, as the calibration error `ece` has them; none without probabilities."""
    if not any(prediction.label_logprobs for prediction in predictions):
        return ()
    bins: dict[int, list[tuple[float, bool]]] = {}
    for example, prediction in join(examples, predictions):
        probabilities = label_probabilities(prediction, labels, example.choices)
        highest = max(probabilities)
        correct = highest > 0 and labels[probabilities.index(highest)] in example.targets[:1]
        bins.setdefault(min(int(highest * BINS), BINS - 1), []).append((highest, correct))
    return tuple(_bin(index, own) for index, own in sorted(bins.items()))


def _bin(index: int, own: Sequence[tuple[float, bool]]) -> CalibrationBin:
    correct = sum(hit for _, hit in own)
    interval = proportion_interval(correct, len(own))
    confidence = sum(probability for probability, _ in own) / len(own)
    return CalibrationBin(index / BINS, (index + 1) / BINS, len(own), confidence, correct / len(own), interval.low, interval.high)
