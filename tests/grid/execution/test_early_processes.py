"""Processes for cells that start while a run is planned: used once, and ended where nothing uses them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.api import run
from harness.engine.models import Device, ModelSource, resolve_model
from harness.errors import BenchError, RunStoppedError
from harness.grid.execution import EarlyProcesses, cell_processes
from tests.in_process import cells_in_process

CPU = Device("cpu", "a CPU", "float32")
TWO_GPUS = Device("cuda", "a GPU", "bfloat16", (0, 1))


class Named(str):
    """Processes that have ended already."""

    def wait_until_ready(self) -> None:
        pass

    def events(self) -> Iterator[Any]:
        return iter(())


class Opened:
    """Stands for processes of cells; notes what was opened and what has ended, and both in their order."""

    def __init__(self) -> None:
        self.opened: list[tuple[Device, int]] = []
        self.forked: list[bool] = []
        self.models: list[ModelSource | None] = []
        self.ended: list[int] = []
        self.order: list[str] = []

    @contextmanager
    def open(self, device: Device, at_once: int, *, forks: bool = False, model: ModelSource | None = None) -> Iterator[Any]:
        number = len(self.opened)
        self.opened.append((device, at_once))
        self.forked.append(forks)
        self.models.append(model)
        self.order.append(f"{number} starts")
        try:
            yield Named(f"processes {number}")
        finally:
            self.ended.append(number)
            self.order.append(f"{number} ends")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    opened = Opened()
    monkeypatch.setattr("harness.grid.execution.early_processes.open_cell_processes", opened.open)
    monkeypatch.setattr("harness.grid.execution.early_processes.usable_cores", lambda: 2)
    return opened


def test_processes_that_were_started_are_opened_once(opened: Opened) -> None:
    with EarlyProcesses(None, 1) as early:
        early.start(CPU, 9)
        assert opened.opened == [(CPU, 1)]
        with early.open(CPU, 1) as processes:
            assert (processes, opened.ended) == ("processes 0", [])
        assert opened.ended == [0]
        with early.open(CPU, 1) as processes:
            assert processes == "processes 1"
    assert (len(opened.opened), opened.ended) == (2, [0, 1])


def test_processes_for_another_number_of_cells_end_before_others_start(opened: Opened) -> None:
    with EarlyProcesses(2, 1) as early:
        early.start(CPU, 9)
        assert opened.opened == [(CPU, 2)]
        with early.open(CPU, 1):
            assert opened.order == ["0 starts", "0 ends", "1 starts"]


def test_no_more_processes_start_than_there_are_cells(opened: Opened) -> None:
    with EarlyProcesses(4, 1) as early:
        early.start(CPU, 2)
    assert opened.opened == [(CPU, 2)]


def test_unused_processes_end_with_an_error(opened: Opened) -> None:
    def plan() -> None:
        with EarlyProcesses(None, 1) as early:
            early.start(CPU, 9)
            raise BenchError("the prompt needs a field that no example has")

    with pytest.raises(BenchError, match="the prompt"):
        plan()
    assert opened.ended == [0]


def test_nothing_starts_early_on_one_core(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.grid.execution.early_processes.usable_cores", lambda: 1)
    with EarlyProcesses(None, 1) as early:
        early.start(CPU, 9)
        assert opened.opened == []
        with early.open(CPU, 1) as processes:
            assert processes == "processes 0"


@pytest.mark.parametrize(
    ("jobs", "device", "cells", "characters", "forked"),
    [
        (None, CPU, 9, 10_000_000, True),
        (2, CPU, 1, 0, True),
        (None, CPU, 9, 10_000_001, False),
        (2, CPU, 9, 0, False),
        (None, Device("cuda", "a GPU", "bfloat16", (0,)), 9, 0, False),
    ],
    ids=["one at a time", "one cell", "much data", "two at a time", "a GPU"],
)
def test_a_command_forks_itself_for_cells_that_run_alone_on_a_cpu(
    opened: Opened, jobs: int | None, device: Device, cells: int, characters: int, forked: bool
) -> None:
    """Not where the process that is forked would keep much data in memory, and not where CUDA would have to survive it."""
    with EarlyProcesses(jobs, 1, forks=True) as early:
        early.start(device, cells, characters)
    with EarlyProcesses(jobs, 1) as early:
        early.start(device, cells, characters)
    assert opened.forked == [forked, False]


def test_a_command_forks_itself_on_one_core_too(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.grid.execution.early_processes.usable_cores", lambda: 1)
    included = resolve_model("tiny")
    with EarlyProcesses(None, 1, forks=True) as early:
        early.start(CPU, 9, model=included)
    assert (opened.forked, opened.models) == ([True], [included])


def test_each_gpu_has_a_cell(opened: Opened) -> None:
    with EarlyProcesses(None, 1) as early:
        early.start(TWO_GPUS, 9)
    assert opened.opened == [(TWO_GPUS, 2)]
    with pytest.raises(BenchError, match=r"jobs=3 needs a device for each cell"), EarlyProcesses(3, 1) as early:
        early.start(TWO_GPUS, 9)


def replace_imports(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    changed = cell_processes._FORK_SERVER.replace("fork_server.preload()", code)
    assert changed != cell_processes._FORK_SERVER
    monkeypatch.setattr(cell_processes, "_FORK_SERVER", changed)


def test_waiting_ends_when_cells_can_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is timed while a run is planned must not share the cores with imports. That cells can start is still told afterwards."""
    monkeypatch.setattr("harness.grid.execution.early_processes.usable_cores", lambda: 2)
    replace_imports(monkeypatch, f"open({str(tmp_path / 'imported')!r}, 'w')")
    with EarlyProcesses(None, 1) as early:
        early.wait()
        early.start(CPU, 1)
        early.wait()
        assert (tmp_path / "imported").exists()
        with early.open(CPU, 1) as processes:
            assert next(processes.events()) == {"event": "ready"}


