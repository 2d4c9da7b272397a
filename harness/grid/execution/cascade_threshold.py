"""The threshold of a cascade, chosen on calibration examples, and the answers that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.errors import BenchError
from harness.metrics import SUPPORT_SCORE, answer_confidence, metrics_for
from harness.results import example_metric_of
from harness.statistics import RiskControl, ThresholdPoint, control_risk, observed_scores, per_example_scores, statistic_stack
from harness.types import CascadeMeasurement, CascadePoint, Example, Metric, Prediction, Strategy, Task

_MOST_POINTS = 60  # of the curve, besides its ends and the chosen threshold
_MISSING = (SUPPORT_SCORE,)  # scores that a model computes, which does not read the calibration examples


@dataclass(frozen=True)
class CalibrationAnswers:
    """What both strategies answer to the calibration examples, in the order of these."""

    examples: Sequence[Example]
    first: Sequence[Prediction]
    then: Sequence[Prediction]


def calibration_metrics(task: Task, labels: Sequence[str], *, trust_remote_code: bool) -> list[Metric]:
    """The metrics that can be computed on calibration examples, the primary one first.

    Raises:
        BenchError: none of them judges single answers.
    """
    names = [name for name in task.metrics if name not in _MISSING]
    metrics = sorted(metrics_for(names, labels, run_code=trust_remote_code), key=lambda metric: metric.name != task.primary)
    if not metrics or example_metric_of(metrics) is None:
        raise BenchError(f"a cascade needs a score that judges single answers, and the task '{task.name}' has none: add one to its metrics")
    return metrics


def choose_threshold(task: Task, strategy: Strategy, answers: CalibrationAnswers, metrics: Sequence[Metric]) -> CascadeMeasurement:
    """Choose how many answers are kept, as `control_risk` says, and measure what other thresholds would give.

    Args:
        metrics: see `calibration_metrics`.

    Returns:
        The measurement; its `passed_on` is that of the calibration examples.
    """
    judge = example_metric_of(metrics)
    assert judge is not None
    confidences = [answer_confidence(prediction) for prediction in answers.first]
    worse = _compare(judge, answers, strategy.tolerance)
    groups = [example.group for example in answers.examples]
    control = control_risk(confidences, worse, risk=strategy.risk, level=strategy.confidence, groups=groups)
    primary = next((metric for metric in metrics if metric.name == task.primary), None)
    points = _points(control, np.asarray(confidences), answers, primary)
    chosen = control.chosen
    position = next((i for i, p in enumerate(points) if chosen is not None and p.threshold == chosen.threshold), 0)
    keeps_all = chosen is not None and chosen is control.tested[-1]
    return CascadeMeasurement(
        confidence_kind="label_margin" if task.chooses else "token_likelihood",
        threshold=None if chosen is None else 0.0 if keeps_all else chosen.threshold,
        examples=control.examples,
        units=control.units,
        grouped=control.grouped,
        smallest=control.smallest,
        score=judge.name,
        passed_on=points[position].passed_on,
        points=points,
        chosen=position,
    )


def combine(first: Sequence[Prediction], then: Sequence[Prediction], threshold: float | None) -> tuple[list[Prediction], float]:
    """The answers of the cascade, and the share of them that the second strategy gives.

    Args:
        first: of every test example.
        then: an example that is passed on and has no answer here has none.
        threshold: None: every answer is passed on.
    """
    others = {prediction.example_id: prediction for prediction in then}
    combined: list[Prediction] = []
    passed_on = 0
    for prediction in first:
        if threshold is not None and answer_confidence(prediction) >= threshold:
            combined.append(prediction)
            continue
        passed_on += 1
        if prediction.example_id in others:
            combined.append(others[prediction.example_id])
    return combined, passed_on / len(first) if first else 0.0


def _compare(judge: Metric, answers: CalibrationAnswers, tolerance: float) -> list[bool]:
    """Whether the first answer to each example is worse than the second by more than the tolerance. Where a score does not apply to
    either answer, it is not; where it applies to one alone, the answer without a score is the worse one."""
    sign = -1.0 if judge.direction == "lower" else 1.0
    worse = []
    for example, first, then in zip(answers.examples, answers.first, answers.then, strict=True):
        mine, other = (per_example_scores([judge], example, answer).get(judge.name) for answer in (first, then))
        worse.append(other is not None and (mine is None or sign * (other - mine) > tolerance + 1e-12))
    return worse


def _points(control: RiskControl, confidences: np.ndarray, answers: CalibrationAnswers, primary: Metric | None) -> tuple[CascadePoint, ...]:
    """The curve: everything passed on, some of the tested thresholds, and everything kept."""
    shown = _thin(control)
    stack = None if primary is None else statistic_stack(primary, answers.examples, [answers.first, answers.then])  # (n, 2, d)

    def quality(keeps: np.ndarray) -> float | None:
        if stack is None or primary is None:
            return None
        rows = np.where(keeps[:, None], stack[:, 0], stack[:, 1])  # (n, d)
        rows = rows[~np.isnan(rows).any(axis=1)]
        if not len(rows):
            return None
        value = float(observed_scores(primary, rows[:, None, :])[0])
        return value if np.isfinite(value) else None

    nothing = CascadePoint(None, 1.0, 0.0, quality(np.zeros(len(confidences), dtype=bool)))
    return (
        nothing,
        *(CascadePoint(each.threshold, 1 - each.kept, min(each.worse, 1.0), quality(confidences >= each.threshold)) for each in shown),
    )


def _thin(control: RiskControl) -> list[ThresholdPoint]:
    """Thresholds that keep about equally different shares, with the chosen one and the last among them."""
    tested = control.tested
    if len(tested) <= _MOST_POINTS:
        return list(tested)
    places = {round(i * (len(tested) - 1) / (_MOST_POINTS - 1)) for i in range(_MOST_POINTS)}
    if control.chosen is not None:
        places.add(tested.index(control.chosen))
    return [tested[place] for place in sorted(places)]
