"""Mean answers on rating scales."""

from __future__ import annotations

from harness.metrics import example_metric
from harness.review.findings.changes import compute_change
from harness.review.findings.findings import ScaleScore
from harness.review.ratings import UnblindedRatings
from harness.types import ScaleSpec


def compute_scale_scores(ratings: UnblindedRatings) -> tuple[ScaleScore, ...]:
    """The mean answer on every scale for every strategy."""
    scores = []
    for scale in ratings.packet.questions.scales:
        metric = example_metric(scale.name, "higher", "answers", lambda example, prediction: None, "people")
        answers = {name: _average_answers(ratings, name, scale) for name in ratings.strategies}
        for name, by_example in answers.items():
            baseline = ratings.baseline if name != ratings.baseline else None
            best = float(len(scale.answers))
            change = compute_change(ratings, answers[baseline], by_example, metric, largest=best - 1) if baseline else None
            mean = ratings.estimate_mean(by_example, scale=(1.0, best))
            scores.append(ScaleScore(name, scale.name, scale.answers, mean, change))
    return tuple(scores)


def _average_answers(ratings: UnblindedRatings, strategy: str, scale: ScaleSpec) -> dict[str, float]:
    """The mean answer for each example, where 1 is the worst."""
    return ratings.average_by_example(ratings.select(strategy), lambda rating: 1.0 + scale.answers.index(rating.answers[scale.name]))
