"""What --devices-per-cell asks for is checked before anything is spent, and each cell gets and pays for its devices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.engine.models import Device
from harness.errors import BenchError
from harness.grid.execution.cells_at_once import check_devices_per_cell, choose_cells_at_once
from harness.grid.execution.reused_costs import AT_ONCE, DEVICES, price_reused_cell
from harness.types import Cell, CellResult, Cost

EIGHT = Device("cuda", "H100", "bfloat16", tuple(range(8)))
CLUSTER = Device("cuda", "H100", "bfloat16", tuple(range(9)), nodes=(4, 4, 1))


@pytest.mark.parametrize(
    ("devices", "device", "message"),
    [
        (9, EIGHT, r"devices_per_cell=9 needs so many GPUs of one kind, and there are 8 \(H100\)"),
        (2, replace(EIGHT, indices=(0,)), "devices_per_cell=2 needs so many GPUs of one kind, and there is one H100"),
        (5, CLUSTER, r"devices_per_cell=5 needs so many GPUs in one node of the cluster, and the largest has 4 \(H100\): a cell is not"),
    ],
)
def test_what_cannot_work_is_refused(devices, device, message):
    with pytest.raises(BenchError, match=message):
        check_devices_per_cell(devices, device)


def test_what_fits_is_not_refused():
    check_devices_per_cell(1, replace(EIGHT, indices=(0,)))
    check_devices_per_cell(4, CLUSTER)
    check_devices_per_cell(4, Device("cpu", "EPYC", "float32"))  # processes, of which a CPU can have any number


def test_so_many_cells_run_at_once_as_have_devices():
    assert choose_cells_at_once(None, EIGHT, 3, shares_device=False) == 2
    assert choose_cells_at_once(1, EIGHT, 4, shares_device=False) == 1
    assert choose_cells_at_once(None, CLUSTER, 3, shares_device=False) == 2, "one on each node that has three"
    assert choose_cells_at_once(None, replace(CLUSTER, kind="cpu"), 3, shares_device=False) == 9, "processes share a device there"
    with pytest.raises(BenchError, match=r"jobs=3 needs 4 devices in one node for each cell, and there are 9 GPUs .* Use jobs=2"):
        choose_cells_at_once(3, CLUSTER, 4, shares_device=False)
    with pytest.raises(BenchError, match=r"jobs=3 needs 4 devices for each cell, and there are 8 GPUs .* Use jobs=2, or leave it out"):
        choose_cells_at_once(3, EIGHT, 4, shares_device=False)


def test_a_reused_cell_costs_all_of_its_devices():
    result = CellResult(
        Cell("c", "t", "m", "s", 1, 0), "done", (Cost("train", 3600.0, "H100"),), {"cores": "8", AT_ONCE: "1", DEVICES: "4"}
    )
    (cost,) = price_reused_cell(result, {"per_hour": 2.5, "currency": "USD"}, "8").costs
    assert cost.price == 10.0
