"""What would more training rows bring? One strategy at several training sizes, and what its scores predict for more.

The scores follow, as learning curves mostly do, an inverse power law of the number of training rows n,

    score(n) = a − b·n^(−c),   c > 0

(Figueroa et al. 2012, "Predicting sample size required for classification performance", BMC Medical Informatics and Decision Making
12:8; Hestness et al. 2017, "Deep learning scaling is predictable, empirically", arXiv:1712.00409). `a` is where the score ends and lies
within the limits of its scale. The sign of `b` is free: scores where lower is better, and scores that fall with more rows, follow
the same law. Every size counts the same in the fit.

For a given c the law is linear in a and b, so that their least squares are exact, and c alone is searched for (variable projection,
Golub & Pereyra 1973): the best fit of the whole range, not of the neighbourhood of a guess, for a thousand resamples at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS
from harness.statistics.clusters import cluster_index
from harness.statistics.interval import Basis, too_few_units
from harness.statistics.intervals import bootstrap_basis, units, unseen_room
from harness.statistics.pairs import Comparison, compare_scores
from harness.statistics.resampling import resampled_scores, seen_scores
from harness.statistics.statistic_rows import whole_rows
from harness.types import Metric, Score

Array: TypeAlias = NDArray[np.float64]
GainOutlook: TypeAlias = Literal["gain", "no gain", "undecided"]

LEAST_SIZES = 4  # three parameters pass through three points whatever they are
FAR = 10  # times the largest size run: beyond it nothing was checked, here or in the papers above
TARGETS = (10_000,)  # asked about for every strategy, where no size run is as large

_EXPONENTS = np.geomspace(0.05, 5.0, 93)  # from almost a logarithm to a step at the smallest size
_SAME = 1e-12
_COLUMNS = 4_000_000  # numbers of the statistics that are resampled at once: 32 MB


@dataclass(frozen=True)
class Fit:
    """score(n) = a − b·n^(−c)."""

    a: float
    b: float
    c: float

    def at(self, size: float) -> float:
        """The score on the curve at this number of training rows."""
        return float(self.a - self.b * size**-self.c)


@dataclass(frozen=True)
class Step:
    """What more rows bring: from one size to another, in the direction that is better. None where there is no (valid) number.
    `reliable` is that of its interval."""

    start: int
    end: int
    gain: float | None
    low: float | None
    high: float | None
    reliable: bool


@dataclass(frozen=True)
class Forecast:
    """The score that the curve predicts at `size`, and the gain over the largest size run, both read off the curve.

    `far` means more than ten times the largest size run. `outlook` is "gain" where the whole interval of the gain is above the margin,
    "no gain" where it is below, else "undecided". Not above 0: on a curve that has risen, every prediction lies higher by the form of
    the law alone.
    """

    size: int
    value: float
    low: float | None
    high: float | None
    step: Step
    far: bool
    outlook: GainOutlook


@dataclass(frozen=True)
class LearningCurve:
    """One strategy over its training sizes.

    `problem` says why there is no fit, or why no outlook follows from it; empty where there is a fit that can be used.
    `reliable` tells whether the test rows are within the range in which the intervals are known to hold; else `reason` says why not.
    `last` is the step between the two largest sizes as it was measured, with the interval that `compare_scores` gives (other test
    rows, the trainings taken as they are). `seeds` is the smallest number of trainings of a size.
    """

    points: tuple[tuple[int, Score], ...]
    fit: Fit | None
    problem: str
    forecasts: tuple[Forecast, ...]
    last: Step
    seeds: int
    margin: float
    method: str
    reliable: bool
    reason: str


def learning_curve(
    stacks: Mapping[int, Array],
    scores: Mapping[int, Score],
    *,
    metric: Metric,
    groups: Sequence[str | None],
    margin: float,
    targets: Sequence[int] = TARGETS,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> LearningCurve:
    """The curve of one strategy: its scores by size, the law that they follow, and what it predicts at twice and ten times the
    largest size and at `targets`.

    How sure: the test examples (whole groups where there are groups) are resampled for all sizes together, the trainings of a size,
    where there are several, within the size; the law is fitted again each time, and the percentiles are taken. A bootstrap of S
    trainings spreads too little by (S−1)/S (Davison & Hinkley 1997, section 2.3), so their deviations are stretched by √(S/(S−1)),
    and, so few as they are, by the root of one df/χ² a resample, as a t distribution is. Where a size was trained once, nothing shows
    how another training would come out: the scatter of the k sizes about the curve stands in for it, with k − 3 degrees of freedom
    (without it such intervals held the truth half of the time in simulations).

    Valid for 200 test rows or more whose scores follow the law. In simulations (4 and 6 sizes, 200 and 2,000 rows, 1 to 3 trainings)
    the intervals of the prediction and of the gain at twice and ten times the largest size held the truth 93–100 % of the time, wider
    than need be with few sizes of one training each; 86–92 % where the curve is flat and trainings differ by far more than test rows.

    Args:
        stacks: by training size, the statistics (n, seeds, d) of the same test examples, as `statistic_stack` gives.
        scores: by training size, the score with its interval.
        groups: the cluster of each example.
        margin: Δ, above 0, in the unit of the score.

    Raises:
        ValueError: fewer than two sizes, or stacks of different examples.
    """
    sizes = sorted(stacks)
    if len(sizes) < 2:
        raise ValueError(f"a learning curve needs two sizes, not {len(sizes)}")
    rows = whole_rows(np.concatenate([stacks[n] for n in sizes], axis=1), groups)
    cells = [stacks[n].shape[1] for n in sizes]
    curve = _Curve(np.array(sizes, dtype=np.float64), cells, rows.stack, cluster_index(rows.groups, len(rows.stack)), metric, confidence)
    points = tuple((n, scores[n]) for n in sizes)
    before, after = sizes[-2:]
    last = _measured(before, after, compare_scores(stacks[before], stacks[after], metric=metric, groups=groups, margin=margin), metric)
    if len(rows.stack) == 0:
        problem = "no test example has a score at every size"
        return LearningCurve(points, None, problem, (), last, min(cells), margin, "no interval", reliable=False, reason=problem)
    observed, resampled = curve.observed(), curve.resampled(resamples, seed)
    basis = curve.basis(resamples, seed)
    reliability = basis.method, basis.reliable, basis.reason
    if len(sizes) < LEAST_SIZES:
        problem = f"{LEAST_SIZES} sizes are needed, {len(sizes)} were run"
        return LearningCurve(points, None, problem, (), last, min(cells), margin, *reliability)
    fit = fit_power_law(sizes, observed, metric.unit)
    if resampled is not None:
        resampled = resampled + curve.scatter(fit, observed, resamples, seed)
    refits = None if resampled is None else power_laws(curve.sizes, resampled, BOUNDS.get(metric.unit))
    problem = curve.unusable(fit, resampled)
    wanted = sorted({2 * sizes[-1], FAR * sizes[-1], *(t for t in targets if t > sizes[-1])})
    forecasts = tuple(curve.forecast(fit, refits, n, margin, usable=not problem, reliable=basis.reliable) for n in wanted)
    return LearningCurve(points, fit, problem, forecasts, last, min(cells), margin, *reliability)


def _measured(start: int, end: int, found: Comparison, metric: Metric) -> Step:
    if metric.direction != "lower":
        return Step(start, end, found.difference, found.low, found.high, found.reliable)
    low, high = (None if limit is None else -limit for limit in (found.high, found.low))
    return Step(start, end, None if found.difference is None else -found.difference, low, high, found.reliable)


def fit_power_law(sizes: Sequence[int], scores: Sequence[float] | Array, unit: str = "") -> Fit:
    """The inverse power law through the scores (k,) at these sizes, by least squares, `a` within the limits of the unit."""
    laws = power_laws(np.asarray(sizes, dtype=np.float64), np.asarray(scores, dtype=np.float64)[None], BOUNDS.get(unit))
    return Fit(*(float(v) for v in laws[0]))


def power_laws(sizes: Array, scores: Array, bounds: tuple[float, float] | None) -> Array:
    """The best (a, b, c) of each row of scores, (R, k) at sizes (k,) → (R, 3).

    The exponent is taken from a grid, then twice from a finer one around the best so far, to about a thousandth of its value.
    """
    grid = np.broadcast_to(_EXPONENTS, (len(scores), len(_EXPONENTS)))
    ratio = _EXPONENTS[1] / _EXPONENTS[0]
    best = np.empty((len(scores), 3))
    for _ in range(3):
        a, b, missed = _linear_fits(sizes, scores, grid, bounds)
        at = np.arange(len(scores)), missed.argmin(axis=1)
        best = np.stack([a[at], b[at], grid[at]], axis=1)
        around = ratio ** np.linspace(-1, 1, 9)
        grid = np.clip(best[:, 2:] * around, _EXPONENTS[0], _EXPONENTS[-1])
        ratio **= 0.25
    best[:, 1] *= sizes[-1] ** best[:, 2]  # sizes were taken as shares of the largest
    return best


def _linear_fits(sizes: Array, scores: Array, exponents: Array, bounds: tuple[float, float] | None) -> tuple[Array, Array, Array]:
    """For each row and exponent (R, C): a, b (of sizes as shares of the largest) and the sum of squares that is left."""
    falls = (sizes / sizes[-1]) ** -exponents[..., None]  # (R, C, k)
    y = scores[:, None, :]
    off = falls - falls.mean(axis=-1, keepdims=True)
    b = -(off * y).sum(axis=-1) / (off**2).sum(axis=-1)
    a = y.mean(axis=-1) + b * falls.mean(axis=-1)
    if bounds is not None:  # a parabola in a for the best b of each a: outside the limits, the limit is the best
        outside = (a < bounds[0]) | (a > bounds[1])
        a = np.clip(a, *bounds)
        b = np.where(outside, (falls * (a[..., None] - y)).sum(axis=-1) / (falls**2).sum(axis=-1), b)
    return a, b, ((y - a[..., None] + b[..., None] * falls) ** 2).sum(axis=-1)


@dataclass(frozen=True)
class _Curve:
    """The examples that count, with the cells of all sizes side by side: (n, cells, d)."""

    sizes: Array
    cells: Sequence[int]
    stack: Array
    cluster: NDArray[np.int64] | None
    metric: Metric
    confidence: float

    def observed(self) -> Array:
        """The score of each size, the mean of its trainings, (k,)."""
        scores: Array = self._means(seen_scores(self.metric, self.stack)[None], None)[0]
        return scores

    def resampled(self, resamples: int, seed: int) -> Array | None:
        """The scores of the sizes in each resample, (resamples, k); None where there is nothing to resample."""
        if units(len(self.stack), self.cluster) < 2:
            return None
        n, cells, width = self.stack.shape
        scores = np.empty((resamples, cells))
        step = max(1, _COLUMNS // (n * width))
        for start in range(0, cells, step):  # the same seed: the same examples in every batch of cells
            part = self.stack[:, start : start + step]
            scores[:, start : start + step] = resampled_scores(self.metric, part, self.cluster, resamples, seed)
        return self._means(scores, np.random.default_rng([seed, 1]))

    def _means(self, scores: Array, rng: np.random.Generator | None) -> Array:
        """Scores of cells (R, cells) → of sizes (R, k); with a generator the trainings of a size are drawn with replacement."""
        df = sum(self.cells) - len(self.cells)
        wider = np.ones((len(scores), 1)) if rng is None or df == 0 else np.sqrt(df / rng.chisquare(df, size=(len(scores), 1)))
        means, start = [], 0
        for count in self.cells:
            own = scores[:, start : start + count]
            weights = np.full(own.shape, 1 / count)
            if rng is not None and count > 1:
                drawn = rng.multinomial(count, [1 / count] * count, size=len(own)) / count
                weights = weights + (drawn - weights) * np.sqrt(count / (count - 1)) * wider
            means.append((weights * own).sum(axis=1))
            start += count
        return np.stack(means, axis=1)

    def scatter(self, fit: Fit, observed: Array, resamples: int, seed: int) -> Array:
        """Draws (resamples, k) of how another training would move the sizes that were trained once: the residuals' standard deviation,
        times normal numbers over the root of one χ²/df a resample, as in a t with k − 3 degrees of freedom."""
        df = len(self.sizes) - 3
        residuals = observed - np.array([fit.at(n) for n in self.sizes])
        rng = np.random.default_rng([seed, 2])
        scale = np.sqrt(np.sum(residuals**2) / rng.chisquare(df, size=(resamples, 1)))
        return np.asarray(scale * rng.normal(size=(resamples, len(self.sizes))) * (np.array(self.cells) == 1))

    def unusable(self, fit: Fit, resampled: Array | None) -> str:
        """Why nothing follows from the fit; empty if something does."""
        if self.metric.direction == "none":
            return f"{self.metric.name} has no better direction"
        if resampled is None:
            return too_few_units(len(self.stack), 1)
        tail = (1 - self.confidence) / 2 / len(self.sizes)  # Bonferroni: one size out of many is off by chance
        low, high = np.quantile(resampled, [tail, 1 - tail], axis=0)
        curve = np.array([fit.at(n) for n in self.sizes])
        missed = self.sizes[(curve < low - _SAME) | (curve > high + _SAME)]
        where = ", ".join(f"{int(n):,}" for n in missed)
        return f"the scores do not follow the curve: it lies outside what the score can be at {where} rows" if where else ""

    def forecast(self, fit: Fit, refits: Array | None, size: int, margin: float, *, usable: bool, reliable: bool) -> Forecast:
        """The prediction at one size. Both ends of the gain lie on the curve, so that the noise of a single score is not a gain."""
        largest = int(self.sizes[-1])
        value, end = self._bounded(np.array([fit.at(size), fit.at(largest)]))
        values = ends = None
        if refits is not None:
            values, ends = (self._bounded(refits[:, 0] - refits[:, 1] * n ** -refits[:, 2]) for n in (size, largest))
        gains = None if values is None or ends is None else values - ends
        step = self.step(largest, size, float(value - end), gains, reliable=reliable)
        low, high = self._interval(float(value), values)
        return Forecast(size, float(value), low, high, step, size > FAR * largest, _outlook(step, margin) if usable else "undecided")

    def step(self, start: int, end: int, difference: float, resampled: Array | None, *, reliable: bool) -> Step:
        """A difference between two sizes as a gain."""
        sign = -1.0 if self.metric.direction == "lower" else 1.0
        gain = sign * difference
        if resampled is None:
            return Step(start, end, float(gain), None, None, reliable=False)
        low, high = self._interval(float(gain), sign * resampled, of_difference=True)
        return Step(start, end, float(gain), low, high, reliable and low is not None)

    def _interval(self, value: float, resampled: Array | None, *, of_difference: bool = False) -> tuple[float | None, float | None]:
        """The percentiles; where nothing varied, as wide as what n rows cannot have shown (as in `scores`), on a scale with limits."""
        if resampled is None:
            return None, None
        if np.ptp(resampled) >= _SAME:
            low, high = np.quantile(resampled, [(1 - self.confidence) / 2, (1 + self.confidence) / 2])
            return float(low), float(high)
        if self.metric.unit not in BOUNDS:
            return None, None
        lowest, highest = BOUNDS[self.metric.unit]
        if of_difference:
            lowest, highest = lowest - highest, highest - lowest
        return unseen_room(value, (lowest, highest), units(len(self.stack), self.cluster), self.confidence)

    def _bounded(self, scores: Array) -> Array:
        bounds = BOUNDS.get(self.metric.unit)
        return scores if bounds is None else np.clip(scores, *bounds)

    def basis(self, resamples: int, seed: int) -> Basis:
        """What was done, and whether the intervals can be relied on."""
        basis = bootstrap_basis(self.stack, self.cluster, resamples, seed)
        counts = sorted(set(self.cells))
        several = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else str(counts[0])
        trainings = "1 training a size, scatter about the curve added" if counts == [1] else f"{several} trainings a size, resampled"
        return replace(basis, method=f"inverse power law, paired {basis.method}; {trainings}")


def _outlook(step: Step, margin: float) -> GainOutlook:
    if step.low is None or step.high is None:
        return "undecided"
    if step.low > margin:
        return "gain"
    return "no gain" if step.high < margin else "undecided"