def test_a_run_uses_the_processes_that_have_started(opened: Opened, tmp_path: Path) -> None:
    """No second ones: these would import everything again."""
    with pytest.raises(RunStoppedError, match="stopped unexpectedly"):
        run("summarization", "base", limit=8, runs_dir=tmp_path / "runs", serving_seconds=0)
    assert (opened.opened, opened.ended) == ([(opened.opened[0][0], 1)], [0])


def test_processes_end_at_once_while_they_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request with a mistake must not wait for imports that nothing needs."""
    replace_imports(monkeypatch, "import time; time.sleep(600)")
    monkeypatch.setattr(cell_processes, "_SHUTDOWN_SECONDS", 300)
    monkeypatch.setattr("harness.grid.execution.early_processes.usable_cores", lambda: 2)
    with EarlyProcesses(None, 1) as early:
        early.start(CPU, 9)
        assert early._started is not None
        server = early._started[2]._server  # type: ignore[attr-defined]
    assert server.returncode == 1


def test_a_run_starts_them_when_its_cells_are_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not for a request with a mistake in what it names, nor for outputs of a file, which need no model."""
    started: list[tuple[int, str | None]] = []
    (tmp_path / "notes.jsonl").write_text("".join(f'{{"id": "{i}", "input": "talk {i}", "target": "note {i}"}}\n' for i in range(40)))
    asked: dict[str, Any] = {"data": str(tmp_path / "notes.jsonl"), "runs_dir": tmp_path / "runs", "limit": 8, "serving_seconds": 0}
    with cells_in_process():

        def note(early: EarlyProcesses, device: Device, cells: int, characters: int, model: ModelSource | None) -> None:
            started.append((cells, None if model is None else model.name))

        monkeypatch.setattr(EarlyProcesses, "start", note)
        with pytest.raises(BenchError, match="no model"):
            run("summarization", "base", model=str(tmp_path / "nothing"), **asked)
        assert started == []
        made = run("summarization", "base", **asked)
        assert started == [(1, "tiny")]
        tests = made.stored.folder.examples("summarization")
        (tmp_path / "vendor.jsonl").write_text("".join(f'{{"id": "{each.id}", "output": "note"}}\n' for each in tests))
        run("summarization", f"outputs:{tmp_path / 'vendor.jsonl'}", base=False, **asked)
        assert started == [(1, "tiny")]


def test_tokenizers_of_several_models_are_not_read_for_all_cells(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each would be in the memory of the cells of the others, and be measured with them."""
    shutil.copytree(resolve_model("tiny").folder, tmp_path / "second")

    def stop(early: EarlyProcesses, device: Device, cells: int, characters: int, model: ModelSource | None) -> None:
        assert (cells, model) == (2, None)
        raise KeyboardInterrupt

    with cells_in_process():
        monkeypatch.setattr(EarlyProcesses, "start", stop)
        with pytest.raises(KeyboardInterrupt):
            run("qa", "base", model=["tiny", str(tmp_path / "second")], runs_dir=tmp_path / "runs", limit=4)
