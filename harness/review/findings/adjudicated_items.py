"""How many disagreements of raters were settled, and how often that changed the result of an item."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.review.findings.findings import Disagreements
from harness.review.ratings import UnblindedRating, UnblindedRatings, get_winner, group_by_unit
from harness.types import ScaleSpec

_HALF = 0.5


def summarize_disagreements(ratings: UnblindedRatings) -> Disagreements | None:
    """The disagreements of a packet's raters; None where no item has two raters, and none is adjudicated."""
    settlement = ratings.settlement
    if not settlement.units and not settlement.ratings:
        return None
    units = group_by_unit(ratings.first_ratings)
    changed = [unit for unit, own in settlement.ratings.items() if unit in units and _differ(ratings, units[unit], own)]
    everyone = {rating.rater for review in ratings.adjudications for rating in review.ratings}
    seen = [review.packet.adjudicates for review in ratings.adjudications if review.ratings]
    return Disagreements(
        items=settlement.units,
        disputed=len(settlement.disputed),
        adjudicated=len(settlement.ratings),
        waiting=settlement.waiting,
        counts=settlement.counts,
        changed=len(changed),
        more_than=settlement.more_than,
        adjudicators=tuple(dict.fromkeys(rating.rater for own in settlement.ratings.values() for rating in own)),
        saw_ratings=any(each is not None and each.earlier_answers for each in seen),
        repeated=len(settlement.repeated),
        excluded=tuple((each.rater, each.reason) for each in ratings.excluded if each.rater in everyone),
    )


def _differ(ratings: UnblindedRatings, first: Sequence[UnblindedRating], settled: Sequence[UnblindedRating]) -> bool:
    """Whether the result of an item differs: whether it has a critical error, which output wins, or a mean by more than half a step."""
    if ratings.packet.mode == "errors":
        return _is_critical(first) != _is_critical(settled)
    if ratings.packet.mode == "pairwise":
        return _find_winner(first) != _find_winner(settled)
    scales = ratings.packet.questions.scales
    return any(abs(_average(first, scale) - _average(settled, scale)) > _HALF for scale in scales)


def _is_critical(own: Sequence[UnblindedRating]) -> bool:
    return float(np.mean([rating.answers["severity"] == "critical" for rating in own])) >= _HALF


def _find_winner(own: Sequence[UnblindedRating]) -> int:
    """The sign of the votes for the first strategy by name, minus those for the second."""
    first, second = sorted(own[0].strategies)
    winners = [get_winner(rating) for rating in own]
    return int(np.sign(winners.count(first) - winners.count(second)))


def _average(own: Sequence[UnblindedRating], scale: ScaleSpec) -> float:
    return float(np.mean([scale.answers.index(rating.answers[scale.name]) for rating in own]))
