"""What would more training examples bring? One strategy at several training sizes, and what its scores predict for more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.metrics import BOUNDS
from harness.statistics.comparison import SAME, Comparison, compare_scores
from harness.statistics.examples import cluster_index, complete_examples, count_units, observed_scores, resampled_scores
from harness.statistics.intervals import Basis, OneSidedLimits, allow_for_unseen, bootstrap_basis, too_few_units
from harness.statistics.learning.laws import Law, LawName, fit_log_law, fit_log_laws, fit_power_law, fit_power_laws, predict_scores
from harness.statistics.sample_size import examples_to_decide, solve_examples
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
        measured: the limits of the gain between the two largest sizes, turned so that more is better; None where they show a difference.
        is_predicted: whether the gain is read off the curve; else it is that of the two largest sizes.
    """

    start: int
    end: int
    gain: float | None
    low: float | None
    high: float | None
    reliable: bool
    measured: OneSidedLimits | None
    is_predicted: bool

    @cached_property
    def examples_needed(self) -> int | None:
        """How many test examples show that trained models have gained, if their true gain is this one, and they differ from example to
        example as those of the two largest sizes; None where that is shown, where there is none, or where that is not known."""
        if self.measured is None or self.gain is None:
            return None
        if self.is_predicted and self.measured.spread is not None:
            return solve_examples(self.measured.spread, threshold=0.0, assumed=self.gain, alpha=self.measured.alpha)
        size = examples_to_decide(self.measured, 0.0)
        return size.examples if size else None


@dataclass(frozen=True)
class Forecast:
    """The score that the curve predicts at `size`.

    Attributes:
        value: what the law predicts that fits the scores best.
        low, high: from the lowest to the highest limit of the laws that fit.
        step: the gain over the largest size that was run, both ends read off the curve; its limits are those of the laws that fit, too.
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
        laws: the laws that fit the scores, the best first; where neither does, both, and `problem` says so. Empty without a fit.
        bounds: the ends of the score's scale; None where it has none. Forecasts stay within them.
        rejected: the law that does not fit the scores, where only one does.
        problem: why there is no fit, or why no outlook follows from it; empty where the laws can be used.
        last_step: the measured gain between the two largest sizes, with the interval of `compare_scores` (other test examples, the same
            trained models).
        min_seeds: the smallest number of training runs of a size.
        method, reliable, reason: those of the forecasts' intervals (see `Interval`).
    """

    points: tuple[tuple[int, Score], ...]
    laws: tuple[Law, ...]
    rejected: LawName | None
    bounds: tuple[float, float] | None
    problem: str
    forecasts: tuple[Forecast, ...]
    last_step: Step
    min_seeds: int
    margin: float
    method: str
    reliable: bool
    reason: str

    def at(self, size: float) -> float:
        """The score on the best law at this number of training examples, within the scale; needs a law."""
        return _clip(self.laws[0].at(size), self.bounds)


