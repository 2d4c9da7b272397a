"""Statistics of single raters: how much they rated, how consistent they are, and whether they favour a side."""

from __future__ import annotations

from statistics import median

from harness.review.findings.answers import get_winner
from harness.review.findings.findings import RaterSummary
from harness.review.ratings import UnblindedRating, UnblindedRatings
from harness.statistics import clopper_pearson_interval


def summarize_raters(ratings: UnblindedRatings) -> tuple[RaterSummary, ...]:
    """The raters who were asked, then other people who rated."""
    names = dict.fromkeys([*ratings.packet.raters, *(rating.rater for rating in ratings.ratings)])
    return tuple(_summarize(ratings, name) for name in names)


def _summarize(ratings: UnblindedRatings, name: str) -> RaterSummary:
    from scipy.stats import binomtest

    by_item = {rating.item: rating for rating in ratings.ratings if rating.rater == name}
    repeats = [
        (by_item[earlier], rating)
        for rating in by_item.values()
        if (earlier := ratings.key.items[rating.item].repeats) and earlier in by_item
    ]
    sides = [r.answers["preference"] for r in by_item.values() if not r.is_repeat] if ratings.packet.mode == "pairwise" else []
    decided, left_wins = sum(side in ("A", "B") for side in sides), sides.count("A")
    interval = clopper_pearson_interval(left_wins, decided) if decided else None
    seconds = [rating.seconds for rating in by_item.values() if rating.seconds]
    assigned_to = name.partition("/")[0]  # in Label Studio several people may rate one rater's items
    return RaterSummary(
        name=name,
        items=sum(item.rater == assigned_to for item in ratings.packet.items),
        rated=len(by_item),
        repeated=len(repeats),
        repeated_same=sum(_get_meaning(earlier) == _get_meaning(later) for earlier, later in repeats),
        decided=decided,
        left_wins=left_wins,
        left_low=interval.low if interval else None,
        left_high=interval.high if interval else None,
        left_p=float(binomtest(left_wins, decided).pvalue) if decided else None,
        median_seconds=median(seconds) if seconds else None,
    )


def _get_meaning(rating: UnblindedRating) -> object:
    """The answers, independent of the sides on which outputs were shown."""
    return get_winner(rating) if len(rating.strategies) == 2 else tuple(rating.answers.items())
