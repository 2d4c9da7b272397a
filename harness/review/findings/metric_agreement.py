"""How well automatic scores agree with raters, what they add over the length of an output, and which of them can be relied on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.results import TaskScores
from harness.review.findings.automatic_scores import AutomaticScore, list_automatic_scores, read_metric
from harness.review.findings.findings import AGREES_ABOVE, MIN_INPUTS, MetricAgreement
from harness.review.packets import SEVERITIES, OrientedScores
from harness.review.ratings import UnblindedRating, UnblindedRatings, normalize_answer
from harness.statistics import rank_association
from harness.types import Cell, Example, Metric, Prediction

Array: TypeAlias = NDArray[np.float64]
# By example and strategies shown, in alphabetical order: the raters' mean, more is better; of a pair, better for the second strategy.
MeanRatings: TypeAlias = Mapping[tuple[str, tuple[str, ...]], float]


def compute_metric_agreement(results: TaskScores, ratings: UnblindedRatings, *, only: str | None = None) -> tuple[MetricAgreement, ...]:
    """The agreement of every automatic score of single examples with the raters; those that agree come first, then the best.

    Args:
        only: the name of one score; None for all.
    """
    cells = _rated_cells(results, ratings)
    means, lengths = average_ratings(ratings), _relative_lengths(results, cells)
    scores = [score for score in list_automatic_scores(results, cells) if only in (None, score.name)]
    agreements = [_compare(ratings, score.name, _rated_outputs(results, means, score, lengths)) for score in scores]
    return tuple(sorted((each for each in agreements if each is not None), key=_order))


def compute_agreement_of(results: TaskScores, ratings: UnblindedRatings, metric: Metric) -> MetricAgreement | None:
    """The agreement of one score of single examples with the raters; None where nothing can be compared."""
    if metric.level != "example" or metric.direction == "none":
        return None
    cells = _rated_cells(results, ratings)
    score, lengths = read_metric(results, metric, cells), _relative_lengths(results, cells)
    return _compare(ratings, metric.name, _rated_outputs(results, average_ratings(ratings), score, lengths))


def _order(agreement: MetricAgreement) -> tuple[bool, float]:
    value = agreement.given_length.value
    return (not agreement.agrees, -value if value is not None else 2.0)


def _rated_cells(results: TaskScores, ratings: UnblindedRatings) -> dict[str, Cell]:
    by_id = {cell.id: cell for cell in results.run.cells}
    return {name: by_id[cell] for name, cell in ratings.key.cells.items()}


def average_ratings(ratings: UnblindedRatings) -> MeanRatings:
    """The mean of the raters of each output, or pair of outputs."""
    values: dict[tuple[str, tuple[str, ...]], list[float]] = {}
    for rating in ratings.settled_ratings:
        values.setdefault((rating.example, tuple(sorted(rating.strategies))), []).append(_to_number(ratings, rating))
    return {key: float(np.mean(numbers)) for key, numbers in values.items()}


def _to_number(ratings: UnblindedRatings, rating: UnblindedRating) -> float:
    if len(rating.strategies) == 2:
        return {"first": 0.0, "second": 1.0}.get(normalize_answer(rating, "preference"), 0.5)
    if ratings.packet.mode == "errors":
        return -float(SEVERITIES.index(rating.answers["severity"]))
    scales = ratings.packet.questions.scales
    return float(np.mean([s.answers.index(rating.answers[s.name]) / (len(s.answers) - 1) for s in scales]))


def _relative_lengths(results: TaskScores, cells: Mapping[str, Cell]) -> OrientedScores:
    """The words of each output divided by those of the reference; of the inputs where there is none."""
    lengths: dict[tuple[str, str], float] = {}
    for name, cell in cells.items():
        words = {prediction.example_id: _words(prediction) for prediction in results.predictions(cell)}
        lengths |= {(e.id, name): words.get(e.id, 0) / max(1, _expected_words(e)) for e in results.examples}
    return lengths


def _words(prediction: Prediction) -> int:
    return len(prediction.answer.split())


def _expected_words(example: Example) -> int:
    reference = len(example.targets[0].split()) if example.targets else 0
    return reference or sum(len(text.split()) for text in example.inputs.values())


@dataclass(frozen=True)
class _Rated:
    """An output, or a pair of outputs, with its mean rating, its score and its relative length; of a pair, the second minus the first."""

    example: str
    strategies: tuple[str, ...]
    rating: float
    score: float
    length: float


def _rated_outputs(results: TaskScores, means: MeanRatings, score: AutomaticScore, lengths: OrientedScores) -> list[_Rated]:
    positions = {example.id: position for position, example in enumerate(results.examples)}
    loaded: dict[tuple[str, ...], Array] = {}
    rated = []
    for (example, strategies), mean in means.items():
        if strategies not in loaded:
            is_pair = len(strategies) == 2
            loaded[strategies] = score.load_differences(strategies[1], strategies[0]) if is_pair else score.load_outputs(strategies[0])
        value = float(loaded[strategies][positions[example]]) if example in positions else np.nan
        if np.isnan(value):
            continue
        length = lengths[example, strategies[-1]] - (lengths[example, strategies[0]] if len(strategies) == 2 else 0.0)
        rated.append(_Rated(example, strategies, mean, value, length))
    return rated


def _compare(ratings: UnblindedRatings, metric: str, rated: Sequence[_Rated]) -> MetricAgreement | None:
    if len(rated) < 3:
        return None
    scores, mean_ratings = [each.score for each in rated], [each.rating for each in rated]
    clusters = [ratings.get_cluster(each.example) for each in rated]
    weights = [1 / ratings.key.inclusion_probabilities[each.example] for each in rated]
    correlation = rank_association(scores, mean_ratings, clusters, weights=weights)
    given_length = rank_association(
        scores,
        mean_ratings,
        clusters,
        given=[each.length for each in rated],
        strata=["\0".join(each.strategies) for each in rated],
        weights=weights,
    )
    inputs = len(set(clusters))
    agrees = (
        ratings.key.representative
        and inputs >= MIN_INPUTS
        and given_length.reliable
        and given_length.low is not None
        and given_length.low > AGREES_ABOVE
    )
    within = _concordance(rated)
    within_input = ratings.estimate_mean(within) if within else None
    if correlation.value is None and within_input is None:
        return None
    return MetricAgreement(metric, correlation, given_length, within_input, len(rated), inputs, agrees)


def _concordance(rated: Sequence[_Rated]) -> dict[str, float]:
    """By example, the share of its pairs of outputs with different ratings in which the score prefers what raters prefer; a tie of the
    score counts as half."""
    by_example: dict[str, list[_Rated]] = {}
    for each in rated:
        by_example.setdefault(each.example, []).append(each)
    shares = {}
    for example, outputs in by_example.items():
        differences = [(one.rating - 0.5, one.score) for one in outputs if len(one.strategies) == 2]
        single = [one for one in outputs if len(one.strategies) == 1]
        differences += [(one.rating - other.rating, one.score - other.score) for i, one in enumerate(single) for other in single[:i]]
        matches = [
            0.5 if by_score == 0 else float((by_score > 0) == (by_rating > 0)) for by_rating, by_score in differences if by_rating != 0
        ]
        if matches:
            shares[example] = float(np.mean(matches))
    return shares
