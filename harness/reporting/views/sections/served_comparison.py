"""What a running server answered, beside what the stored model answered."""

from __future__ import annotations

from dataclasses import dataclass

from harness.results import ServedCosts, TaskResults, compute_served_costs
from harness.types import ServedMeasurement


@dataclass(frozen=True)
class ServedComparison:
    """One strategy whose exported model a server has."""

    label: str
    measured: ServedMeasurement
    costs: ServedCosts


def list_served_comparisons(results: TaskResults) -> tuple[ServedComparison, ...]:
    """The strategies that a server was asked for, in the order of the report."""
    served = [(result.label, result.served) for result in results.strategies]
    return tuple(ServedComparison(label, measured, compute_served_costs(measured)) for label, measured in served if measured is not None)
