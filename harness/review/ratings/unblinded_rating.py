"""A rating joined with the key, and what its answer means, independent of the side on which an output was shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from harness.review.ratings.rating_records import Rating

Unit: TypeAlias = tuple[str, tuple[str, ...]]  # an example, and the strategies whose outputs are rated, in alphabetical order


@dataclass(frozen=True, kw_only=True)
class UnblindedRating(Rating):
    """A rating with what is behind its item."""

    example: str
    strategies: tuple[str, ...]
    """From left to right."""
    is_repeat: bool
    """Whether the item repeats an earlier one."""
    is_adjudication: bool = False
    """Whether it settles what other raters disagreed about."""

    @property
    def unit(self) -> Unit:
        """What raters agree or disagree about: the output, or the pair, of an example."""
        return self.example, tuple(sorted(self.strategies))


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


def get_meaning(rating: UnblindedRating) -> object:
    """All answers, independent of the sides on which outputs were shown."""
    return get_winner(rating) if len(rating.strategies) == 2 else tuple(sorted(rating.answers.items()))
