"""Ratings joined with the key: whose outputs were rated, on which examples, with which weight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.review.packets import Key, Packet
from harness.review.ratings.rating_records import Rating, Review
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


@dataclass(frozen=True, kw_only=True)
class UnblindedRating(Rating):
    """A rating with what is behind its item."""

    example: str
    strategies: tuple[str, ...]
    """From left to right."""
    is_repeat: bool
    """Whether the item repeats an earlier one."""


class UnblindedRatings:
    """The ratings of a packet. Estimates are over test examples: the mean of an example's raters, weighted by the inverse of the
    example's inclusion probability.

    `ratings` are all ratings, `first_ratings` those without repeated items.
    """

    def __init__(self, review: Review, examples: Sequence[Example], confidence: float = 0.95) -> None:
        self.confidence = confidence
        self.packet: Packet = review.packet
        self.key: Key = review.key
        items = {item.id: item for item in review.packet.items}
        self.ratings = tuple(
            UnblindedRating(
                **vars(rating), example=items[rating.item].example, strategies=key.strategies, is_repeat=key.repeats is not None
            )
            for rating in review.ratings
            if (key := review.key.items.get(rating.item)) is not None
        )
        self._groups = {example.id: example.group for example in examples}

    @cached_property
    def first_ratings(self) -> tuple[UnblindedRating, ...]:
        """The ratings without those of repeated items."""
        return tuple(rating for rating in self.ratings if not rating.is_repeat)

    def select(self, *strategies: str) -> list[UnblindedRating]:
        """The first ratings of items that show exactly these strategies, in any order."""
        return [rating for rating in self.first_ratings if set(rating.strategies) == set(strategies)]

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
