"""Which of two strategies raters prefer."""

from __future__ import annotations

from itertools import combinations

from harness.review.findings.combination import ScoreCombiner
from harness.review.findings.findings import Preference
from harness.review.ratings import UnblindedRating, UnblindedRatings, get_winner

_HALF = 0.5


def compute_preferences(ratings: UnblindedRatings, combiner: ScoreCombiner | None = None) -> tuple[Preference, ...]:
    """The preference within every pair that was rated, the later-named strategy against the earlier.

    Args:
        combiner: joins win rates with automatic scores; None for the ratings alone.
    """
    pairs = [(later, earlier) for earlier, later in combinations(ratings.strategies, 2) if ratings.select(earlier, later)]
    return tuple(_compute_preference(ratings, combiner, strategy, against) for strategy, against in pairs)


def average_wins(ratings: UnblindedRatings, strategy: str, against: str) -> dict[str, float]:
    """The mean over the raters of each example: 1 where the strategy wins, 0 where the other does, one half for a tie and "both bad"."""
    return ratings.average_by_example(ratings.select(strategy, against), lambda rating: _score_win(rating, strategy))


def _compute_preference(ratings: UnblindedRatings, combiner: ScoreCombiner | None, strategy: str, against: str) -> Preference:
    from scipy.stats import binomtest

    pair = ratings.select(strategy, against)
    by_example = average_wins(ratings, strategy, against)
    votes = ratings.count_votes(by_example, _HALF)
    win_rate = ratings.estimate_mean(by_example)
    winners = [get_winner(rating) for rating in pair]
    return Preference(
        strategy=strategy,
        against=against,
        win_rate=win_rate,
        wins=winners.count(strategy),
        losses=winners.count(against),
        ties=winners.count("tie"),
        both_bad=winners.count("both bad"),
        examples_for=sum(value > _HALF for value in by_example.values()),
        examples_against=sum(value < _HALF for value in by_example.values()),
        sign_test_p=float(binomtest(votes[0], sum(votes)).pvalue) if votes and sum(votes) else None,
        combined=combiner.combine(by_example, win_rate, strategy=strategy, against=against) if combiner else None,
    )


def _score_win(rating: UnblindedRating, strategy: str) -> float:
    winner = get_winner(rating)
    return 1.0 if winner == strategy else _HALF if winner in ("tie", "both bad") else 0.0
