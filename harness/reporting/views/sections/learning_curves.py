"""Scores by number of training examples, for strategies trained on several sizes, and what more examples would bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.results import StrategyResult, TaskResults
from harness.statistics import TARGET_SIZES, Forecast, LearningCurve


@dataclass(frozen=True)
class StrategyCurve:
    """One strategy of one model over its training sizes."""

    label: str
    model: str
    results: tuple[StrategyResult, ...]
    curve: LearningCurve

    @property
    def strategy(self) -> str:
        """The strategy's name."""
        return self.results[0].strategy

    @property
    def doubled(self) -> Forecast | None:
        """The forecast at twice the largest size run."""
        return self.forecast_at(2 * self.curve.points[-1][0])

    def forecast_at(self, size: int | None) -> Forecast | None:
        """The forecast at this number of training examples; for None at twice the largest size run."""
        if size is None:
            return self.doubled
        return next((forecast for forecast in self.curve.forecasts if forecast.size == size), None)

    def result_at(self, size: int) -> StrategyResult | None:
        """The result at this number of training examples."""
        return next((result for result in self.results if result.train_size == size), None)


@dataclass(frozen=True)
class LearningCurves:
    """The curves of a task. `references` are the untrained strategies, which the number of training examples does not change."""

    curves: tuple[StrategyCurve, ...]
    references: tuple[StrategyResult, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """The models that have curves."""
        return tuple(dict.fromkeys(curve.model for curve in self.curves))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Every training size, the smallest first."""
        return tuple(sorted({size for each in self.curves for size, _ in each.curve.points}))

    @property
    def forecast_sizes(self) -> tuple[int | None, ...]:
        """The sizes to forecast in a table: first twice the largest size (None where that differs between the curves), then the targets."""
        doubles = {each.doubled.size for each in self.curves if each.doubled}
        first: list[int | None] = [*doubles] if len(doubles) == 1 else [None] if doubles else []
        further = [size for size in TARGET_SIZES if size not in doubles and any(each.forecast_at(size) for each in self.curves)]
        return (*first, *further)


def build_learning_curves(results: TaskResults, targets: Sequence[int] = TARGET_SIZES) -> LearningCurves | None:
    """The curves of a task's strategies; None where none has scores at two sizes or more.

    Args:
        targets: numbers of training examples to forecast, besides twice and ten times the largest size run.
    """
    by_strategy: dict[tuple[str, str], dict[int, StrategyResult]] = {}
    for result in results.scored:
        if result.trained:
            by_strategy.setdefault((result.strategy, result.model), {})[result.train_size] = result
    curves = [curve for own in by_strategy.values() if len(own) > 1 and (curve := _curve(results, dict(sorted(own.items())), targets))]
    if not curves:
        return None
    return LearningCurves(tuple(curves), tuple(result for result in results.scored if not result.trained))


def shown_forecasts(curve: LearningCurve) -> tuple[Forecast, ...]:
    """The forecasts that reports show: at twice the largest size run, and at the fixed targets."""
    double = 2 * curve.points[-1][0]
    return tuple(forecast for forecast in curve.forecasts if forecast.size in (double, *TARGET_SIZES))


def _curve(results: TaskResults, by_size: Mapping[int, StrategyResult], targets: Sequence[int]) -> StrategyCurve | None:
    curve = results.learning_curve(by_size, targets)
    if curve is None:
        return None
    first = next(iter(by_size.values()))
    return StrategyCurve(first.run.plan.cell_label(first.cell, with_size=False), first.model, tuple(by_size.values()), curve)
