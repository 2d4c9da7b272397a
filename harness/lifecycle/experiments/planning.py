"""How long an experiment takes, before anything is deployed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import BenchError, setting
from harness.lifecycle.experiments.experiment_file import Experiment, OutcomeSpec
from harness.statistics import POWER, difference_variance, effect_to_show, largest_stake, unit_spread, units_to_show

HORIZONS = (28, 56, 84)  # days: what can be found in 4, 8 and 12 weeks


@dataclass(frozen=True)
class Traffic:
    """What arrives.

    Attributes:
        answers: a day.
        units: new ones a day.
        correlation: between the outcomes of two answers of one unit, 0–1.
    """

    answers: float
    units: float
    correlation: float

    @property
    def answers_per_unit(self) -> float:
        """At least 1."""
        return max(1.0, self.answers / self.units)


@dataclass(frozen=True)
class OutcomePlan:
    """What one outcome takes.

    Attributes:
        expected: the champion's mean; None where only the spread is known.
        spread: standard deviation of the outcome of one answer.
        is_widest: whether the spread is the largest possible one, because none was given.
        units: to be shown, both variants together; None for more than a trillion.
        days: until those units have arrived and their windows have closed.
    """

    spec: OutcomeSpec
    expected: float | None
    spread: float
    is_widest: bool
    units: int | None
    days: float | None


@dataclass(frozen=True)
class HorizonPlan:
    """The smallest difference that is found within so many days; None where it is beyond the scale, or no window closes in time."""

    days: int
    units: int
    difference: float | None


@dataclass(frozen=True)
class ExperimentPlan:
    """How long an experiment takes.

    Attributes:
        outcomes: the deciding one, and the guardrails whose expected rate is known.
        unplanned: the names of the other guardrails.
    """

    experiment: Experiment
    traffic: Traffic
    power: float
    outcomes: tuple[OutcomePlan, ...]
    unplanned: tuple[str, ...]
    horizons: tuple[HorizonPlan, ...]

    @property
    def days(self) -> float | None:
        """Until all of them are decided; None where that is beyond a trillion units."""
        days = [each.days for each in self.outcomes]
        return None if None in days else max(day for day in days if day is not None)


def make_plan(
    experiment: Experiment, traffic: Traffic, expected: dict[str, float], spreads: dict[str, float], horizons: Sequence[int] = HORIZONS
) -> ExperimentPlan:
    """How many units and days it takes to find a difference of the margin with 80% power, and what can be found within the horizons.

    With the goal "better" the challenger is truly better by the margin; with "not_worse", and for guardrails, it is truly equal.

    Args:
        expected: the champion's mean, by outcome; needed for the deciding one, unless its spread is given.
        spreads: standard deviations of one answer, by outcome; those of shares follow from their mean.

    Raises:
        BenchError: a number that is impossible for its outcome.
    """
    _check_traffic(traffic)
    for name, value in expected.items():
        spec = next(each for each in experiment.outcomes if each.name == name)
        if not spec.low <= value <= spec.high:
            raise BenchError(f"{setting('expected', f'{value:g}')}: {name} ranges from {spec.low:g} to {spec.high:g}")
    guards = [each for each in experiment.guardrails if each.name in expected or each.name in spreads]
    level = experiment.alpha / max(1, len(experiment.guardrails))
    plans = [
        _plan_outcome(experiment.outcome, experiment, traffic, expected, spreads, experiment.alpha, improves=experiment.goal == "better"),
        *(_plan_outcome(each, experiment, traffic, expected, spreads, level, improves=False) for each in guards),
    ]
    unplanned = tuple(each.name for each in experiment.guardrails if each not in guards)
    planned = tuple(_plan_horizon(days, plans[0], experiment, traffic) for days in horizons)
    return ExperimentPlan(experiment, traffic, POWER, tuple(plans), unplanned, planned)


def _check_traffic(traffic: Traffic) -> None:
    for name, value in (("answers_per_day", traffic.answers), ("units_per_day", traffic.units)):
        if not 0 < value < math.inf:
            raise BenchError(f"{setting(name, f'{value:g}')}: must be above 0")
    if traffic.units > traffic.answers:
        raise BenchError(
            f"{setting('units_per_day', f'{traffic.units:g}')}: each new unit has at least one answer, "
            f"but there are {traffic.answers:g} answers a day"
        )
    if not 0 <= traffic.correlation <= 1:
        raise BenchError(f"{setting('correlation', f'{traffic.correlation:g}')}: must be from 0 to 1")


def _plan_outcome(
    spec: OutcomeSpec,
    experiment: Experiment,
    traffic: Traffic,
    expected: dict[str, float],
    spreads: dict[str, float],
    alpha: float,
    *,
    improves: bool,
) -> OutcomePlan:
    margin = spec.margin or 0.0
    mean, given = expected.get(spec.name), spreads.get(spec.name)
    widest = (spec.high - spec.low) / 2
    if given is not None and not 0 < given <= widest:
        raise BenchError(f"{setting('spread', f'{given:g}')}: the standard deviation of {spec.name} is above 0 and at most {widest:g}")
    better = None if mean is None else mean + spec.sign * margin if improves else mean
    if better is not None and not spec.low <= better <= spec.high:
        raise BenchError(
            f"{setting('expected', f'{mean:g}')}: {spec.name} ranges from {spec.low:g} to {spec.high:g}, so it cannot get better by "
            f"{margin:g}. Choose a smaller margin, or {setting('goal', 'not_worse')}"
        )
    pair = [given if given is not None else _share_spread(spec, value, widest) for value in (better, mean)]
    challenger, champion = (unit_spread(each, traffic.answers_per_unit, traffic.correlation) for each in pair)
    variance = difference_variance(challenger, champion, experiment.challenger_share)
    units = units_to_show(margin, variance, alpha, most_stake=_stake(spec, mean, experiment))
    if units is not None:
        units = max(units, math.ceil(experiment.burn_in.units / min(experiment.challenger_share, 1 - experiment.challenger_share)))
    days = None if units is None else max(units / traffic.units + experiment.window_days, experiment.burn_in.days)
    return OutcomePlan(spec, mean, pair[1], given is None and (mean is None or not spec.is_share), units, days)


def _share_spread(spec: OutcomeSpec, mean: float | None, widest: float) -> float:
    """The standard deviation of a 0/1 outcome with this mean; the largest possible one where that is not known."""
    return widest if mean is None or not spec.is_share else math.sqrt(mean * (1 - mean))


def _plan_horizon(days: int, plan: OutcomePlan, experiment: Experiment, traffic: Traffic) -> HorizonPlan:
    units = int(traffic.units * max(0.0, days - experiment.window_days))
    if units < 1 or days < experiment.burn_in.days:
        return HorizonPlan(days, units, None)
    spread = unit_spread(plan.spread, traffic.answers_per_unit, traffic.correlation)
    variance = difference_variance(spread, spread, experiment.challenger_share)
    difference = effect_to_show(units, variance, experiment.alpha, most_stake=_stake(plan.spec, plan.expected, experiment))
    return HorizonPlan(days, units, difference if difference is not None and difference < plan.spec.high - plan.spec.low else None)


def _stake(spec: OutcomeSpec, mean: float | None, experiment: Experiment) -> float:
    """The largest stake; where the mean is not known, that of the middle of the scale."""
    middle = (spec.low + spec.high) / 2
    return largest_stake(middle if mean is None else mean, experiment.challenger_share, (spec.low, spec.high))
