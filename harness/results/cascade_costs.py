"""What a cascade costs in use: everything that its first model costs, and the second one for the share of answers that are passed on."""

from __future__ import annotations

from dataclasses import replace

from harness.types import CellResult, Cost


def compose_cascade(result: CellResult, first: CellResult, then: CellResult) -> CellResult:
    """The result of a cascade with the costs of using it: those of the first cell, the second's for the share that was passed on, and, as
    validation, those of choosing the threshold. What the run has spent on the cascade itself is in `result` alone.
    """
    assert result.cascade is not None
    share = result.cascade.passed_on
    choosing = tuple(replace(cost, phase="validate") for cost in result.costs)
    passed_on = tuple(_part(cost, share) for cost in then.costs if cost.phase == "predict")
    if not passed_on and share:  # what the second costs is not known, so neither is what the cascade costs
        passed_on = (Cost("predict", 0.0, "external", price=None, currency=_currency(first)),)
    return replace(result, costs=(*first.costs, *choosing, *passed_on))


def _part(cost: Cost, share: float) -> Cost:
    return replace(
        cost,
        seconds=cost.seconds * share,
        tokens=round(cost.tokens * share),
        energy=None if cost.energy is None else cost.energy * share,
        price=None if cost.price is None else cost.price * share,
    )


def _currency(result: CellResult) -> str:
    return next((cost.currency for cost in result.costs), "USD")
