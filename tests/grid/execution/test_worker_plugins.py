"""The process of a cell uses the plug-in files that the user named, as they were when the run was planned."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.cache import cache_folder
from harness.grid.execution import worker
from harness.grid.execution.job import Job
from harness.metrics import families
from harness.plugins import plugin_files
from harness.types import Cell, CellResult, Cost

CODE = """from harness import Plugin
from harness.metrics import Family, example_metric
def plugin():
    return Plugin(metrics=[Family("mine", ("qa",), ("mine",), lambda labels: (example_metric("mine", "higher", "fraction", len, "x"),))])
"""
CELL = Cell("c1", "notes", "tiny", "base", 0, None)


class FakeRun:
    """A cell that notes which metrics are known while it runs."""

    def __init__(self, job: Job, emit: Any) -> None:
        self.cell, self.files, self.meter = CELL, self, self
        self.written: list[CellResult] = []
        RUNS.append(self)

    def run(self) -> tuple[CellResult, list[Any]]:
        return CellResult(CELL, "done", (), {"known": str("mine" in families())}), []

    def costs(self) -> tuple[Cost, ...]:
        return ()

    def provenance(self) -> dict[str, str]:
        return {}

    def write_result(self, result: CellResult, predictions: Any = ()) -> None:
        self.written.append(result)


RUNS: list[FakeRun] = []


def test_cell_knows_the_metrics_of_its_files_and_refuses_a_changed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "open_cell_run", FakeRun)
    file = tmp_path / "mine.py"
    file.write_text(CODE)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    job = Job(str(tmp_path), "c1", "", {}, str(cache_folder()), 30.0, plugins={str(file): digest})
    assert worker.run_job(job, lambda event: None) == "done"
    assert RUNS[-1].written[0].provenance == {"known": "True"}
    assert worker.run_job(replace(job, plugins={}), lambda event: None) == "done"
    assert RUNS[-1].written[0].provenance == {"known": "False"}
    file.write_text(CODE + "# changed\n")
    assert worker.run_job(job, lambda event: None) == "failed"
    assert "has changed since the run was planned" in (RUNS[-1].written[0].error or "")
    assert not plugin_files()
