"""Mean answers on rating scales."""

from __future__ import annotations

from collections.abc import Mapping

from harness.metrics import example_metric
from harness.review.findings.changes import compute_change
from harness.review.findings.combination import ScoreCombiner
from harness.review.findings.findings import Change, Combined, ScaleScore
from harness.review.ratings import UnblindedRatings
from harness.types import ScaleSpec


def compute_scale_scores(ratings: UnblindedRatings, combiner: ScoreCombiner | None = None) -> tuple[ScaleScore, ...]:
    """The mean answer on every scale for every strategy.

    Args:
        combiner: joins means and changes with automatic scores; None for the ratings alone.
    """
    scores = []
    for scale in ratings.packet.questions.scales:
        metric = example_metric(scale.name, "higher", "answers", lambda example, prediction: None, "people")
        answers = {name: average_answers(ratings, name, scale) for name in ratings.strategies}
        for name, by_example in answers.items():
            baseline = ratings.baseline if name != ratings.baseline else None
            best = float(len(scale.answers))
            change = compute_change(ratings, answers[baseline], by_example, metric, largest=best - 1) if baseline else None
            mean = ratings.estimate_mean(by_example, scale=(1.0, best))
            combined = combiner.combine(by_example, mean, strategy=name, scale=(1.0, best)) if combiner else None
            joined = _combine_change(combiner, answers, name, baseline, change, best - 1) if combiner and baseline and change else None
            scores.append(ScaleScore(name, scale.name, scale.answers, mean, change, combined, joined))
    return tuple(scores)


def _combine_change(
    combiner: ScoreCombiner, answers: Mapping[str, Mapping[str, float]], name: str, baseline: str, change: Change, largest: float
) -> Combined | None:
    """The change on the examples that both have, with the help of the difference of a score."""
    differences = {example: value - answers[baseline][example] for example, value in answers[name].items() if example in answers[baseline]}
    before, after = (sum(answers[each][example] for example in differences) / max(1, len(differences)) for each in (baseline, name))
    # On an unseen example, one of the two may be rated worst while the other is as usual.
    unseen = (1.0 - before, after - 1.0)
    return combiner.combine(differences, change.as_score, strategy=name, against=baseline, scale=(-largest, largest), unseen=unseen)


def average_answers(ratings: UnblindedRatings, strategy: str, scale: ScaleSpec) -> dict[str, float]:
    """The mean answer for each example, where 1 is the worst."""
    return ratings.average_by_example(ratings.select(strategy), lambda rating: 1.0 + scale.answers.index(rating.answers[scale.name]))
