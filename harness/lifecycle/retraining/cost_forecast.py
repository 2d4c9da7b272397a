"""What a retraining will take, from what earlier runs of the task have measured, scaled by the numbers of examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.results import StrategyCosts, StrategyResult, sum_of_known
from harness.types import Phase, SearchSpec, Strategy

_TRAINING: tuple[Phase, ...] = ("train", "validate")
_ANSWERING: tuple[Phase, ...] = ("predict", "score")


@dataclass(frozen=True)
class MeasuredCosts:
    """What one strategy took in an earlier run: one training, and the answers to one test set.

    Attributes:
        train_size, test_size: examples.
        epochs: passes over them; None where nothing was trained.
        trains: whether weights were trained.
    """

    run: str
    strategy: str
    model: str
    trains: bool
    train_size: int
    test_size: int
    epochs: float | None
    costs: StrategyCosts


@dataclass(frozen=True)
class StrategyForecast:
    """What one strategy will take, all seeds and the search together.

    Attributes:
        seconds, price: None where nothing comparable was measured, or without a price.
        measured_in: the run that was measured; empty without one.
        measured_on: the strategy that was measured there: the same one, or the champion's instead.
    """

    strategy: str
    seconds: float | None
    price: float | None
    measured_in: str = ""
    measured_on: str = ""


@dataclass(frozen=True)
class CostForecast:
    """What the whole run will take.

    Attributes:
        currency: of all prices.
    """

    strategies: tuple[StrategyForecast, ...]
    currency: str = "USD"

    @property
    def hours(self) -> float | None:
        """None where that of any strategy is not known: a partial sum would look too small."""
        seconds = sum_of_known([each.seconds for each in self.strategies])
        return None if seconds is None else seconds / 3600

    @property
    def price(self) -> float | None:
        return sum_of_known([each.price for each in self.strategies])

    @property
    def unknown(self) -> tuple[str, ...]:
        """The strategies of which nothing is known."""
        return tuple(each.strategy for each in self.strategies if each.seconds is None)


def measure(result: StrategyResult, run: str) -> MeasuredCosts | None:
    """What a strategy of a stored run took; None where it did not run here, or has no result.

    Args:
        run: the name of the run; that of a copy in a registry differs.
    """
    costs = result.costs
    if not result.done or costs is None or not costs.timed or not result.task_scores.examples:
        return None
    size = result.train_size or result.run.plan.data[result.task.name].sizes.get("train", 0)
    train = result.definition.train
    return MeasuredCosts(
        run, result.strategy, result.model, result.trained, size, len(result.examples), None if train is None else train.epochs, costs
    )


def forecast_costs(
    strategies: Mapping[str, Strategy],
    model: str,
    *,
    seeds: int,
    search: SearchSpec | None,
    train_size: int,
    test_size: int,
    price_per_hour: float | None,
    measured: Sequence[MeasuredCosts],
) -> CostForecast:
    """Scale what was measured: loading stays, training grows with training examples and epochs, answering with test examples.

    A strategy that was never measured is taken to cost what another one of the same kind did, trained or not: the first of `measured`.
    A search in trials is counted as so many full trainings, which is more than it takes, because trials end early.

    Args:
        measured: the newest first, of the same base model before others.
        price_per_hour: USD, if the file names one; else prices are scaled, too.
    """
    forecasts = []
    for name, strategy in strategies.items():
        trains = strategy.train is not None
        own = next((each for each in measured if each.strategy == name and each.model == model), None)
        known = own or next((each for each in measured if each.trains == trains), None)
        if known is None:
            forecasts.append(StrategyForecast(name, None, None))
            continue
        epochs = strategy.train.epochs if strategy.train is not None else None
        factor = _ratio(train_size, known.train_size) * (epochs / known.epochs if epochs and known.epochs else 1.0)
        answers = _ratio(test_size, known.test_size)
        cells = 1 if strategy.deterministic else seeds
        seconds = cells * _scale(known.costs.phases, factor, answers)
        price = None
        if known.costs.phase_prices:
            price = cells * _scale(known.costs.phase_prices, factor, answers)
        if search is not None and trains:
            training = factor * sum(known.costs.phases.get(phase, 0.0) for phase in _TRAINING)
            once = factor * sum(known.costs.phase_prices.get(phase, 0.0) for phase in _TRAINING)
            seconds += search.most_trials * training if search.most_trials is not None else 3600 * (search.hours or 0.0)
            if price is not None:
                price += search.most_trials * once if search.most_trials is not None else search.price or 0.0
        if price_per_hour is not None:
            price = seconds / 3600 * price_per_hour
        forecasts.append(StrategyForecast(name, seconds, price, known.run, known.strategy))
    currency = measured[0].costs.currency if measured and price_per_hour is None else "USD"
    return CostForecast(tuple(forecasts), currency)


def _scale(phases: Mapping[Phase, float], training: float, answering: float) -> float:
    factors = {**dict.fromkeys(_TRAINING, training), **dict.fromkeys(_ANSWERING, answering)}
    return sum(amount * factors.get(phase, 1.0) for phase, amount in phases.items())


def _ratio(now: int, then: int) -> float:
    """1 where the earlier number is not known."""
    return now / then if then else 1.0
