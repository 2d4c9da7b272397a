"""The cascades of a task: which answers they keep, with which guarantee, and what other thresholds would give."""

from __future__ import annotations

from dataclasses import dataclass

from harness.results import StrategyResult, TaskResults
from harness.types import CascadeMeasurement, CascadePoint


@dataclass(frozen=True)
class CascadeReport:
    """One cascade, of its first seed.

    Attributes:
        first, then: the labels of its two strategies.
        risk, confidence: of the guarantee.
        chosen: the point of the chosen threshold.
        prices: what 1,000 answers cost at each point, in `currency`; empty where the price of one of the two strategies is unknown.
        second_price: what 1,000 answers of the second strategy alone cost.
        seeds: how many seeds the cascade has; each chooses its own threshold.
    """

    label: str
    first: str
    then: str
    risk: float
    confidence: float
    measured: CascadeMeasurement
    chosen: CascadePoint
    prices: tuple[float, ...]
    second_price: float | None
    currency: str
    seeds: int


def list_cascades(results: TaskResults) -> tuple[CascadeReport, ...]:
    """The cascades with a result, in the order of the report."""
    return tuple(report for result in results.strategies if (report := _describe(results, result)) is not None)


def _describe(results: TaskResults, result: StrategyResult) -> CascadeReport | None:
    measured, strategy = result.cascade, result.definition
    if measured is None or measured.chosen >= len(measured.points):
        return None
    try:
        first, then = (results.get_strategy(cell) for cell in result.run.plan.find_cascade_parts(result.cell))
    except LookupError:  # a part of a run has the cascade alone
        return None
    own, other = (each.costs.thousand_price if each.costs is not None else None for each in (first, then))
    prices = () if own is None or other is None else tuple(own + point.passed_on * other for point in measured.points)
    return CascadeReport(
        label=result.label,
        first=first.label,
        then=then.label,
        risk=strategy.risk,
        confidence=strategy.confidence,
        measured=measured,
        chosen=measured.points[measured.chosen],
        prices=prices,
        second_price=other,
        currency=first.costs.currency if first.costs is not None else "USD",
        seeds=len(result.done),
    )
