"""What a cell costs in a run that reuses it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.grid.execution.reused_costs import price_reused_cell
from harness.measure import get_device_price
from harness.types import Cell, CellResult, Cost

MACHINE = {"cores": "2", "cells_at_once": "1"}
RESULT = CellResult(Cell("c", "task", "tiny", "lora", 100, 1), "done", (Cost("train", 3600.0, "Xeon", price=0.1),), MACHINE)


def price_of(result: CellResult) -> float | None:
    return result.costs[0].price


@pytest.mark.parametrize("cores", [1, 4, 64])
def test_a_cell_costs_the_same_on_whatever_number_of_cores_it_is_reused(cores: int) -> None:
    """Its hour was measured on two cores: an hour of 64 cores would be 32 times as expensive."""
    price = get_device_price("cpu", "Xeon", cores)
    reused = price_reused_cell(RESULT, {"per_hour": price.per_hour, "currency": price.currency}, str(cores))
    assert reused == RESULT


def test_a_cell_of_as_many_cores_has_the_price_of_the_run_that_reuses_it() -> None:
    reused = price_reused_cell(RESULT, {"per_hour": 0.3, "currency": "EUR"}, "2")
    assert (price_of(reused), reused.costs[0].currency) == (pytest.approx(0.3), "EUR")
    assert price_of(price_reused_cell(RESULT, {"per_hour": None, "currency": "USD"}, "2")) is None


def test_a_cell_that_does_not_say_where_it_ran_keeps_its_price() -> None:
    for provenance in ({}, {"cores": "2"}, *({"cores": "2", "cells_at_once": text} for text in ("0", "-1", "two", "²", "9" * 5000))):
        unknown = replace(RESULT, provenance=provenance)
        assert price_reused_cell(unknown, {"per_hour": 9.0, "currency": "USD"}, "2") == unknown


def test_a_cell_that_shared_the_machine_costs_its_share() -> None:
    shared = replace(RESULT, provenance=MACHINE | {"cells_at_once": "2"})
    assert price_of(price_reused_cell(shared, {"per_hour": 0.3, "currency": "USD"}, "2")) == pytest.approx(0.15)
