"""How fast the models of a task answer, and what an answer costs alone and in batches."""

from __future__ import annotations

from dataclasses import dataclass

from harness.results import ServingCosts, StrategyResult, TaskResults, compute_serving_costs


@dataclass(frozen=True)
class SpeedRow:
    """One strategy with one form of its weights.

    Attributes:
        seed: of the trained model that was measured; None where the strategy has one.
        times_run_price: how many times as much an answer costs alone as in the batches of the run; None where either is not known.
    """

    label: str
    seed: int | None
    costs: ServingCosts
    times_run_price: float | None


@dataclass(frozen=True)
class ServingSpeeds:
    """What was measured after the run.

    Attributes:
        problems: by strategy, why it was not measured, or not with its adapter merged.
        device: the name of the device.
        per_hour: the price of its hour in `currency`; None where it is not known.
    """

    rows: tuple[SpeedRow, ...]
    problems: tuple[tuple[str, str], ...]
    device: str
    per_hour: float | None
    currency: str


def build_serving_speeds(results: TaskResults) -> ServingSpeeds | None:
    """The speed of one trained model of each strategy, in the order of the report; None where nothing was measured."""
    rows: list[SpeedRow] = []
    problems: list[tuple[str, str]] = []
    measured = [(result, serving) for result in results.strategies if (serving := result.serving) is not None]
    if not measured:
        return None
    for result, serving in measured:
        seed = result.cell.seed if len(result.seeds) > 1 else None
        rows += [
            SpeedRow(result.label, seed, costs, _compare_with_run(result, costs.alone_thousand_price))
            for costs in compute_serving_costs(serving)
        ]
        if serving.problem:
            problems.append((result.label, serving.problem))
    first = measured[0][1]
    return ServingSpeeds(tuple(rows), tuple(problems), first.device, first.per_hour, first.currency)


def _compare_with_run(result: StrategyResult, alone: float | None) -> float | None:
    in_batches = result.costs.thousand_price if result.costs is not None else None
    return alone / in_batches if alone is not None and in_batches else None
