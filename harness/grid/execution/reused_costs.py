"""What a cell of another run costs in this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.types import CellResult


def price_reused_cell(result: CellResult, price: Mapping[str, Any], cores: str) -> CellResult:
    """The result at this run's price, if the cell ran on as many cores as this run has; else as it was priced where it ran.

    An hour of more cores costs more, but the cell's seconds were measured on its own. The device is the same, because it is part of the
    cell's identity.

    Args:
        price: `per_hour` of this run's device, or None, and `currency`.
        cores: of this run, as in the environment of its plan.
    """
    if result.provenance.get("cores") != cores:
        return result
    per_hour = price["per_hour"]
    costs = tuple(
        replace(cost, price=None if per_hour is None else cost.seconds / 3600 * per_hour, currency=price["currency"])
        for cost in result.costs
    )
    return replace(result, costs=costs)
