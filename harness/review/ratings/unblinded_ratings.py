"""Ratings joined with the key: whose outputs were rated, on which examples, with which weight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.review.packets import Key, Packet, ReviewItem
from harness.review.ratings.disagreements import (
    MORE_THAN,
    Settlement,
    find_disagreements,
    group_by_unit,
    select_latest_adjudications,
)
from harness.review.ratings.rating_records import Review
from harness.review.ratings.unblinded_rating import UnblindedRating, get_meaning
from harness.statistics import (
    Basis,
    allow_for_unseen,
    clopper_pearson_interval,
    cluster_index,
    count_units,
    proportion_interval,
    weighted_difference,
    weighted_mean,
    weighted_share,
)
from harness.types import Example, Score

Array: TypeAlias = NDArray[np.float64]
_TOLERANCE = 1e-12


class UnblindedRatings:
    """The ratings of a packet. Estimates are over test examples: the mean of an example's raters, weighted by the inverse of the
    example's inclusion probability.

    `ratings` are all ratings of the strategies' outputs, `first_ratings` those of the raters that count, without repeated items, and
    `settled_ratings` what results rest on: where raters disagreed and every disagreement is adjudicated, the adjudicators' ratings
    replace theirs. `check_ratings` are those of items whose right answers are known; they are never results.
    """

    def __init__(self, review: Review, examples: Sequence[Example], confidence: float = 0.95) -> None:
        self.confidence = confidence
        self.packet: Packet = review.packet
        self.key: Key = review.key
        self.excluded = review.excluded
        self.ratings = _unblind(review)
        self.check_ratings = tuple(rating for rating in review.ratings if rating.item in review.key.checks)
        self.adjudications = review.adjudications
        self._groups = {example.id: example.group for example in examples}

    @cached_property
    def first_ratings(self) -> tuple[UnblindedRating, ...]:
        """The ratings of raters that count, without those of repeated items."""
        return tuple(rating for rating in self.ratings if not rating.is_repeat and self.does_count(rating.rater))

    @cached_property
    def settlement(self) -> Settlement:
        """Where the raters disagree, and what adjudicators that count have settled."""
        units = sum(len(own) > 1 for own in group_by_unit(self.first_ratings).values())
        packets = ([rating for rating in _unblind(review) if self.does_count(rating.rater)] for review in self.adjudications)
        settled, repeated = select_latest_adjudications(packets)
        more_than = MORE_THAN
        for review in self.adjudications:  # the newest decides what a disagreement is
            more_than = review.packet.adjudicates.more_than if review.packet.adjudicates is not None else more_than
        return Settlement(units, tuple(find_disagreements(self.packet, self.first_ratings, more_than)), settled, more_than, repeated)

    @cached_property
    def settled_ratings(self) -> tuple[UnblindedRating, ...]:
        """The ratings that results rest on."""
        settlement = self.settlement
        if not settlement.counts:
            return self.first_ratings
        units = group_by_unit(self.first_ratings)
        return tuple(rating for unit, own in units.items() for rating in settlement.ratings.get(unit, own))

    @cached_property
    def corrections(self) -> tuple[UnblindedRating, ...]:
        """The ratings with a corrected version that counts: of an adjudicated item, those of the adjudicators, and of the raters whose
        answers are the same."""
        settled = self.settlement.ratings if self.settlement.counts else {}
        own = [rating for rating in self.ratings if self.does_count(rating.rater)]
        kept = [r for r in own if r.unit not in settled or any(get_meaning(r) == get_meaning(s) for s in settled[r.unit])]
        return tuple(r for r in (*kept, *(r for ratings in settled.values() for r in ratings)) if r.corrected is not None)

    def list_items(self) -> list[ReviewItem]:
        """The items of raters that count, without repeated items and checks."""
        own = [item for item in self.packet.items if item.id in self.key.items and self.does_count(item.rater)]
        return [item for item in own if self.key.items[item.id].repeats is None]

    def does_count(self, rater: str) -> bool:
        """Whether the ratings of this rater count."""
        return all(each.rater != rater for each in self.excluded)

    def select(self, *strategies: str) -> list[UnblindedRating]:
        """The settled ratings of items that show exactly these strategies, in any order."""
        return [rating for rating in self.settled_ratings if set(rating.strategies) == set(strategies)]

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategies in the order in which they were requested."""
        return tuple(self.key.cells)

    @property
    def baseline(self) -> str | None:
        """The strategy that the others are compared with: base, otherwise the first; None with a single strategy that is not base."""
        return "base" if "base" in self.strategies else (self.strategies[0] if len(self.strategies) > 1 else None)

    def average_by_example(self, ratings: Iterable[UnblindedRating], get_value: Callable[[UnblindedRating], float]) -> dict[str, float]:
        """The mean over the raters of each example."""
        values: dict[str, list[float]] = {}
        for rating in ratings:
            values.setdefault(rating.example, []).append(get_value(rating))
        return {example: float(np.mean(by_rater)) for example, by_rater in values.items()}

    def estimate_mean(self, by_example: Mapping[str, float], *, exact: bool = False, scale: tuple[float, float] = (0.0, 1.0)) -> Score:
        """The mean over examples with its interval.

        For values of 0 and 1: Wilson and mid-P, or Clopper–Pearson where `exact`; with groups or unequal inclusion probabilities, the
        interval of as many independent examples as carry the same information (`weighted_share`). Other shares with unequal probabilities,
        such as win rates with ties, are half a difference above one half (`weighted_difference`). Where all values are equal, the share of
        unseen values (`allow_for_unseen`) may lie at the ends of `scale`.
        """
        if not by_example:
            return Score(None, None, None, 0, "no interval", reliable=False, reason="nothing was rated")
        values, probabilities, groups = self.to_arrays(by_example)
        mean, interval = weighted_mean(values, probabilities, groups, self.confidence)
        is_simple = not self.has_unequal_probabilities(by_example) and cluster_index(groups, len(groups)) is None
        if np.isin(values, (0.0, 1.0)).all() and scale == (0.0, 1.0):
            if is_simple:
                compute_interval = clopper_pearson_interval if exact else proportion_interval
                interval = compute_interval(int(values.sum()), len(values), self.confidence)
            else:
                _, interval = weighted_share(values, probabilities, groups, self.confidence)
        elif scale == (0.0, 1.0) and self.has_unequal_probabilities(by_example):
            _, lead = weighted_difference(2 * values - 1, probabilities, groups, confidence=self.confidence)
            if lead.low is not None and lead.high is not None:
                interval = replace(lead, low=(1 + lead.low) / 2, high=(1 + lead.high) / 2, se=None if lead.se is None else lead.se / 2)
        elif np.ptp(values) < _TOLERANCE and interval.low is not None:
            count = count_units(len(values), cluster_index(groups, len(groups)))
            method = f"no spread: Clopper–Pearson of none in {count}"
            basis = Basis(len(values), count, method, "all examples have the same value")
            interval = basis.interval(*allow_for_unseen(mean, scale, count, self.confidence), se=0.0)
        scope = "" if self.key.representative else "; valid for the sampled examples only"
        method = f"{interval.method}{scope}"
        low, high = (None if end is None else min(max(end, scale[0]), scale[1]) for end in (interval.low, interval.high))
        return Score(mean, low, high, len(values), method, reliable=interval.reliable, reason=interval.reason)

    def has_unequal_probabilities(self, examples: Iterable[str]) -> bool:
        """Whether some of these examples were more likely to be sampled than others."""
        probabilities = [self.key.inclusion_probabilities[example] for example in examples]
        return bool(probabilities) and max(probabilities) - min(probabilities) >= _TOLERANCE

    def get_cluster(self, example: str) -> str:
        """The unit that is independent of the others: the example's group, otherwise the example."""
        group = self._groups.get(example)
        return example if group is None else f"group {group}"

    def count_votes(self, by_example: Mapping[str, float], half: float) -> tuple[int, int] | None:
        """The number of independent units (examples, or groups) above and below one half.

        None with unequal inclusion probabilities, where such counts mean nothing.
        """
        if self.has_unequal_probabilities(by_example):
            return None
        sums: dict[str, float] = {}
        for example, value in by_example.items():
            cluster = self.get_cluster(example)
            sums[cluster] = sums.get(cluster, 0.0) + value - half
        return sum(total > _TOLERANCE for total in sums.values()), sum(total < -_TOLERANCE for total in sums.values())

    def to_arrays(self, by_example: Mapping[str, float]) -> tuple[Array, Array, list[str | None]]:
        """Values (n,), inclusion probabilities (n,) and groups of the examples."""
        examples = list(by_example)
        probabilities = np.array([self.key.inclusion_probabilities[example] for example in examples])
        return np.array([by_example[example] for example in examples]), probabilities, [self._groups.get(example) for example in examples]


def _unblind(review: Review) -> tuple[UnblindedRating, ...]:
    """The ratings of the strategies' outputs, without those of check items."""
    examples = {item.id: item.example for item in review.packet.items}
    return tuple(
        UnblindedRating(
            **vars(rating),
            example=examples[rating.item],
            strategies=key.strategies,
            is_repeat=key.repeats is not None,
            is_adjudication=review.packet.adjudicates is not None,
        )
        for rating in review.ratings
        if (key := review.key.items.get(rating.item)) is not None
    )
