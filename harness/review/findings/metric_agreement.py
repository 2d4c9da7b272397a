"""How well automatic scores agree with raters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from harness.results import TaskScores
from harness.review.findings.answers import normalize_answer
from harness.review.findings.findings import MetricAgreement
from harness.review.packets import SEVERITIES, OrientedScores, list_example_metrics, load_example_scores
from harness.review.ratings import UnblindedRating, UnblindedRatings

# By example and strategies shown, in alphabetical order: the raters' mean, more is better; of a pair, better for the second strategy.
MeanRatings: TypeAlias = Mapping[tuple[str, tuple[str, ...]], float]

_RESAMPLES = 200
_MAX_RESAMPLED = 400  # outputs; with more, Kendall's tau gets no interval


def compute_metric_agreement(results: TaskScores, ratings: UnblindedRatings) -> tuple[MetricAgreement, ...]:
    """The agreement of every automatic score of single examples with the raters, the best first."""
    by_id = {cell.id: cell for cell in results.run.cells}
    cells = {name: by_id[cell] for name, cell in ratings.key.cells.items()}
    means, agreements = _average_ratings(ratings), []
    compute = _compute_pair_agreement if ratings.packet.mode == "pairwise" else _compute_tau
    for metric in list_example_metrics(results):
        agreement = compute(ratings, metric.name, means, load_example_scores(results, metric, cells))
        if agreement is not None:
            agreements.append(agreement)
    return tuple(sorted(agreements, key=lambda each: -each.value))


def _average_ratings(ratings: UnblindedRatings) -> MeanRatings:
    values: dict[tuple[str, tuple[str, ...]], list[float]] = {}
    for rating in ratings.first_ratings:
        values.setdefault((rating.example, tuple(sorted(rating.strategies))), []).append(_to_number(ratings, rating))
    return {key: float(np.mean(numbers)) for key, numbers in values.items()}


def _to_number(ratings: UnblindedRatings, rating: UnblindedRating) -> float:
    if len(rating.strategies) == 2:
        return {"first": 0.0, "second": 1.0}.get(normalize_answer(rating, "preference"), 0.5)
    if ratings.packet.mode == "errors":
        return -float(SEVERITIES.index(rating.answers["severity"]))
    scales = ratings.packet.questions.scales
    return float(np.mean([s.answers.index(rating.answers[s.name]) / (len(s.answers) - 1) for s in scales]))


def _compute_pair_agreement(ratings: UnblindedRatings, metric: str, means: MeanRatings, scores: OrientedScores) -> MetricAgreement | None:
    by_example: dict[str, list[float]] = {}
    for (example, (first, second)), mean in ((key, value) for key, value in means.items() if len(key[1]) == 2):
        left, right = scores.get((example, first)), scores.get((example, second))
        if mean != 0.5 and left is not None and right is not None:
            by_example.setdefault(example, []).append(0.5 if left == right else float((right > left) == (mean > 0.5)))
    if not by_example:
        return None
    share = ratings.estimate_mean({example: float(np.mean(matches)) for example, matches in by_example.items()})
    if share.value is None:
        return None
    return MetricAgreement(metric, "pair agreement", share.value, share.low, share.high, sum(map(len, by_example.values())))


def _compute_tau(ratings: UnblindedRatings, metric: str, means: MeanRatings, scores: OrientedScores) -> MetricAgreement | None:
    from scipy.stats import kendalltau

    rated = [
        (example, mean, score)
        for (example, strategies), mean in means.items()
        if (score := scores.get((example, strategies[0]))) is not None
    ]
    if len(rated) < 3:
        return None
    mean_ratings, metric_scores = np.array([each[1] for each in rated]), np.array([each[2] for each in rated])
    tau = float(kendalltau(mean_ratings, metric_scores).statistic)
    if not np.isfinite(tau):
        return None
    low, high = None, None
    clusters = [ratings.get_cluster(each[0]) for each in rated]
    names = list(dict.fromkeys(clusters))
    if len(rated) <= _MAX_RESAMPLED and len(names) > 9:
        positions = {name: [i for i, cluster in enumerate(clusters) if cluster == name] for name in names}
        rng = np.random.default_rng(0)
        resampled = []
        for _ in range(_RESAMPLES):
            index = [i for k in rng.integers(len(names), size=len(names)) for i in positions[names[k]]]
            resampled.append(kendalltau(mean_ratings[index], metric_scores[index]).statistic)
        finite = np.array(resampled)[np.isfinite(resampled)]
        low, high = (float(end) for end in np.quantile(finite, [0.025, 0.975])) if len(finite) > _RESAMPLES / 2 else (None, None)
    return MetricAgreement(metric, "Kendall's tau-b", tau, low, high, len(rated))
