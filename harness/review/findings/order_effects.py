"""Learning and fatigue: whether a rater answers otherwise in the second half of the items than in the first.

The order of items is random for each rater, so the halves differ only by when they were rated, and no strategy is favoured. Whether a
difference is real is decided by permuting the order: exact for every distribution of answers. The interval is Welch's (1947).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from harness.review.findings.findings import OrderEffect, OrderKind
from harness.review.packets import SEVERITIES
from harness.review.ratings import UnblindedRating, UnblindedRatings, get_meaning, group_by_unit

_FEWEST = 20  # rated items of a rater
_PERMUTATIONS = 4_000
_LEVEL = 0.05  # for all raters and kinds together (Bonferroni)
# What matters: a time that differs by a quarter, and a tenth of the answers or of the scale.
_SMALLEST: Mapping[OrderKind, float] = {"time": math.log(1.25), "agreement": 0.1, "strictness": 0.1}


def compute_order_effects(ratings: UnblindedRatings, *, seed: int = 0) -> tuple[OrderEffect, ...]:
    """The change of each rater's time, agreement with the other raters, and strictness, from the first half of the items to the second.

    Repeated items are left out, because they come late and are known. Raters with fewer than 20 items have no entry.
    """
    units = group_by_unit(ratings.first_ratings)
    positions = {item.id: position for position, item in enumerate(ratings.packet.items)}
    effects: list[tuple[OrderEffect, float]] = []
    for name in dict.fromkeys(rating.rater for rating in ratings.first_ratings):
        own = sorted((rating for rating in ratings.first_ratings if rating.rater == name), key=lambda rating: positions[rating.item])
        values: dict[OrderKind, list[float | None]] = {
            "time": [math.log(rating.seconds) if rating.seconds else None for rating in own],
            "agreement": [_agree(rating, units[rating.unit]) for rating in own],
            "strictness": [_compare_strictness(ratings, rating, units[rating.unit]) for rating in own],
        }
        effects += [each for kind, series in values.items() if (each := _compare_halves(name, kind, series, seed)) is not None]
    level = _LEVEL / max(1, len(effects))
    return tuple(
        replace(effect, is_clear=p_value < level and abs(_to_scale(effect.kind, effect.change)) >= _SMALLEST[effect.kind])
        for effect, p_value in effects
    )


def _to_scale(kind: OrderKind, change: float) -> float:
    return math.log(change) if kind == "time" else change


def _agree(rating: UnblindedRating, own: Sequence[UnblindedRating]) -> float | None:
    """The share of the other raters of an item with the same answers; None without another."""
    others = [each for each in own if each.rater != rating.rater]
    return float(np.mean([get_meaning(each) == get_meaning(rating) for each in others])) if others else None


def _compare_strictness(ratings: UnblindedRatings, rating: UnblindedRating, own: Sequence[UnblindedRating]) -> float | None:
    """How much stricter than the other raters of the item, as a share of the scale; without another, how strict. None for pairs."""
    if ratings.packet.mode == "pairwise":
        return None
    others = [_measure_strictness(ratings, each) for each in own if each.rater != rating.rater]
    return _measure_strictness(ratings, rating) - (float(np.mean(others)) if others else 0.0)


def _measure_strictness(ratings: UnblindedRatings, rating: UnblindedRating) -> float:
    """From 0, the best answer, to 1, the worst."""
    if ratings.packet.mode == "errors":
        return SEVERITIES.index(rating.answers["severity"]) / (len(SEVERITIES) - 1)
    scales = ratings.packet.questions.scales
    return float(np.mean([1 - scale.answers.index(rating.answers[scale.name]) / (len(scale.answers) - 1) for scale in scales]))


def _compare_halves(rater: str, kind: OrderKind, series: Sequence[float | None], seed: int) -> tuple[OrderEffect, float] | None:
    """The change from the first half to the second, and its p-value; None with too few items, or where all are the same."""
    from scipy.stats import ttest_ind

    values = np.array([value for value in series if value is not None])
    half = len(values) // 2
    if len(values) < _FEWEST or np.ptp(values) == 0:
        return None
    first, second = values[:half], values[half:]
    change = float(second.mean() - first.mean())
    rng = np.random.default_rng(seed)
    shuffled = rng.permuted(np.broadcast_to(values, (_PERMUTATIONS, len(values))), axis=1)
    changes = shuffled[:, half:].mean(axis=1) - shuffled[:, :half].mean(axis=1)
    p_value = (1 + int((np.abs(changes) >= abs(change) - 1e-12).sum())) / (_PERMUTATIONS + 1)
    if min(np.ptp(first), np.ptp(second)) == 0:
        low = high = None
    else:
        interval = ttest_ind(second, first, equal_var=False).confidence_interval(0.95)
        low, high = float(interval.low), float(interval.high)
    if kind == "time":
        change, low, high = math.exp(change), math.exp(low) if low is not None else None, math.exp(high) if high is not None else None
    return OrderEffect(rater, kind, change, low, high, len(values)), p_value
