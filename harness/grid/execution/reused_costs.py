"""What a cell of another run costs in this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.types import CellResult, TokenPrice

DEVICES = "devices_of_the_cell"  # in the provenance of a cell: how many devices it had for itself
AT_ONCE = "cells_at_once"  # in the provenance of a cell: how many shared the device, and its price, while it ran


def price_reused_cell(result: CellResult, price: Mapping[str, Any], cores: str) -> CellResult:
    """The result at this run's price, if the cell's machine had as many cores as this run's; else as it was priced where it ran.

    An hour of more cores costs more, but the cell's seconds were measured on its own. The device is the same, because it is part of the
    cell's identity. Cells that ran at once shared the machine, and each costs its share; a cell on several devices costs all of them.

    Args:
        price: `per_hour` of this run's device, or None, and `currency`.
        cores: of this run, as in the environment of its plan.
    """
    shared_by, devices = result.provenance.get(AT_ONCE, ""), result.provenance.get(DEVICES, "1")
    if result.provenance.get("cores") != cores or not (_is_count(shared_by) and _is_count(devices)):
        return result
    per_hour = None if price["per_hour"] is None else price["per_hour"] * int(devices) / int(shared_by)
    costs = tuple(
        replace(cost, price=None if per_hour is None else cost.seconds / 3600 * per_hour, currency=price["currency"])
        for cost in result.costs
    )
    serving = None if result.serving is None else replace(result.serving, per_hour=price["per_hour"], currency=price["currency"])
    return replace(result, costs=costs, serving=serving)


def price_hosted_cell(result: CellResult, price: TokenPrice | None) -> CellResult:
    """The result of a hosted model at the strategy's price of today. This run has paid nothing for it."""
    hosted = result.hosted
    if hosted is None:
        return result
    amount = None if price is None else price.of_tokens(hosted.tokens_in, hosted.tokens_out)
    costs = tuple(replace(cost, price=amount) if cost.phase == "predict" else cost for cost in result.costs)
    return replace(result, costs=costs, hosted=replace(hosted, paid=0.0))


def _is_count(text: str) -> bool:
    """The run folder may be a stranger's."""
    return text.isascii() and text.isdecimal() and len(text) < 5 and int(text) > 0
