"""What an answer means, independent of the side on which an output was shown."""

from __future__ import annotations

from harness.review.ratings import UnblindedRating


def get_winner(rating: UnblindedRating) -> str:
    """The winning strategy of a pair, "tie" or "both bad"."""
    answer = rating.answers["preference"]
    return rating.strategies["AB".index(answer)] if answer in ("A", "B") else answer


def normalize_answer(rating: UnblindedRating, question: str) -> str:
    """The answer; for a pair "first" or "second" by the alphabetical order of its strategies, "tie" or "both bad"."""
    if len(rating.strategies) == 1:
        return rating.answers[question]
    winner = get_winner(rating)
    return winner if winner in ("tie", "both bad") else ("first", "second")[sorted(rating.strategies).index(winner)]
