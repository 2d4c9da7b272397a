"""Processes for cells that start while a run is planned: used once, and ended where nothing uses them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.api import run
from harness.engine.models import Device
from harness.errors import BenchError
from harness.grid.execution import EarlyProcesses, cell_processes
from tests.in_process import cells_in_process

CPU = Device("cpu", "a CPU", "float32")
TWO_GPUS = Device("cuda", "a GPU", "bfloat16", (0, 1))


class Opened:
    """Stands for processes of cells; notes what was opened and what has ended."""

    def __init__(self) -> None:
        self.opened: list[tuple[Device, int]] = []
        self.ended: list[int] = []

    @contextmanager
    def open(self, device: Device, at_once: int) -> Iterator[Any]:
        number = len(self.opened)
        self.opened.append((device, at_once))
        try:
            yield f"processes {number}"
        finally:
            self.ended.append(number)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    opened = Opened()
    monkeypatch.setattr("harness.grid.execution.early_processes.open_cell_processes", opened.open)
    monkeypatch.setattr("harness.grid.execution.early_processes.usable_cores", lambda: 2)
    return opened


def test_processes_that_were_started_are_opened_once(opened: Opened) -> None:
    with EarlyProcesses(None, 1) as early:
        early.start(CPU)
        assert opened.opened == [(CPU, 1)]
        with early.open(CPU, 1) as processes:
            assert (processes, opened.ended) == ("processes 0", [])
        assert opened.ended == [0]
        with early.open(CPU, 1) as processes:
            assert processes == "processes 1"
    assert (len(opened.opened), opened.ended) == (2, [0, 1])


def test_processes_for_another_number_of_cells_end_before_others_start(opened: Opened) -> None:
    with EarlyProcesses(2, 1) as early:
        early.start(CPU)
        assert opened.opened == [(CPU, 2)]
        with early.open(CPU, 1) as processes:
            assert (processes, opened.ended) == ("processes 1", [0])


def test_unused_processes_end_with_an_error(opened: Opened) -> None:
    def plan() -> None:
        with EarlyProcesses(None, 1) as early:
            early.start(CPU)
            raise BenchError("the prompt needs a field that no example has")

    with pytest.raises(BenchError, match="the prompt"):
        plan()
    assert opened.ended == [0]


def test_nothing_starts_early_on_one_core(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.grid.execution.early_processes.usable_cores", lambda: 1)
    with EarlyProcesses(None, 1) as early:
        early.start(CPU)
        assert opened.opened == []
        with early.open(CPU, 1) as processes:
            assert processes == "processes 0"


def test_each_gpu_has_a_cell(opened: Opened) -> None:
    with EarlyProcesses(None, 1) as early:
        early.start(TWO_GPUS)
    assert opened.opened == [(TWO_GPUS, 2)]
    with pytest.raises(BenchError, match=r"jobs=3 needs a device for each cell"), EarlyProcesses(3, 1) as early:
        early.start(TWO_GPUS)


def test_processes_end_at_once_while_they_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request with a mistake must not wait for imports that nothing needs."""
    importing = cell_processes._FORK_SERVER.replace("fork_server.preload()", "import time; time.sleep(600)")
    assert importing != cell_processes._FORK_SERVER
    monkeypatch.setattr(cell_processes, "_FORK_SERVER", importing)
    monkeypatch.setattr(cell_processes, "_SHUTDOWN_SECONDS", 300)
    monkeypatch.setattr("harness.grid.execution.early_processes.usable_cores", lambda: 2)
    with EarlyProcesses(None, 1) as early:
        early.start(CPU)
        assert early._started is not None
        server = early._started[2]._server  # type: ignore[attr-defined]
    assert server.returncode == 1


def test_a_run_starts_them_when_its_cells_are_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not for a request with a mistake in what it names, nor for outputs of a file, which need no model."""
    started: list[str] = []
    (tmp_path / "notes.jsonl").write_text("".join(f'{{"id": "{i}", "input": "talk {i}", "target": "note {i}"}}\n' for i in range(40)))
    asked: dict[str, Any] = {"data": str(tmp_path / "notes.jsonl"), "runs_dir": tmp_path / "runs", "limit": 8, "serving_seconds": 0}
    with cells_in_process():
        monkeypatch.setattr(EarlyProcesses, "start", lambda _, device: started.append(device.kind))
        with pytest.raises(BenchError, match="no model"):
            run("summarization", "base", model=str(tmp_path / "nothing"), **asked)
        assert started == []
        made = run("summarization", "base", **asked)
        assert len(started) == 1
        tests = made.stored.folder.examples("summarization")
        (tmp_path / "vendor.jsonl").write_text("".join(f'{{"id": "{each.id}", "output": "note"}}\n' for each in tests))
        run("summarization", f"outputs:{tmp_path / 'vendor.jsonl'}", base=False, **asked)
        assert len(started) == 1
