"""What strategies cost: time, money and memory. The report, the gate and the Python interface read these numbers from here.

A phase is timed in wall-clock seconds. Prices are in the currency of the run's price; a number that was not measured is None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.types import CellResult, Cost, Phase

PHASES: tuple[Phase, ...] = ("load", "train", "validate", "store", "predict", "score")
_TRAINING: tuple[Phase, ...] = ("train", "validate")
_Cells: TypeAlias = Sequence[Sequence[Cost]]  # the costs of each cell


@dataclass(frozen=True)
class StrategyCosts:
    """What one training run of a strategy takes: the mean over its seeds. Memory is the largest of them.

    Seconds, bytes, tokens per second, money in `currency`. Of a strategy that did not finish, these are the costs until it stopped. Of
    external outputs only the price of the outputs is known, if the user gave one. What a model that was tuned elsewhere took to train is
    not known.

    Attributes:
        phases, phase_prices: seconds and money by phase; `phase_prices` is empty where any phase has no price.
        training_seconds, training_price: training and validation; 0 where nothing is trained.
        answer_seconds, thousand_price: one output, and 1,000 outputs, at the speed at which the test examples were answered, in batches.
        device_share: of the matrix products that its device can do, the share that training did, see `useful_products`; the mean over the
            seeds. None where nothing was trained, or the device was not measured.
        charged_price: what of `thousand_price` is charged by the output, and does not depend on a device: all of it for hosted models, the
            share that is passed on for cascades, 0 for the others.
        cells: how many cells the mean is over.
        search_seconds, search_price: what the search of its values took, failed trials included. It is paid once, for any number of
            seeds and training sizes, and is part of no other number here. 0 without a search.
    """

    phases: Mapping[Phase, float]
    phase_prices: Mapping[Phase, float]
    training_seconds: float | None
    training_price: float | None
    answer_seconds: float | None
    thousand_price: float | None
    total_seconds: float
    total_price: float | None
    currency: str
    tokens_per_second: float | None
    device_share: float | None
    peak_allocated: int | None
    peak_reserved: int | None
    cells: int
    search_seconds: float = 0.0
    search_price: float | None = 0.0
    charged_price: float = 0.0

    @property
    def timed(self) -> bool:
        """Whether it ran here, so that its seconds are known."""
        return self.total_seconds > 0

    @property
    def training_is_unknown(self) -> bool:
        """Whether it ran here, but was trained elsewhere."""
        return self.timed and self.training_seconds is None


@dataclass(frozen=True)
class TotalCost:
    """What several phases took together.

    Price and energy are None if any phase lacks them, because a partial sum would look too cheap. Memory is the largest peak, in bytes.
    """

    seconds: float
    tokens: int
    price: float | None
    energy: float | None
    peak_allocated: int | None
    peak_reserved: int | None
    currency: str | None


def total_cost(costs: Sequence[Cost]) -> TotalCost:
    """Add up phases of one cell or of many; without phases, price and energy are None, too."""
    return TotalCost(
        seconds=sum(cost.seconds for cost in costs),
        tokens=sum(cost.tokens for cost in costs),
        price=sum_of_known([cost.price for cost in costs]) if costs else None,
        energy=sum_of_known([cost.energy for cost in costs]) if costs else None,
        peak_allocated=_largest([cost.peak_allocated for cost in costs]),
        peak_reserved=_largest([cost.peak_reserved for cost in costs]),
        currency=costs[0].currency if costs else None,
    )


def strategy_costs(
    results: Sequence[CellResult], *, outputs: int = 0, trained_here: bool = True, trials: Sequence[CellResult] = ()
) -> StrategyCosts | None:
    """The costs of the cells of one strategy; None where nothing was recorded.

    A mean needs every cell: where one lacks a time or a price, the mean is None rather than that of the others.

    Args:
        outputs: how many test examples each cell answered.
        trained_here: otherwise training is known only where a file states what it took: the outputs came from a file, or the weights from
            another trainer.
        trials: of the search of its values.
    """
    cells = [result.costs for result in results]
    every = [cost for costs in cells for cost in costs]
    if not every:
        return None
    phases = [phase for phase in PHASES if any(cost.phase == phase for cost in every)]
    priced = all(cost.price is not None for cost in every)
    train = [cost for cost in every if cost.phase == "train"]
    train_seconds = math.fsum(cost.seconds for cost in train)
    training, answering = _of_phases(cells, _TRAINING), _of_phases(cells, ("predict",))
    answer_seconds = _mean([_seconds(costs) if costs else None for costs in answering])
    answer_price = _mean([_price(costs) if costs else None for costs in answering])
    charged = _mean([math.fsum(cost.price or 0.0 for cost in costs if not cost.seconds) for costs in answering])
    searching = [cost for trial in trials for cost in trial.costs]
    return StrategyCosts(
        phases={phase: math.fsum(c.seconds for c in every if c.phase == phase) / len(cells) for phase in phases},
        phase_prices={p: math.fsum(c.price or 0.0 for c in every if c.phase == p) / len(cells) for p in phases} if priced else {},
        training_seconds=None if not (trained_here or train) else _mean([_seconds(costs) for costs in training]),
        training_price=None if not (trained_here or train) else _mean([_price(costs) for costs in training]),
        answer_seconds=answer_seconds / outputs if answer_seconds and outputs else None,
        thousand_price=1000 * answer_price / outputs if answer_price is not None and outputs else None,
        total_seconds=math.fsum(cost.seconds for cost in every) / len(cells),
        total_price=math.fsum(cost.price or 0.0 for cost in every) / len(cells) if priced else None,
        currency=every[0].currency,
        tokens_per_second=sum(cost.tokens for cost in train) / train_seconds if train_seconds > 0 else None,
        device_share=_device_share(results),
        peak_allocated=_largest([cost.peak_allocated for cost in every]),
        peak_reserved=_largest([cost.peak_reserved for cost in every]),
        cells=len(cells),
        search_seconds=_seconds(searching),
        search_price=_price(searching),
        charged_price=1000 * (charged or 0.0) / outputs if outputs else 0.0,
    )


def useful_products(tokens_per_second: float, parameters: int, trained: int) -> float:
    """Operations per second that a training needs at least: for each token 2 for each parameter in the forward pass, 2 for the gradients of
    activations, and 2 for the gradient of each trained parameter, so 6 in all for full fine-tuning (Kaplan et al. 2020, "Scaling laws for
    neural language models", 2.1). What is computed twice to save memory does not count, as in the model FLOPs utilization of Chowdhery et
    al. (2022, "PaLM", appendix B). Attention between tokens does not count either, and embeddings count as if they were multiplied.
    """
    return tokens_per_second * (4 * parameters + 2 * trained)


def costs_over_tasks(costs: Sequence[StrategyCosts]) -> StrategyCosts:
    """One strategy on several tasks: training on each of them once; outputs cost the mean over the tasks; memory is the largest."""
    phases = dict.fromkeys(phase for each in costs for phase in each.phases)
    return StrategyCosts(
        phases={phase: math.fsum(each.phases.get(phase, 0.0) for each in costs) for phase in phases},
        phase_prices={},
        training_seconds=sum_of_known([each.training_seconds for each in costs]),
        training_price=sum_of_known([each.training_price for each in costs]),
        answer_seconds=_mean([each.answer_seconds for each in costs]),
        thousand_price=_mean([each.thousand_price for each in costs]),
        total_seconds=math.fsum(each.total_seconds for each in costs),
        total_price=sum_of_known([each.total_price for each in costs]),
        currency=costs[0].currency,
        tokens_per_second=None,
        device_share=None,
        peak_allocated=_largest([each.peak_allocated for each in costs]),
        peak_reserved=_largest([each.peak_reserved for each in costs]),
        cells=sum(each.cells for each in costs),
        search_seconds=math.fsum(each.search_seconds for each in costs),
        search_price=sum_of_known([each.search_price for each in costs]),
    )


def costs_of_use(costs: Mapping[str, StrategyCosts | None], outputs: int) -> dict[str, float | None]:
    """Training a strategy once and so many outputs, by name, in one unit: money where all have a price, else seconds.

    External outputs cost their price alone. None where that is not known; models that were tuned elsewhere do not decide the unit.
    """
    thousands = outputs / 1000
    return _in_one_unit(costs, lambda c: _price_of_use(c, thousands), lambda c: _plus(c.training_seconds, outputs, c.answer_seconds))


def costs_of_a_run(costs: Mapping[str, StrategyCosts | None]) -> dict[str, float | None]:
    """Training a strategy once and answering the test examples, by name, in one unit: money where all have a price, else seconds."""
    return _in_one_unit(costs, lambda c: c.total_price, lambda c: c.total_seconds or None)


def sum_of_known(amounts: Sequence[float | None]) -> float | None:
    """The sum; None where one of the amounts is not known."""
    known = [amount for amount in amounts if amount is not None]
    return math.fsum(known) if len(known) == len(amounts) else None


def _price_of_use(costs: StrategyCosts, thousands: float) -> float | None:
    return _plus(costs.training_price if costs.timed else 0.0, thousands, costs.thousand_price)


def _plus(once: float | None, times: float, each: float | None) -> float | None:
    return once + times * each if once is not None and each is not None else None


def _in_one_unit(
    costs: Mapping[str, StrategyCosts | None],
    price: Callable[[StrategyCosts], float | None],
    seconds: Callable[[StrategyCosts], float | None],
) -> dict[str, float | None]:
    prices = {name: price(each) if each else None for name, each in costs.items()}
    unknown = {name for name, each in costs.items() if each is not None and each.training_is_unknown}
    if all(amount is not None for name, amount in prices.items() if name not in unknown):
        return prices
    return {name: seconds(each) if each else None for name, each in costs.items()}


def _device_share(results: Sequence[CellResult]) -> float | None:
    shares = []
    for result in results:
        limit = result.training.products_per_second if result.training is not None else None
        train = [cost for cost in result.costs if cost.phase == "train"]
        seconds = math.fsum(cost.seconds for cost in train)
        if limit is None or not limit > 0 or not seconds > 0:
            return None
        speed = sum(cost.tokens for cost in train) / seconds
        shares.append(useful_products(speed, result.total_parameters, result.trainable_parameters) / limit)
    return math.fsum(shares) / len(shares) if shares else None


def _of_phases(cells: _Cells, phases: Sequence[Phase]) -> _Cells:
    return [[cost for cost in costs if cost.phase in phases] for costs in cells]


def _seconds(costs: Sequence[Cost]) -> float:
    return math.fsum(cost.seconds for cost in costs)


def _price(costs: Sequence[Cost]) -> float | None:
    return sum_of_known([cost.price for cost in costs])


def _mean(amounts: Sequence[float | None]) -> float | None:
    total = sum_of_known(amounts)
    return None if total is None else total / len(amounts)


def _largest(amounts: Sequence[int | None]) -> int | None:
    return max((amount for amount in amounts if amount is not None), default=None)
