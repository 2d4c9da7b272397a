"""How many ratings decide a question, with and without the help of automatic scores, and which examples to rate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.errors import BenchError, setting
from harness.results import TaskScores
from harness.review.findings import ScoreCombiner, average_answers, average_wins, has_automatic_scores
from harness.review.packets import Mode, compute_probabilities, list_sizes
from harness.review.ratings import Review, UnblindedRatings
from harness.statistics import FEWEST_RATINGS, examples_to_show_rate, ratings_needed, weighted_mean
from harness.types import Cell, Score, Task

WIN_RATES = (0.6, 0.65, 0.7, 0.8)
CHANGES = (0.25, 0.5, 1.0)  # of a mean rating, in answers
CEILINGS = (0.05, 0.1, 0.2)
EXPLAINED = (0.25, 0.5)  # of the variance of ratings, where no ratings say how much a score explains
_ASSUMED_SPREAD = 1.0  # of the differences between two outputs on a scale, in answers
_FAVOURED = ("disagreement", "low-score")
_WORTHWHILE = 0.85  # times as many ratings: a sample that favours examples is advised below this


@dataclass(frozen=True)
class RatingsNeeded:
    """How many rated examples show one result at 80% power.

    Attributes:
        effect: the true win rate, the true change of the mean rating, or the ceiling of the rate of critical errors.
        alone: with the ratings alone; of a ceiling, if errors are half as frequent. None where rating every example would not be enough.
        helped: with a score that explains each of `RatingPlan.explained`; of a ceiling, empty.
        without_errors: of a ceiling, if raters find no error at all.
    """

    effect: float
    alone: int | None
    helped: tuple[int | None, ...] = ()
    without_errors: int | None = None


@dataclass(frozen=True)
class EarlierRatings:
    """What an earlier packet says about the ratings to come."""

    packet: str
    sampled: int
    """Its examples."""
    rated: int
    scores: tuple[str, ...]
    """The scores that explain its ratings; empty where none does."""
    explained: float
    """The share of their variance, 0–1."""


@dataclass(frozen=True)
class RatingPlan:
    """How many examples to rate.

    Attributes:
        strategies: whose outputs are rated; of two, the second is compared with the first.
        examples: in the test set.
        explained: the shares of the variance that a score is taken to explain, in the order of `RatingsNeeded.helped`: what it explained
            in earlier ratings, otherwise two examples. Empty without a score, and for critical errors.
        earlier: the earlier ratings that this rests on; None without any.
        factors: how many times as many ratings a sample needs that favours examples, by sampling method.
        sample: the sampling method to use.
        question: the row of `needed` that `n` answers.
        n: the examples to rate.
    """

    task: str
    mode: Mode
    strategies: tuple[str, ...]
    examples: int
    needed: tuple[RatingsNeeded, ...]
    explained: tuple[float, ...]
    earlier: EarlierRatings | None
    factors: Mapping[str, float]
    sample: str
    question: RatingsNeeded
    n: int

    @property
    def is_open(self) -> bool:
        """Whether rating every example may not answer the question."""
        counts = (self.question.alone, *self.question.helped)
        return all(count is None or count > self.examples for count in counts)


@dataclass(frozen=True)
class _Pilot:
    """The values of earlier ratings by example, and what a score explains of them."""

    earlier: EarlierRatings
    spread: float
    ratings: UnblindedRatings
    values: Mapping[str, float]


def plan_ratings(
    results: TaskScores,
    reviews: Sequence[Review],
    cells: Mapping[str, Cell],
    mode: Mode,
    *,
    effect: float | None = None,
    alpha: float = 0.05,
) -> RatingPlan:
    """How many examples to rate, and which.

    Args:
        reviews: earlier ones of the task, the oldest first.
        cells: whose outputs are rated, by strategy; the baseline first.
        effect: the result to show; None for typical ones, or for the task's limits on critical errors.
        alpha: the level of a claim about critical errors.

    Raises:
        BenchError: an effect that does not fit the mode, or a mode that needs two strategies.
    """
    if not results.examples:
        raise BenchError(f"{results.run.path}: task '{results.task.name}' has no test examples.")
    _check_effect(effect, mode, results.task)
    if mode == "errors":
        return _plan_errors(results, cells, effect, alpha)
    if len(cells) != 2:
        raise BenchError(f"{setting('mode', mode)}: compares two strategies, not {len(cells)}. Name two with {setting('strategies')}.")
    size, pilot = len(results.examples), _find_pilot(results, reviews, cells, mode)
    explained = _list_explained(results, pilot)
    needed = tuple(_need(each, mode, size, explained, pilot) for each in _list_effects(effect, mode))
    question = needed[len(needed) // 3] if effect is None else needed[0]
    helped = question.helped[0] if pilot is not None and question.helped else None
    n = min(number for number in (question.alone, helped, size) if number is not None)
    factors = _compare_samples(results, cells, n, pilot)
    best = min(factors, key=lambda method: factors[method], default="random")
    sample = best if pilot is not None and factors and factors[best] < _WORTHWHILE else "random"
    n = math.ceil(n * factors[sample]) if sample != "random" else n
    earlier = pilot.earlier if pilot is not None else None
    return RatingPlan(results.task.name, mode, tuple(cells), size, needed, explained, earlier, factors, sample, question, n)


def _check_effect(effect: float | None, mode: Mode, task: Task) -> None:
    widest = max(len(scale.answers) for scale in task.review.scales) - 1.0
    low, high, what = {
        "pairwise": (0.5, 1.0, "a win rate"),
        "scales": (0.0, widest, "a change of the mean rating, in answers"),
        "errors": (0.0, 1.0, "a limit on the rate of critical errors"),
    }[mode]
    if effect is not None and not low < effect < high:
        raise BenchError(f"{setting('effect', f'{effect:g}')}: with {setting('mode', mode)} it is {what}, between {low:g} and {high:g}.")


def _list_effects(effect: float | None, mode: Mode) -> tuple[float, ...]:
    if effect is not None:
        return (effect,)
    return WIN_RATES if mode == "pairwise" else CHANGES


def _list_explained(results: TaskScores, pilot: _Pilot | None) -> tuple[float, ...]:
    if pilot is not None:
        return (pilot.earlier.explained,) if pilot.earlier.scores else ()
    return EXPLAINED if has_automatic_scores(results) else ()


def _need(effect: float, mode: Mode, size: int, explained: tuple[float, ...], pilot: _Pilot | None) -> RatingsNeeded:
    difference = effect - 0.5 if mode == "pairwise" else effect
    assumed = math.sqrt(effect * (1 - effect)) if mode == "pairwise" else _ASSUMED_SPREAD
    spread = pilot.spread if pilot is not None else assumed
    alone = ratings_needed(difference, spread, size)
    helped = [ratings_needed(difference, spread, size, explained=share) for share in explained]
    return RatingsNeeded(effect, alone, tuple(min((n for n in (alone, each) if n is not None), default=None) for each in helped))


def _find_pilot(results: TaskScores, reviews: Sequence[Review], cells: Mapping[str, Cell], mode: Mode) -> _Pilot | None:
    """The newest earlier ratings of the same kind and the same outputs, if there are enough."""
    baseline, strategy = cells
    for review in reversed(reviews):
        rated = {name: review.key.cells.get(name) for name in cells}
        if review.packet.mode != mode or not review.key.representative or rated != {name: cell.id for name, cell in cells.items()}:
            continue
        ratings = UnblindedRatings(review, results.examples)
        values, scale = _list_values(ratings, mode, strategy, baseline)
        if len({ratings.get_cluster(example) for example in values}) < FEWEST_RATINGS or len(set(values.values())) < 2:
            continue
        array, probabilities, groups = ratings.to_arrays(values)
        mean, interval = weighted_mean(array, probabilities, groups)
        spread = math.sqrt(float(np.average((array - mean) ** 2, weights=1 / probabilities)))
        if interval.se and not ratings.has_unequal_probabilities(values):
            spread = interval.se * math.sqrt(len(array))  # with groups, that of as many independent ratings
        alone = Score(mean, interval.low, interval.high, len(array), interval.method)
        combined = ScoreCombiner(results, ratings).combine(values, alone, strategy=strategy, against=baseline, scale=scale)
        scores, explained = (combined.scores, combined.explained) if combined is not None else ((), 0.0)
        return _Pilot(
            EarlierRatings(review.packet.id, len(review.key.inclusion_probabilities), len(array), scores, explained),
            spread,
            ratings,
            values,
        )
    return None


def _list_values(ratings: UnblindedRatings, mode: Mode, strategy: str, baseline: str) -> tuple[dict[str, float], tuple[float, float]]:
    """By example, how much better the strategy was rated than the baseline, and the ends of that scale; of several scales the first."""
    if mode == "pairwise":
        return average_wins(ratings, strategy, baseline), (0.0, 1.0)
    scale = ratings.packet.questions.scales[0]
    after, before = (average_answers(ratings, name, scale) for name in (strategy, baseline))
    largest = len(scale.answers) - 1.0
    return {example: value - before[example] for example, value in after.items() if example in before}, (-largest, largest)


def _compare_samples(results: TaskScores, cells: Mapping[str, Cell], n: int, pilot: _Pilot | None) -> dict[str, float]:
    """How many times as many ratings each favouring sample needs: judged by earlier ratings, otherwise if all vary equally."""
    if not has_automatic_scores(results):
        return {}
    factors = {}
    for method in _FAVOURED:
        planned = compute_probabilities(list_sizes(method, results, cells), n)
        if pilot is None:
            factors[method] = float(np.mean(planned) * np.mean(1 / planned))
        else:
            baseline, strategy = cells
            combiner = ScoreCombiner(results, pilot.ratings)
            factors[method] = combiner.compare_sample(pilot.values, planned, strategy=strategy, against=baseline)
    return factors


def _plan_errors(results: TaskScores, cells: Mapping[str, Cell], effect: float | None, alpha: float) -> RatingPlan:
    """Exact limits of the ratings alone: no score helps with critical errors."""
    limits = {
        rule.value
        for rule in results.task.guardrails
        if rule.rule == "ceiling" and rule.value and rule.score in ("critical_error_rate", "review.critical_error_rate")
    }
    ceilings = (effect,) if effect is not None else tuple(sorted(limits)) or CEILINGS
    needed = tuple(
        RatingsNeeded(
            ceiling,
            examples_to_show_rate(ceiling, ceiling / 2, alpha=alpha),
            without_errors=examples_to_show_rate(ceiling, 0.0, alpha=alpha),
        )
        for ceiling in ceilings
    )
    question = needed[0] if effect is not None or limits else needed[1]
    size = len(results.examples)
    n = min(question.alone or size, size)
    return RatingPlan(results.task.name, "errors", tuple(cells), size, needed, (), None, {}, "random", question, n)
