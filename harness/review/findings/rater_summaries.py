"""Statistics of single raters: how much they rated, how careful and consistent they are, and whether they favour a side."""

from __future__ import annotations

from statistics import median

from harness.review.findings.findings import RaterSummary
from harness.review.ratings import Rating, UnblindedRating, UnblindedRatings, do_differ, get_meaning
from harness.statistics import Interval, clopper_pearson_interval


def summarize_raters(ratings: UnblindedRatings) -> tuple[RaterSummary, ...]:
    """The raters who were asked, then other people who rated."""
    rated = [rating.rater for rating in (*ratings.ratings, *ratings.check_ratings)]
    return tuple(_summarize(ratings, name) for name in dict.fromkeys([*ratings.packet.raters, *rated]))


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
    interval = _get_interval(left_wins, decided)
    checks = [_is_right(ratings, rating) for rating in ratings.check_ratings if rating.rater == name]
    passed = _get_interval(sum(checks), len(checks))
    verdicts = _list_verdicts(ratings, [rating for rating in by_item.values() if not rating.is_repeat])
    upheld = _get_interval(sum(verdicts), len(verdicts))
    seconds = [rating.seconds for rating in by_item.values() if rating.seconds]
    assigned_to = name.partition("/")[0]  # in Label Studio several people may rate one rater's items
    return RaterSummary(
        name=name,
        items=sum(item.rater == assigned_to for item in ratings.packet.items),
        rated=len(by_item) + len(checks),
        repeated=len(repeats),
        repeated_same=sum(get_meaning(earlier) == get_meaning(later) for earlier, later in repeats),
        decided=decided,
        left_wins=left_wins,
        left_low=interval.low if interval else None,
        left_high=interval.high if interval else None,
        left_p=float(binomtest(left_wins, decided).pvalue) if decided else None,
        median_seconds=median(seconds) if seconds else None,
        checks=len(checks),
        checks_passed=sum(checks),
        checks_low=passed.low if passed else None,
        checks_high=passed.high if passed else None,
        disputed=len(verdicts),
        upheld=sum(verdicts),
        upheld_low=upheld.low if upheld else None,
        upheld_high=upheld.high if upheld else None,
        excluded=next((each.reason for each in ratings.excluded if each.rater == name), None),
    )


def _get_interval(successes: int, n: int) -> Interval | None:
    return clopper_pearson_interval(successes, n) if n else None


def _is_right(ratings: UnblindedRatings, rating: Rating) -> bool:
    """Whether all answers to a check item are right."""
    accepted = ratings.key.checks[rating.item].accepted
    return all(rating.answers.get(question) in answers for question, answers in accepted.items())


def _list_verdicts(ratings: UnblindedRatings, own: list[UnblindedRating]) -> list[bool]:
    """Whether the adjudicators agree with this rater, for each of their adjudicated items that is disputed."""
    settlement = ratings.settlement
    disputed = set(settlement.disputed)
    return [
        all(not _is_other(ratings, rating, verdict, settlement.more_than) for verdict in settlement.ratings[rating.unit])
        for rating in own
        if rating.unit in disputed and rating.unit in settlement.ratings
    ]


def _is_other(ratings: UnblindedRatings, rating: UnblindedRating, verdict: UnblindedRating, more_than: int) -> bool:
    """Whether an adjudicator does not agree with a rating: of pairs, a tie agrees with no preference."""
    if ratings.packet.mode == "pairwise":
        return get_meaning(rating) != get_meaning(verdict)
    return do_differ(ratings.packet, rating, verdict, more_than)
