"""Whole cells that several processes train: the report of one process, resumed by another number, and one clear error if one is killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from harness import run
from harness.api.requested_runs import SilentListener
from harness.grid.execution.reused_costs import DEVICES
from harness.store import CellFolder, RunFolder
from tests.grid.execution.troubled_runs import list_children

pytestmark = pytest.mark.soak

STRATEGIES = ["full", "lora:lora_dropout=0", "qlora:lora_dropout=0"]


class Watcher(SilentListener):
    """Calls `on_step` after each optimizer step."""

    def __init__(self, on_step):
        self._on_step = on_step

    def event(self, event):
        if event["event"] == "progress" and event["unit"] == "steps":
            self._on_step(event["done"])


@pytest.fixture
def train(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.cache._Choice.folder", tmp_path / "cache")

    def _train(folder, strategies, devices_per_cell, on_step=lambda step: None, **options):
        return run(
            "classification", strategies, epochs=1, dtype="float32", price=1.0, base=False, reuse=False,
            runs_dir=tmp_path / folder, devices_per_cell=devices_per_cell, listener=Watcher(on_step), **{"limit": 12} | options,
        )  # fmt: skip

    return _train


def find_members() -> list[int]:
    """The processes that train a cell together, in their order: children of the cell's process, which the fork server has started."""
    cells = [cell for server in list_children(os.getpid()) for cell in list_children(server)]
    return [member for cell in cells for member in list_children(cell)]


def _read_losses(files: CellFolder) -> list[float]:
    return [line.get("loss", line.get("validation_loss")) for line in files.training_curve()]


def test_two_processes_make_the_report_of_one(train):
    one, two = train("one", STRATEGIES, 1), train("two", STRATEGIES, 2)
    assert RunFolder(one.path).plan().digest == RunFolder(two.path).plan().digest
    for cell in one.cells:
        ours, theirs = RunFolder(two.path).cell(cell.id), RunFolder(one.path).cell(cell.id)
        result, expected = ours.result(), theirs.result()
        assert result.status == "done", result.error
        assert _read_losses(ours) == pytest.approx(_read_losses(theirs), rel=1e-5)
        assert [p.output for p in ours.predictions()] == [p.output for p in theirs.predictions()]
        assert result.general_loss == pytest.approx(expected.general_loss, rel=1e-5)
        same = ("trainable_parameters", "total_parameters", "artifact_bytes")
        assert [getattr(result, name) for name in same] == [getattr(expected, name) for name in same]
        assert result.training.target_tokens == expected.training.target_tokens
        assert result.provenance[DEVICES] == "1"  # a CPU is one device, whatever the number of processes
        assert {cost.phase: cost.tokens for cost in result.costs} == {cost.phase: cost.tokens for cost in expected.costs}
        assert {p.name for p in ours.artifact.iterdir()} == {p.name for p in theirs.artifact.iterdir()}


def test_two_processes_divide_a_test_set(train):
    """The batches are those of one process; each process has one thread here, so sums are in the same order."""
    one, two = (train(f"answers-{n}", ["lora:lora_dropout=0"], n, limit=160) for n in (1, 2))
    (cell,) = one.cells
    ours, theirs = (RunFolder(done.path).cell(cell.id) for done in (two, one))
    assert ours.result().status == "done", ours.result().error
    assert [p.example_id for p in ours.predictions()] == [p.example_id for p in theirs.predictions()]
    assert [p.output for p in ours.predictions()] == [p.output for p in theirs.predictions()]
    tokens = [next(cost.tokens for cost in files.result().costs if cost.phase == "predict") for files in (ours, theirs)]
    assert tokens[0] == tokens[1]


def test_a_search_by_two_processes_chooses_as_one_does(train):
    search = {"trials": 3, "fields": {"learning_rate": {"factor": 30}}}
    one, two = (train(f"search-{n}", ["lora:lora_dropout=0"], n, search=search) for n in (1, 2))
    trials = [RunFolder(done.path).plan().trials for done in (one, two)]
    assert trials[0].keys() == trials[1].keys()
    assert len(trials[0]) >= 3
    for cell in trials[0]:
        ours, theirs = (RunFolder(done.path).cell(cell).result() for done in (two, one))
        assert ours.status == "done", ours.error
        assert ours.trial.losses == pytest.approx(theirs.trial.losses, rel=1e-4)
    assert [cell.strategy for cell in one.cells] == [cell.strategy for cell in two.cells]


@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_process_fails_the_cell_with_one_error(train, victim):
    members: list[int] = []

    def kill(step):
        if step == 2 and not members:
            members.extend(find_members())
            os.kill(members[victim], signal.SIGKILL)

    done = train("killed", ["lora"], 2, kill)
    (cell,) = done.cells
    result = RunFolder(done.path).cell(cell.id).result()
    assert len(members) == 2
    assert (result.status, result.error) == (
        "failed", f"process {victim + 1} of 2 was ended by signal 9 (Killed); see log.txt in the cell's folder",
    )  # fmt: skip
    assert not any(Path(f"/proc/{member}").exists() for member in members)
