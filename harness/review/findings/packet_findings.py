"""All findings of a packet, computed from its ratings."""

from __future__ import annotations

from harness.results import TaskScores
from harness.review.findings.adjudicated_items import summarize_disagreements
from harness.review.findings.combination import ScoreCombiner
from harness.review.findings.error_rates import compute_error_rates
from harness.review.findings.findings import Findings
from harness.review.findings.metric_agreement import compute_metric_agreement
from harness.review.findings.order_effects import compute_order_effects
from harness.review.findings.preferences import compute_preferences
from harness.review.findings.rankings import rank_strategies
from harness.review.findings.rater_agreement import Agreement, Level, compute_agreement
from harness.review.findings.rater_summaries import summarize_raters
from harness.review.findings.rating_times import compute_rating_times
from harness.review.findings.scale_scores import compute_scale_scores
from harness.review.packets import list_questions
from harness.review.ratings import Review, UnblindedRating, UnblindedRatings, normalize_answer


def compute_findings(results: TaskScores, review: Review) -> Findings:
    """Everything that a packet's ratings show.

    Raises:
        BenchError: the examples or the outputs that were rated are missing or damaged.
    """
    ratings = UnblindedRatings(review, results.examples)
    packet, mode, combiner = review.packet, review.packet.mode, ScoreCombiner(results, ratings)
    return Findings(
        packet=packet.id,
        task=packet.task,
        mode=mode,
        created=packet.created,
        sampling=review.key.sampling,
        representative=review.key.representative,
        population=review.key.population,
        sampled_examples=len(review.key.inclusion_probabilities),
        rated_examples=len({rating.example for rating in ratings.first_ratings}),
        items=len(ratings.list_items()),
        rated_items=len({rating.item for rating in ratings.first_ratings}),
        replaced_ratings=review.replaced,
        baseline=ratings.baseline,
        preferences=compute_preferences(ratings, combiner) if mode == "pairwise" else (),
        error_rates=compute_error_rates(ratings, combiner) if mode == "errors" else (),
        scale_scores=compute_scale_scores(ratings, combiner) if mode == "scales" else (),
        rating_times=compute_rating_times(ratings) if mode != "pairwise" else (),
        agreement=_compute_agreements(ratings),
        raters=summarize_raters(ratings),
        metric_agreement=compute_metric_agreement(results, ratings),
        corrections=sum(rating.corrected is not None for rating in ratings.ratings),
        comments=sum(bool(rating.comment) for rating in ratings.ratings),
        order_effects=compute_order_effects(ratings),
        ranking=rank_strategies(ratings) if mode == "pairwise" else None,
        disagreements=summarize_disagreements(ratings),
        with_all_raters=compute_findings(results, review.include_all()) if review.excluded else None,
    )


def _compute_agreements(ratings: UnblindedRatings) -> dict[str, dict[Level, Agreement]]:
    """The agreement on each question, with answers as names and in order."""
    clusters = {_name_unit(rating): ratings.get_cluster(rating.example) for rating in ratings.first_ratings}
    agreements: dict[str, dict[Level, Agreement]] = {}
    for question, levels in _number_answers(ratings).items():
        for level, numbers in levels.items():
            answers: dict[str, dict[str, int]] = {}
            for rating in ratings.first_ratings:
                answers.setdefault(_name_unit(rating), {})[rating.rater] = numbers[normalize_answer(rating, question)]
            agreement = compute_agreement(answers, len(set(numbers.values())), level, clusters=clusters)
            if agreement is not None:
                agreements.setdefault(question, {})[level] = agreement
    return agreements


def _name_unit(rating: UnblindedRating) -> str:
    """What raters agree or disagree about: the output, or the pair, of an example."""
    return f"{rating.example}\0{'/'.join(sorted(rating.strategies))}"


def _number_answers(ratings: UnblindedRatings) -> dict[str, dict[Level, dict[str, int]]]:
    """The number of each answer, by question and level. In order, "both bad" is in the middle, as a tie is."""
    if ratings.packet.mode == "pairwise":
        nominal = {"first": 0, "tie": 1, "both bad": 2, "second": 3}
        return {"preference": {"nominal": nominal, "ordinal": {"first": 0, "tie": 1, "both bad": 1, "second": 2}}}
    numbers = {q.name: {answer: k for k, answer in enumerate(q.answers)} for q in list_questions(ratings.packet)}
    return {question: {"nominal": by_answer, "ordinal": by_answer} for question, by_answer in numbers.items()}