def _clip(score: float, bounds: tuple[float, float] | None) -> float:
    return score if bounds is None else min(max(score, bounds[0]), bounds[1])


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
    """The curve of one strategy: its scores by size, the laws through them, and their forecasts at twice and ten times the largest size and
    at `targets`.

    Two laws are fitted: an inverse power law, and a logarithmic one. The scores at the sizes run can rarely tell which of them holds, so an
    interval reaches from the lowest to the highest limit of the two. A law is left out where it does not fit the scores (it lies outside
    their range at some size) and the other one does.

    Limits: the test examples (whole groups where there are groups) are resampled for all sizes together, and the training runs of a size,
    where there are several, within the size. The laws are fitted again each time, and the percentiles are taken. A bootstrap of S training
    runs spreads too little by (S−1)/S (Davison & Hinkley 1997, section 2.3), so their deviations are stretched by √(S/(S−1)) and, since
    there are few, by the root of one df/χ² per resample, as in a t distribution. Where a size was trained once, the data do not show how
    another training run would score: the scatter of the k sizes about the power law is used instead, with k − 3 degrees of freedom (without
    it, such intervals covered the truth half of the time in simulations).

    Valid for 200 test examples or more whose scores follow one of the two laws. In simulations (two power laws, two logarithmic ones and
    a flat curve, 4 to 6 sizes, 200 and 2,000 examples, 1 to 3 training runs) the intervals of the prediction and of the gain at twice the
    largest size and at 10,000 training examples covered the truth in 96–100% of samples. With the power law alone, the gain at 10,000 was
    covered in none of 60 samples where the truth was logarithmic.

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
    bounds = BOUNDS.get(metric.unit)
    comparison = compare_scores(stacks[before], stacks[after], metric=metric, groups=groups, margin=margin)
    last_step = _measured_step(before, after, comparison, metric)
    if len(complete.stack) == 0:
        problem = "no test example has a score at every size"
        return LearningCurve(
            points, (), None, bounds, problem, (), last_step, min(runs), margin, "no interval", reliable=False, reason=problem
        )
    observed, resampled = data.observed(), data.resampled(resamples, seed)
    basis = data.basis(resamples, seed)
    reliability = basis.method, basis.reliable, basis.reason
    if len(sizes) < MIN_SIZES:
        problem = f"{MIN_SIZES} sizes are needed, {len(sizes)} were run"
        return LearningCurve(points, (), None, bounds, problem, (), last_step, min(runs), margin, *reliability)
    power = fit_power_law(sizes, observed, metric.unit)
    if resampled is not None:
        resampled = resampled + data.scatter(power, observed, resamples, seed)
    both: tuple[Law, ...] = power, fit_log_law(sizes, observed)
    laws = sorted(both, key=lambda law: data.residual_variance(law, observed))
    fitting = [law for law in laws if not data.list_misfits(law, resampled)]
    used = tuple(fitting or laws)
    rejected = next((law.name for law in laws if law not in used), None)
    problem = data.find_problem(laws[0], resampled) if not fitting else data.find_problem(None, resampled)
    refits = [] if resampled is None else [(law.name, data.refit(law.name, resampled)) for law in used]
    ahead = sorted({2 * sizes[-1], FAR_FACTOR * sizes[-1], *(t for t in targets if t > sizes[-1])})
    measured = _gain_limits(comparison, metric)
    forecasts = tuple(data.forecast(used[0], refits, n, margin, measured, usable=not problem, reliable=basis.reliable) for n in ahead)
    return LearningCurve(points, used, rejected, bounds, problem, forecasts, last_step, min(runs), margin, *reliability)


def _measured_step(start: int, end: int, comparison: Comparison, metric: Metric) -> Step:
    gain, low, high = comparison.difference, comparison.low, comparison.high
    if metric.direction == "lower":
        gain, low, high = (None if value is None else -value for value in (gain, high, low))
    measured = None if comparison.verdict in ("better", "worse") else _gain_limits(comparison, metric)
    return Step(start, end, gain, low, high, comparison.reliable, measured, is_predicted=False)


def _gain_limits(comparison: Comparison, metric: Metric) -> OneSidedLimits:
    """The limits of the measured gain, so that more is better."""
    return comparison.limits.reversed() if metric.direction == "lower" else comparison.limits


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

    def scatter(self, law: Law, observed: Array, resamples: int, seed: int) -> Array:
        """Draws (resamples, k) of how another training run would move the sizes that were trained once: the standard deviation of the
        residuals, times normal numbers over the root of one χ²/df per resample, as in a t distribution with k − 3 degrees of freedom."""
        df = len(self.sizes) - 3
        residuals = observed - self._curve(law)
        rng = np.random.default_rng([seed, 2])
        scale = np.sqrt(np.sum(residuals**2) / rng.chisquare(df, size=(resamples, 1)))
        return np.asarray(scale * rng.normal(size=(resamples, len(self.sizes))) * (np.array(self.runs) == 1))

    def residual_variance(self, law: Law, observed: Array) -> float:
        """The sum of squared residuals for each degree of freedom, by which laws with different numbers of parameters are ranked."""
        parameters = len(fields(law))
        return float(np.sum((observed - self._curve(law)) ** 2)) / (len(self.sizes) - parameters)

    def _curve(self, law: Law) -> Array:
        return np.array([law.at(n) for n in self.sizes])

    def refit(self, name: LawName, resampled: Array) -> Array:
        """The law through the scores of each resample, (resamples, parameters)."""
        if name == "power":
            return fit_power_laws(self.sizes, resampled, BOUNDS.get(self.metric.unit))
        return fit_log_laws(self.sizes, resampled)

    def list_misfits(self, law: Law, resampled: Array | None) -> list[int]:
        """The sizes at which the law lies outside the range of the scores; none where that range is not known."""
        if resampled is None:
            return []
        tail = (1 - self.confidence) / 2 / len(self.sizes)  # Bonferroni: of many sizes, one is off by chance
        low, high = np.quantile(resampled, [tail, 1 - tail], axis=0)
        curve = self._curve(law)
        return [int(n) for n in self.sizes[(curve < low - SAME) | (curve > high + SAME)]]

    def find_problem(self, misfit: Law | None, resampled: Array | None) -> str:
        """Why nothing follows from the laws; empty if they can be used.

        Args:
            misfit: the better of two laws of which neither fits; None if one does.
        """
        if self.metric.direction == "none":
            return f"{self.metric.name} has no better direction"
        if resampled is None:
            return too_few_units(len(self.stack), self.units)
        if misfit is None:
            return ""
        where = ", ".join(f"{n:,}" for n in self.list_misfits(misfit, resampled))
        return f"the scores do not follow the curve: it lies outside their range at {where} training examples"

    def forecast(
        self,
        best: Law,
        refits: Sequence[tuple[LawName, Array]],
        size: int,
        margin: float,
        measured: OneSidedLimits,
        *,
        usable: bool,
        reliable: bool,
    ) -> Forecast:
        """The prediction at one size. Both ends of the gain lie on the curve, so that the noise of a single score does not count as
        gain."""
        largest = int(self.sizes[-1])
        sign = -1.0 if self.metric.direction == "lower" else 1.0
        value, end = self._bounded(np.array([best.at(size), best.at(largest)]))
        values = [self._bounded(predict_scores(name, laws, size)) for name, laws in refits]
        ends = [self._bounded(predict_scores(name, laws, largest)) for name, laws in refits]
        gain = sign * float(value - end)
        low, high = self._interval(float(value), values)
        least, most = self._interval(gain, [sign * (v - e) for v, e in zip(values, ends, strict=True)], is_difference=True)
        step = Step(largest, size, gain, least, most, reliable and least is not None, measured, is_predicted=True)
        is_far = size > FAR_FACTOR * largest
        return Forecast(size, float(value), low, high, step, is_far, _outlook(step, margin) if usable else "undecided")

    def _interval(self, value: float, resampled: Sequence[Array], *, is_difference: bool = False) -> tuple[float | None, float | None]:
        """From the lowest to the highest percentile of the laws, each with its resamples; without any spread on a bounded scale, the
        allowance for unseen values (as in `scores`)."""
        if not resampled:
            return None, None
        if np.ptp(np.stack(resampled)) >= SAME:
            limits = np.array([np.quantile(each, [(1 - self.confidence) / 2, (1 + self.confidence) / 2]) for each in resampled])
            return float(limits[:, 0].min()), float(limits[:, 1].max())
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
        return replace(basis, method=f"inverse power law and logarithmic law, paired {basis.method}; {runs}")


def _outlook(step: Step, margin: float) -> GainOutlook:
    if step.low is None or step.high is None:
        return "undecided"
    if step.low > margin:
        return "gain"
    return "no gain" if step.high < margin else "undecided"
