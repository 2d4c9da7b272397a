"""One cell per GPU: each process sees its own device, and no two cells share one."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.engine.models import Device
from harness.errors import BenchError
from harness.grid.execution import cell_processes, fork_server
from harness.grid.execution.job import Job
from harness.grid.execution.visible_devices import VisibleDevices

GPUS = Device("cuda", "H100", "bfloat16", (0, 1, 2))


def job(cell: str, devices: int = 1) -> Job:
    return Job("run", cell, "model", {}, "cache", 30.0, devices=devices)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, [{"CUDA_VISIBLE_DEVICES": str(i)} for i in range(3)]),
        ({"CUDA_VISIBLE_DEVICES": "4, 6,7"}, [{"CUDA_VISIBLE_DEVICES": name} for name in ("4", "6", "7")]),
        ({"CUDA_VISIBLE_DEVICES": "GPU-a,GPU-b,GPU-c"}, [{"CUDA_VISIBLE_DEVICES": f"GPU-{name}"} for name in "abc"]),
        ({"HIP_VISIBLE_DEVICES": "2,1,0"}, [{"CUDA_VISIBLE_DEVICES": str(i)} for i in range(3)]),  # means nothing to CUDA
    ],
)
def test_each_cell_has_one_of_the_devices_that_the_run_may_use(environment: Mapping[str, str], expected: list[dict[str, str]]) -> None:
    devices = VisibleDevices(GPUS, environment)
    assert [devices.take(job(cell)) for cell in "abc"] == expected
    devices.give_back("b")
    assert devices.take(job("d")) == expected[1], "the device of the cell that has ended"


def test_rocm_has_a_variable_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.version.hip", "6.4")
    both = {"HIP_VISIBLE_DEVICES": "2,1,0", "CUDA_VISIBLE_DEVICES": "0,1,2"}
    assert VisibleDevices(GPUS, both).take(job("a")) == {"HIP_VISIBLE_DEVICES": "2"}
    assert VisibleDevices(GPUS, {"CUDA_VISIBLE_DEVICES": "4,5,6"}).take(job("a")) == {"CUDA_VISIBLE_DEVICES": "4"}


@pytest.mark.parametrize("build", ["cuda", "hip"])
def test_nothing_that_initializes_a_gpu_is_imported_before_processes_fork(monkeypatch: pytest.MonkeyPatch, build: str) -> None:
    """bitsandbytes does, and peft imports it: a process that is forked afterwards could not use the GPU."""
    monkeypatch.setattr(f"torch.version.{build}", "6.4")
    for name in ("bitsandbytes", "peft"):
        monkeypatch.setitem(sys.modules, name, None)  # an import fails
    fork_server.preload()


def test_gpus_of_another_name_are_left_alone() -> None:
    devices = VisibleDevices(Device("cuda", "H100", "bfloat16", (0, 2)), {"CUDA_VISIBLE_DEVICES": "5,6,7"})
    assert [devices.take(job(cell))["CUDA_VISIBLE_DEVICES"] for cell in "ab"] == ["5", "7"]


def test_cell_of_several_devices_sees_them_all() -> None:
    devices = VisibleDevices(GPUS, {})
    assert devices.take(job("pair", devices=2)) == {"CUDA_VISIBLE_DEVICES": "0,1"}
    assert devices.take(job("single")) == {"CUDA_VISIBLE_DEVICES": "2"}


def test_no_free_device_is_an_error() -> None:
    """An empty variable would hide every GPU, and an absent one none of them."""
    devices = VisibleDevices(GPUS, {})
    devices.take(job("pair", devices=2))
    with pytest.raises(BenchError, match="needs 2 GPUs, and 1 of 3 is free"):
        devices.take(job("another pair", devices=2))


def test_processes_on_a_cpu_inherit_the_variables_of_the_user() -> None:
    assert VisibleDevices(Device("cpu", "a CPU", "float32"), {"CUDA_VISIBLE_DEVICES": "3"}).take(job("a")) == {}


def test_spawned_processes_get_their_device_in_their_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6,7")
    report = "import json, os\nos.write(1, json.dumps({'event': 'sees', 'devices': os.environ['CUDA_VISIBLE_DEVICES']}).encode() + b'\\n')"
    monkeypatch.setattr(cell_processes, "_SPAWNED_CELL", report)
    check_devices_seen()


def test_forked_processes_set_their_device_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server has imported what uses devices; the variable is set in the fork."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6,7")
    server = f"""{cell_processes._KEEP_STDOUT}
import json
from harness.grid.execution import fork_server
def report(job, write):
    fork_server.send_event(write, {{"event": "sees", "devices": os.environ["CUDA_VISIBLE_DEVICES"]}})
    os._exit(0)
fork_server.run_process = report
fork_server.serve(events)
"""
    monkeypatch.setattr(cell_processes, "_FORK_SERVER", server)
    check_devices_seen()


def check_devices_seen() -> None:
    """Three cells have three devices, and a fourth has that of the first one that ends."""
    seen: dict[str, str] = {}
    ended: list[str] = []
    with cell_processes.open_cell_processes(GPUS, 3) as processes:
        events = processes.events()
        assert next(events) == {"event": "ready"}
        for cell in "abc":
            processes.start(job(cell))
        while len(ended) < 4:
            event = next(events)
            if event["event"] == "sees":
                seen[event["cell"]] = event["devices"]
                continue
            ended.append(event["cell"])
            if len(ended) == 1:
                processes.start(job("d"))
    first = ended[0]
    assert seen == {"a": "4", "b": "6", "c": "7", "d": {"a": "4", "b": "6", "c": "7"}[first]}


@pytest.mark.gpu
def test_cell_computes_on_the_device_that_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With torch imported before the fork: the process sees one device, the one of this number, and its energy is read there."""
    import torch

    if torch.cuda.device_count() < 2:
        pytest.skip("needs two GPUs")
    expected = {str(i): str(torch.cuda.get_device_properties(i).uuid) for i in range(2)}
    server = f"""{cell_processes._KEEP_STDOUT}
from harness.grid.execution import fork_server
fork_server.preload()
def report(job, write):
    import torch
    from harness.measure.energy import EnergyCounter
    torch.ones(1, device="cuda")
    seen = [torch.cuda.device_count(), str(torch.cuda.get_device_properties(0).uuid), EnergyCounter("cuda").read() is not None]
    fork_server.send_event(write, {{"event": "sees", "device": seen}})
    os._exit(0)
fork_server.run_process = report
fork_server.serve(events)
"""
    monkeypatch.setattr(cell_processes, "_FORK_SERVER", server)
    with cell_processes.open_cell_processes(Device("cuda", "GPU", "bfloat16", (0, 1)), 2) as processes:
        events = processes.events()
        assert next(events) == {"event": "ready"}
        for cell in "01":
            processes.start(job(cell))
        seen: dict[str, list[object]] = {}
        while len(seen) < 2:
            event = next(events)
            if event["event"] == "sees":
                seen[event["cell"]] = json.loads(json.dumps(event["device"]))
    assert seen == {cell: [1, uuid, True] for cell, uuid in expected.items()}
