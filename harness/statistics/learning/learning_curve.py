"""What would more training examples bring? One strategy at several training sizes, and what its scores predict for more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS
from harness.statistics.comparison import SAME, Comparison, compare_scores
from harness.statistics.examples import cluster_index, complete_examples, count_units, observed_scores, resampled_scores
from harness.statistics.intervals import Basis, allow_for_unseen, bootstrap_basis, too_few_units
from harness.statistics.learning.power_law import Fit, fit_power_law, fit_power_laws
from harness.types import Metric, Score

Array: TypeAlias = NDArray[np.float64]
GainOutlook: TypeAlias = Literal["gain", "no gain", "undecided"]

MIN_SIZES = 4  # three parameters pass through three points whatever they are
FAR_FACTOR = 10  # times the largest size: nothing beyond it was checked, here or in the papers
TARGET_SIZES = (10_000,)  # forecast for every strategy whose sizes are smaller

_BATCH = 4_000_000  # statistics that are resampled at once: 32 MB


@dataclass(frozen=True)
class Step:
    """The gain from one training size to another, in the direction that is better.

    Attributes:
        gain, low, high: None where there is no number, or no valid interval.
        reliable: whether the interval is.
    """

    start: int
    end: int
    gain: float | None
    low: float | None
    high: float | None
    reliable: bool


@dataclass(frozen=True)
class Forecast:
    """The score that the curve predicts at `size`.

    Attributes:
        step: the gain over the largest size that was run, both ends read off the curve.
        is_far: whether `size` is more than ten times the largest size that was run.
        outlook: "gain" where the whole interval of the gain is above the margin, "no gain" where it is below, else "undecided". The
            threshold is not 0: on a curve that has risen, the form of the law alone makes every prediction higher.
    """

    size: int
    value: float
    low: float | None
    high: float | None
    step: Step
    is_far: bool
    outlook: GainOutlook


@dataclass(frozen=True)
class LearningCurve:
    """One strategy over its training sizes.

    Attributes:
        problem: why there is no fit, or why no outlook follows from it; empty where the fit can be used.
        last_step: the measured gain between the two largest sizes, with the interval of `compare_scores` (other test examples, the same
            trained models).
        min_seeds: the smallest number of training runs of a size.
        method, reliable, reason: those of the forecasts' intervals (see `Interval`).
    """

    points: tuple[tuple[int, Score], ...]
    fit: Fit | None
    problem: str
    forecasts: tuple[Forecast, ...]
    last_step: Step
    min_seeds: int
    margin: float
    method: str
    reliable: bool
    reason: str


def fit_learning_curve(
    stacks: Mapping[int, Array],
    scores: Mapping[int, Score],
    *,
    metric: Metric,
    groups: Sequence[str | None],
    margin: float,
    targets: Sequence[int] = TARGET_SIZES,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> LearningCurve:
    """The curve of one strategy: its scores by size, the law through them, and its forecasts at twice and ten times the largest size and at
    `targets`.

    Intervals: the test examples (whole groups where there are groups) are resampled for all sizes together, and the training runs of a
    size, where there are several, within the size. The law is fitted again each time, and the percentiles are taken. A bootstrap of S
    training runs spreads too little by (S−1)/S (Davison & Hinkley 1997, section 2.3), so their deviations are stretched by √(S/(S−1)) and,
    since there are few, by the root of one df/χ² per resample, as in a t distribution. Where a size was trained once, the data do not show
    how another training run would score: the scatter of the k sizes about the curve is used instead, with k − 3 degrees of freedom (without
    it, such intervals covered the truth half of the time in simulations).

    Valid for 200 test examples or more whose scores follow the law. In simulations (4 and 6 sizes, 200 and 2,000 examples, 1 to 3 training
    runs) the intervals of the prediction and of the gain at twice and ten times the largest size covered the truth 93–100% of the time,
    wider than necessary with few sizes of one training run each; 86–92% where the curve is flat and training runs differ by far more than
    test examples.

    Args:
        stacks: by training size, the statistics (n, seeds, d) of the same test examples, as `statistic_stack` returns.
        scores: by training size, the score with its interval.
        groups: the group of each example.
        margin: Δ, above 0, in the unit of the score.

    Raises:
        ValueError: fewer than two sizes, or stacks of different examples.
    """
    sizes = sorted(stacks)
    if len(sizes) < 2:
        raise ValueError(f"a learning curve needs two sizes, not {len(sizes)}")
    complete = complete_examples(np.concatenate([stacks[n] for n in sizes], axis=1), groups)
    runs = [stacks[n].shape[1] for n in sizes]
    cluster = cluster_index(complete.groups, len(complete.stack))
    data = _CurveData(np.array(sizes, dtype=np.float64), runs, complete.stack, cluster, metric, confidence)
    points = tuple((n, scores[n]) for n in sizes)
    before, after = sizes[-2:]
    comparison = compare_scores(stacks[before], stacks[after], metric=metric, groups=groups, margin=margin)
    last_step = _measured_step(before, after, comparison, metric)
    if len(complete.stack) == 0:
        problem = "no test example has a score at every size"
        return LearningCurve(points, None, problem, (), last_step, min(runs), margin, "no interval", reliable=False, reason=problem)
    observed, resampled = data.observed(), data.resampled(resamples, seed)
    basis = data.basis(resamples, seed)
    reliability = basis.method, basis.reliable, basis.reason
    if len(sizes) < MIN_SIZES:
        problem = f"{MIN_SIZES} sizes are needed, {len(sizes)} were run"
        return LearningCurve(points, None, problem, (), last_step, min(runs), margin, *reliability)
    fit = fit_power_law(sizes, observed, metric.unit)
    if resampled is not None:
        resampled = resampled + data.scatter(fit, observed, resamples, seed)
    refits = None if resampled is None else fit_power_laws(data.sizes, resampled, BOUNDS.get(metric.unit))
    problem = data.find_problem(fit, resampled)
    ahead = sorted({2 * sizes[-1], FAR_FACTOR * sizes[-1], *(t for t in targets if t > sizes[-1])})
    forecasts = tuple(data.forecast(fit, refits, n, margin, usable=not problem, reliable=basis.reliable) for n in ahead)
    return LearningCurve(points, fit, problem, forecasts, last_step, min(runs), margin, *reliability)


def _measured_step(start: int, end: int, comparison: Comparison, metric: Metric) -> Step:
    if metric.direction != "lower":
        return Step(start, end, comparison.difference, comparison.low, comparison.high, comparison.reliable)
    gain, low, high = (None if value is None else -value for value in (comparison.difference, comparison.high, comparison.low))
    return Step(start, end, gain, low, high, comparison.reliable)


@dataclass(frozen=True)
class _CurveData:
    """The examples that have a score at every size, with the training runs of all sizes side by side: (n, training runs, d)."""

    sizes: Array
    runs: Sequence[int]
    stack: Array
    cluster: NDArray[np.int64] | None
    metric: Metric
    confidence: float

    @property
    def units(self) -> int:
        """The number of independent units."""
        return count_units(len(self.stack), self.cluster)

    def observed(self) -> Array:
        """The score of each size, averaged over its training runs, (k,)."""
        scores: Array = self._means(observed_scores(self.metric, self.stack)[None], None)[0]
        return scores

    def resampled(self, resamples: int, seed: int) -> Array | None:
        """The scores of the sizes in each resample, (resamples, k); None with a single unit."""
        if self.units < 2:
            return None
        n, runs, width = self.stack.shape
        scores = np.empty((resamples, runs))
        step = max(1, _BATCH // (n * width))
        for start in range(0, runs, step):  # the same seed: the same examples in every batch of training runs
            part = self.stack[:, start : start + step]
            scores[:, start : start + step] = resampled_scores(self.metric, part, self.cluster, resamples, seed)
        return self._means(scores, np.random.default_rng([seed, 1]))

    def _means(self, scores: Array, rng: np.random.Generator | None) -> Array:
        """Scores of training runs (R, runs) → of sizes (R, k); with a generator, the runs of a size are drawn with replacement."""
        df = sum(self.runs) - len(self.runs)
        wider = np.ones((len(scores), 1)) if rng is None or df == 0 else np.sqrt(df / rng.chisquare(df, size=(len(scores), 1)))
        means, start = [], 0
        for count in self.runs:
            own = scores[:, start : start + count]
            weights = np.full(own.shape, 1 / count)
            if rng is not None and count > 1:
                drawn = rng.multinomial(count, [1 / count] * count, size=len(own)) / count
                weights = weights + (drawn - weights) * np.sqrt(count / (count - 1)) * wider
            means.append((weights * own).sum(axis=1))
            start += count
        return np.stack(means, axis=1)

    def scatter(self, fit: Fit, observed: Array, resamples: int, seed: int) -> Array:
        """Draws (resamples, k) of how another training run would move the sizes that were trained once: the standard deviation of the
        residuals, times normal numbers over the root of one χ²/df per resample, as in a t distribution with k − 3 degrees of freedom."""
        df = len(self.sizes) - 3
        residuals = observed - np.array([fit.at(n) for n in self.sizes])
        rng = np.random.default_rng([seed, 2])
        scale = np.sqrt(np.sum(residuals**2) / rng.chisquare(df, size=(resamples, 1)))
        return np.asarray(scale * rng.normal(size=(resamples, len(self.sizes))) * (np.array(self.runs) == 1))

    def find_problem(self, fit: Fit, resampled: Array | None) -> str:
        """Why nothing follows from the fit; empty if it can be used."""
        if self.metric.direction == "none":
            return f"{self.metric.name} has no better direction"
        if resampled is None:
            return too_few_units(len(self.stack), self.units)
        tail = (1 - self.confidence) / 2 / len(self.sizes)  # Bonferroni: of many sizes, one is off by chance
        low, high = np.quantile(resampled, [tail, 1 - tail], axis=0)
        curve = np.array([fit.at(n) for n in self.sizes])
        missed = self.sizes[(curve < low - SAME) | (curve > high + SAME)]
        where = ", ".join(f"{int(n):,}" for n in missed)
        return f"the scores do not follow the curve: it lies outside their range at {where} training examples" if where else ""

    def forecast(self, fit: Fit, refits: Array | None, size: int, margin: float, *, usable: bool, reliable: bool) -> Forecast:
        """The prediction at one size. Both ends of the gain lie on the curve, so that the noise of a single score does not count as
        gain."""
        largest = int(self.sizes[-1])
        value, end = self._bounded(np.array([fit.at(size), fit.at(largest)]))
        values = ends = None
        if refits is not None:
            values, ends = (self._bounded(refits[:, 0] - refits[:, 1] * n ** -refits[:, 2]) for n in (size, largest))
        gains = None if values is None or ends is None else values - ends
        step = self._predicted_step(largest, size, float(value - end), gains, reliable=reliable)
        low, high = self._interval(float(value), values)
        is_far = size > FAR_FACTOR * largest
        return Forecast(size, float(value), low, high, step, is_far, _outlook(step, margin) if usable else "undecided")

    def _predicted_step(self, start: int, end: int, difference: float, resampled: Array | None, *, reliable: bool) -> Step:
        """A difference between two sizes as a gain."""
        sign = -1.0 if self.metric.direction == "lower" else 1.0
        gain = sign * difference
        if resampled is None:
            return Step(start, end, float(gain), None, None, reliable=False)
        low, high = self._interval(float(gain), sign * resampled, is_difference=True)
        return Step(start, end, float(gain), low, high, reliable and low is not None)

    def _interval(self, value: float, resampled: Array | None, *, is_difference: bool = False) -> tuple[float | None, float | None]:
        """The percentiles; without any spread on a bounded scale, the allowance for unseen values (as in `scores`)."""
        if resampled is None:
            return None, None
        if np.ptp(resampled) >= SAME:
            low, high = np.quantile(resampled, [(1 - self.confidence) / 2, (1 + self.confidence) / 2])
            return float(low), float(high)
        if self.metric.unit not in BOUNDS:
            return None, None
        lowest, highest = BOUNDS[self.metric.unit]
        if is_difference:
            lowest, highest = lowest - highest, highest - lowest
        return allow_for_unseen(value, (lowest, highest), self.units, self.confidence)

    def _bounded(self, scores: Array) -> Array:
        bounds = BOUNDS.get(self.metric.unit)
        return scores if bounds is None else np.clip(scores, *bounds)

    def basis(self, resamples: int, seed: int) -> Basis:
        """The basis of the forecasts' intervals."""
        basis = bootstrap_basis(self.stack, self.cluster, resamples, seed)
        counts = sorted(set(self.runs))
        several = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else str(counts[0])
        runs = "1 training run per size, scatter about the curve added" if counts == [1] else f"{several} training runs per size, resampled"
        return replace(basis, method=f"inverse power law, paired {basis.method}; {runs}")


def _outlook(step: Step, margin: float) -> GainOutlook:
    if step.low is None or step.high is None:
        return "undecided"
    if step.low > margin:
        return "gain"
    return "no gain" if step.high < margin else "undecided"
