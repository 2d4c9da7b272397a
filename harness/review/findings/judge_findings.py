"""What a judge says, how biased it is, how far it agrees with raters, and what it is worth beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.judging import JudgeBiases, JudgeRecord, JudgeScores, estimate_share, has_too_many_missing, load_judge_scores, measure_biases
from harness.metrics import example_metric
from harness.results import TaskScores
from harness.review.findings.combination import ScoreCombiner
from harness.review.findings.error_rates import compute_error_rates
from harness.review.findings.findings import Combined, MetricAgreement
from harness.review.findings.judge_comparison import BiasComparison, JudgeComparison, WhyUnknown, count_words, toward_longer, toward_own
from harness.review.findings.metric_agreement import compute_metric_agreement
from harness.review.findings.preferences import compute_preferences
from harness.review.findings.scale_scores import compute_scale_scores
from harness.review.ratings import Review, UnblindedRatings
from harness.statistics import rank_association, score_stacks
from harness.types import Score

Array: TypeAlias = NDArray[np.float64]

_SCORE = example_metric("judge", "higher", "fraction", lambda example, prediction: None, "verdicts")


@dataclass(frozen=True)
class JudgeWorth:
    """What a judge alone adds to the ratings of one result.

    Attributes:
        against: what the strategy was compared with; empty for a rate or a mean.
        rated: the rated examples.
    """

    strategy: str
    against: str
    rated: int
    combined: Combined


@dataclass(frozen=True)
class JudgeFindings:
    """Everything that is known of one judge.

    Attributes:
        scores: by strategy, the mean score of its outputs, from 0 to 1.
        wins: by pair of strategies, how often the judge prefers the first.
        is_reliable: whether few enough answers have no verdict.
        length_association: of the score of an output with its words, where only one strategy was judged, so that there are no pairs.
        agreement: with the raters; None without ratings of these outputs.
        packet: of these raters; empty without.
        worth: what the judge alone adds to their results.
    """

    record: JudgeRecord
    name: str
    scores: Mapping[str, Score]
    wins: Mapping[tuple[str, str], Score]
    is_reliable: bool
    biases: JudgeBiases
    length: BiasComparison
    length_association: Score | None
    own: BiasComparison
    agreement: MetricAgreement | None
    packet: str
    worth: tuple[JudgeWorth, ...]


def compute_judge_findings(results: TaskScores, reviews: Sequence[Review]) -> tuple[JudgeFindings, ...]:
    """What is known of every judge of a task, the oldest first.

    Args:
        reviews: of the task, the oldest first. The newest with ratings of outputs that the judge has judged is compared with it.

    Raises:
        BenchError: a file of a judge is missing or damaged.
    """
    return tuple(_describe(results, scores, reviews) for scores in load_judge_scores(results))


def _describe(results: TaskScores, scores: JudgeScores, reviews: Sequence[Review]) -> JudgeFindings:
    ratings = _find_ratings(results, scores, reviews)
    record, is_reliable = scores.record, not has_too_many_missing(scores)
    wins = {pair: estimate_share(scores.wins(*pair), results.groups, is_unsure=not is_reliable) for pair in scores.pairs}
    means = {name: _estimate_mean(scores.outputs(name), results, is_reliable) for name in record.cells}
    words = count_words(results, scores)
    comparison = JudgeComparison(results, scores, ratings)
    agreements = () if ratings is None else compute_metric_agreement(results, ratings, only=scores.name)
    return JudgeFindings(
        record=record,
        name=scores.name,
        scores={} if record.judge.kind == "pairwise" else {name: mean for name, mean in means.items() if mean is not None},
        wins={pair: share for pair, share in wins.items() if share is not None},
        is_reliable=is_reliable,
        biases=measure_biases(scores, results.groups),
        length=comparison.compare(toward_longer(words), "equal_lengths" if scores.pairs else "one_strategy"),
        length_association=_associate_length(results, scores, words) if len(record.cells) == 1 else None,
        own=comparison.compare(toward_own(record), _explain_own(record)),
        agreement=next(iter(agreements), None),
        packet="" if ratings is None else ratings.packet.id,
        worth=() if ratings is None else _list_worth(results, scores, ratings),
    )


def _explain_own(record: JudgeRecord) -> WhyUnknown:
    """Why no pair has one output of the judge's own model or family."""
    return "none_own" if not record.own else "only_own" if set(record.own) == set(record.cells) else "one_strategy"


def _find_ratings(results: TaskScores, scores: JudgeScores, reviews: Sequence[Review]) -> UnblindedRatings | None:
    """The newest ratings of outputs that the judge has judged; those that describe the whole test set come first."""
    for must_be_representative in (True, False):
        for review in reversed(reviews):
            rated = {name for name, cell in review.key.cells.items() if scores.record.cells.get(name) == cell}
            if not rated or (must_be_representative and not review.key.representative):
                continue
            ratings = UnblindedRatings(review, results.examples)
            if any(set(rating.strategies) <= rated for rating in ratings.first_ratings):
                return ratings
    return None


def _estimate_mean(values: Array, results: TaskScores, is_reliable: bool) -> Score | None:
    """The mean over test examples, with the interval of any score of single examples; None without a verdict."""
    if np.isnan(values).all():
        return None
    score = score_stacks([_SCORE], lambda _: values[:, None, None], results.groups)[_SCORE.name]
    return score if is_reliable else replace(score, reliable=False, reason="too many answers without a verdict")


def _associate_length(results: TaskScores, scores: JudgeScores, words: Mapping[str, Array]) -> Score | None:
    (strategy,) = scores.record.cells
    values = scores.outputs(strategy)
    known = [i for i, value in enumerate(values) if not np.isnan(value)]
    clusters = [results.examples[i].id if (group := results.groups[i]) is None else f"group {group}" for i in known]
    return rank_association(values[known].tolist(), words[strategy][known].tolist(), clusters)


def _list_worth(results: TaskScores, scores: JudgeScores, ratings: UnblindedRatings) -> tuple[JudgeWorth, ...]:
    combiner = ScoreCombiner(results, ratings, only=scores.name)
    mode = ratings.packet.mode
    worth = []
    if mode == "pairwise":
        for preference in compute_preferences(ratings, combiner):
            worth.append((preference.strategy, preference.against, preference.win_rate.n, preference.combined))
    elif mode == "errors":
        for rate in compute_error_rates(ratings, combiner):
            worth.append((rate.strategy, "", rate.any_error.n, rate.any_combined))
    else:
        for mean in compute_scale_scores(ratings, combiner):
            worth.append((mean.strategy, "", mean.mean.n, mean.combined))
    judged = scores.record.cells
    return tuple(
        JudgeWorth(strategy, against, rated, combined)
        for strategy, against, rated, combined in worth
        if combined is not None and strategy in judged and (not against or against in judged)
    )
