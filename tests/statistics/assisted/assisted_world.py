"""Examples with a true rating and automatic scores of known worth, of which some are rated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.review.packets.example_sampling import draw_uniform_sample, draw_weighted_sample
from harness.statistics import AssistedMean, Interval, assisted_mean, proportion_interval, weighted_mean, weighted_share

Array: TypeAlias = NDArray[np.float64]


def five_answers(quantile: Array) -> Array:
    """A scale of five answers, most of them good."""
    return np.digitize(quantile, [0.05, 0.15, 0.4, 0.75]) + 1.0


def share(rate: float) -> Callable[[Array], Array]:
    """1 in this share of the examples."""
    return lambda quantile: (quantile > 1 - rate).astype(float)


def wins(quantile: Array) -> Array:
    """Half are won, a fifth are ties."""
    return np.where(quantile > 0.5, 1.0, np.where(quantile > 0.3, 0.5, 0.0))


def skewed(quantile: Array) -> Array:
    """Exponential."""
    return -np.log1p(-quantile)


@dataclass(frozen=True)
class World:
    """How examples, ratings and scores come about.

    Attributes:
        rating: from a quantile to a rating.
        truth: its mean.
        worth: the correlation of the last score with what the rating depends on; all other scores are useless.
        scores: how many.
        shape: what is done to the last score: it stays as it is, is stretched and shifted, has a heavy tail, is 0 or 1, or is the verdict
            of a judge that sees every rating but those of the blind share, which it takes for the best.
        rows: examples of each group, which share 40% of their variance.
        blind: the share of examples with the worst rating whatever their scores; part of `truth`.
        ends: of the scale.
        favoured: which examples are more likely to be rated: none, those with a low last score, or with one far from 0.
        confidence: of the intervals.
    """

    rating: Callable[[Array], Array]
    truth: float
    worth: float = 0.0
    scores: int = 1
    shape: str = "plain"
    rows: int = 1
    blind: float = 0.0
    ends: tuple[float, float] | None = (0.0, 1.0)
    favoured: str = ""
    examples: int = 400
    confidence: float = 0.95

    def simulate(self, n: int, rng: np.random.Generator) -> tuple[Interval, AssistedMean]:
        """The interval of n ratings alone, and with the help of the scores."""
        from scipy.special import ndtr

        hidden = self._draw(rng)
        seen = ratings = self.rating(ndtr(hidden))
        if self.blind and self.ends is not None:
            is_blind = rng.random(self.examples) < self.blind
            ratings, seen = np.where(is_blind, self.ends[0], ratings), np.where(is_blind, self.ends[1], ratings)
        scores = np.column_stack([self._draw(rng) for _ in range(self.scores)])
        last = self.worth * hidden + np.sqrt(1 - self.worth**2) * scores[:, -1]
        shapes = {"plain": last, "biased": np.exp(last) + 3, "heavy": last**3, "flag": np.where(last > 0.5, 1.0, 0.0), "verdict": seen}
        scores[:, -1] = shapes[self.shape]
        groups: list[str | int | None] = [i // self.rows if self.rows > 1 else None for i in range(self.examples)]
        sizes = {"low": -last, "far": np.abs(last)}.get(self.favoured)
        sample = draw_uniform_sample(self.examples, n, rng) if sizes is None else draw_weighted_sample(list(sizes), n, rng)
        rated, probabilities = np.array(sample.positions), np.array(sample.probabilities)
        is_share = bool(np.isin(ratings, (0.0, 1.0)).all())
        alone = self._alone(ratings[rated], probabilities, [groups[i] for i in rated], is_share)
        assisted = assisted_mean(
            ratings[rated], rated, scores, probabilities, groups, alone, is_share=is_share, ends=self.ends, confidence=self.confidence
        )
        return alone, assisted

    def _draw(self, rng: np.random.Generator) -> Array:
        shared = np.repeat(rng.normal(size=self.examples // self.rows), self.rows)
        return shared if self.rows == 1 else np.sqrt(0.4) * shared + np.sqrt(0.6) * rng.normal(size=self.examples)

    def _alone(self, ratings: Array, probabilities: Array, groups: list[str | int | None], is_share: bool) -> Interval:
        if not is_share:
            return weighted_mean(ratings, probabilities, groups, confidence=self.confidence)[1]
        if self.rows == 1 and not self.favoured:
            return proportion_interval(int(ratings.sum()), len(ratings), confidence=self.confidence)
        return weighted_share(ratings, probabilities, groups, confidence=self.confidence)[1]


@dataclass(frozen=True)
class Outcome:
    """Of many samples, the share in which the interval missed the truth, and the mean width relative to that of the ratings alone.

    `missed` counts the interval that a user sees: of the ratings alone where no score helps. `too_high` are those that lie above the truth,
    so that the lower end claims too much.
    """

    missed: float
    too_high: float
    width: float
    widest: float
    gained: float
    used: float


def repeat(world: World, n: int, times: int, seed: int = 0) -> Outcome:
    """What happens in so many samples. Samples whose ratings are all equal have no interval of a mean, and are drawn again."""
    rng = np.random.default_rng([seed, n, world.examples, world.scores, int(100 * world.worth), world.rows])
    missed, too_high, widths, gains, used = 0, 0, [], [], 0
    while len(widths) < times:
        alone, assisted = world.simulate(n, rng)
        if alone.low is None or alone.high is None or alone.high - alone.low < 1e-12:
            continue
        shown = assisted.interval or alone
        assert shown.low is not None and shown.high is not None
        missed += not shown.low <= world.truth <= shown.high
        too_high += shown.low > world.truth
        widths.append((shown.high - shown.low) / (alone.high - alone.low))
        gains.append(assisted.effective or float(n))
        used += assisted.interval is not None
    return Outcome(missed / times, too_high / times, float(np.mean(widths)), max(widths), float(np.mean(gains)), used / times)


FIVE = World(five_answers, 1 + 0.95 + 0.85 + 0.6 + 0.25, ends=(1.0, 5.0))
BLIND = replace(FIVE, worth=0.9, blind=0.05, truth=0.05 * 1 + 0.95 * FIVE.truth)
WINS = World(wins, 0.6)
SKEWED = World(skewed, 1.0, ends=None)


def of_share(rate: float, **changes: object) -> World:
    """A world in which this share of the examples has the rating 1."""
    return replace(World(share(rate), rate), **changes)  # type: ignore[arg-type]
