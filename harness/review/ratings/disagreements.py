"""On which items raters disagree, and how a person who adjudicates settles them.

Raters disagree where some see a critical error and others do not, where they prefer opposite outputs, or where answers on a scale are more
than a stated number of steps apart. A tie and a preference do not disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.review.packets import Packet
from harness.review.ratings.unblinded_rating import UnblindedRating, Unit, get_winner

MORE_THAN = 1  # steps of a scale that answers may be apart


def group_by_unit(ratings: Iterable[UnblindedRating]) -> dict[Unit, list[UnblindedRating]]:
    """The ratings of each unit, in the order in which they come."""
    units: dict[Unit, list[UnblindedRating]] = {}
    for rating in ratings:
        units.setdefault(rating.unit, []).append(rating)
    return units


def do_differ(packet: Packet, one: UnblindedRating, other: UnblindedRating, more_than: int) -> bool:
    """Whether two ratings of a unit disagree."""
    if packet.mode == "pairwise":
        winners = {get_winner(one), get_winner(other)}
        return winners == set(one.strategies)
    if packet.mode == "errors":
        return (one.answers["severity"] == "critical") != (other.answers["severity"] == "critical")
    steps = [
        abs(scale.answers.index(one.answers[scale.name]) - scale.answers.index(other.answers[scale.name]))
        for scale in packet.questions.scales
    ]
    return max(steps) > more_than


def find_disagreements(packet: Packet, ratings: Iterable[UnblindedRating], more_than: int) -> list[Unit]:
    """The units on which some two raters disagree."""
    return [
        unit
        for unit, own in group_by_unit(ratings).items()
        if any(do_differ(packet, one, other, more_than) for position, one in enumerate(own) for other in own[:position])
    ]


def select_latest_adjudications(
    packets: Iterable[Iterable[UnblindedRating]],
) -> tuple[dict[Unit, Sequence[UnblindedRating]], frozenset[Unit]]:
    """The ratings of adjudicators that count, by unit: those of one packet for each unit, never votes of several.

    Args:
        packets: the ratings of each packet that settles disagreements, oldest packet first.

    Returns:
        The ratings that were answered last, or, where a file does not say when, those of the newest packet; and the units that were
        settled in more than one packet.
    """
    settled: dict[Unit, Sequence[UnblindedRating]] = {}
    repeated: set[Unit] = set()
    for ratings in packets:
        for unit, own in group_by_unit(ratings).items():
            if unit in settled:
                repeated.add(unit)
            if unit not in settled or _get_last(own).replaces(_get_last(settled[unit])):
                settled[unit] = own
    return settled, frozenset(repeated)


def _get_last(ratings: Sequence[UnblindedRating]) -> UnblindedRating:
    return max(ratings, key=lambda rating: rating.answered_at or "")


@dataclass(frozen=True)
class Settlement:
    """Where raters disagree, and what has been adjudicated.

    Attributes:
        units: with ratings of two raters or more.
        disputed: those on which they disagree.
        ratings: of adjudicators, by unit.
        repeated: the units that were adjudicated in more than one packet, of which the last answer counts.
        more_than: the steps of a scale that answers may be apart.
    """

    units: int
    disputed: tuple[Unit, ...]
    ratings: Mapping[Unit, Sequence[UnblindedRating]]
    more_than: int = MORE_THAN
    repeated: frozenset[Unit] = frozenset()

    @property
    def waiting(self) -> int:
        """Disputed units that no adjudicator has rated."""
        return sum(unit not in self.ratings for unit in self.disputed)

    @property
    def counts(self) -> bool:
        """Whether results rest on it: only once every disagreement is adjudicated, so that a review cannot stop at a result that suits, and
        a rate never mixes examples that were adjudicated with others that should have been."""
        return bool(self.ratings) and not self.waiting
