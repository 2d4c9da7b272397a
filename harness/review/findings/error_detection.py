"""Whether an automatic score finds the critical errors that raters see."""

from __future__ import annotations

from dataclasses import dataclass

from harness.metrics import BOUNDS
from harness.results import TaskScores
from harness.review.findings.error_rates import flag_errors
from harness.review.packets import load_example_scores
from harness.review.ratings import UnblindedRatings
from harness.types import Metric, Score

_TOLERANCE = 1e-9


@dataclass(frozen=True)
class ErrorDetection:
    """How an automatic score agrees with raters on critical errors, over all strategies of a review.

    Attributes:
        detected: the share of outputs with a critical error that the score does not give full marks (sensitivity).
        cleared: the share of the other outputs that it gives full marks (specificity).
    """

    metric: str
    detected: Score
    cleared: Score


def compute_error_detection(results: TaskScores, ratings: UnblindedRatings, metric: Metric) -> ErrorDetection | None:
    """Compare a score with the critical errors that at least half of an output's raters see.

    None for reviews of other kinds, and for scores without full marks: those of no single example, and those without an upper end.
    """
    full_marks = _full_marks(metric)
    if ratings.packet.mode != "errors" or metric.level != "example" or full_marks is None:
        return None
    by_id = {cell.id: cell for cell in results.run.cells}
    scores = load_example_scores(results, metric, {name: by_id[cell] for name, cell in ratings.key.cells.items()})
    detected: dict[str, list[float]] = {}
    cleared: dict[str, list[float]] = {}
    for strategy in ratings.strategies:
        for example, is_critical in flag_errors(ratings, strategy, "critical").items():
            score = scores.get((example, strategy))
            if score is None:
                continue
            has_full_marks = score >= full_marks - _TOLERANCE
            if is_critical:
                detected.setdefault(example, []).append(float(not has_full_marks))
            else:
                cleared.setdefault(example, []).append(float(has_full_marks))
    return ErrorDetection(metric.name, *(_estimate(ratings, shares) for shares in (detected, cleared)))


def _full_marks(metric: Metric) -> float | None:
    """The best value of an example, turned so that more is better: 0 errors, or the upper end of the scale."""
    if metric.direction == "lower":
        return 0.0
    return BOUNDS[metric.unit][1] if metric.direction == "higher" and metric.unit in BOUNDS else None


def _estimate(ratings: UnblindedRatings, shares: dict[str, list[float]]) -> Score:
    return ratings.estimate_mean({example: sum(values) / len(values) for example, values in shares.items()}, exact=True)
