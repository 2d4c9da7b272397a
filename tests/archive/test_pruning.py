"""Deleting runs: shown first, and never what is needed elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from filelock import FileLock
from report_factory import Made, classification, make_run, summarization

from harness.api import promote, prune_runs, review_export, select_prunable
from harness.archive import plan_pruning
from harness.errors import BenchError
from harness.store import RunFolder, verify_run
from tests.foreign import edit_json

CELLS = (Made("base", 0.3), Made("few-shot", 0.9, 0))
NOW = datetime(2026, 3, 31, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _cache(own_cache: None) -> None: ...


def add_run(runs: Path, day: int, *, finished: bool = True, intents: bool = False) -> Path:
    """A run of the given day of March."""
    task = classification(CELLS, rows=10) if intents else summarization(CELLS, rows=10)
    run = make_run(runs / f"run-{day}", [task])
    edit_json(run.path / "run.json", lambda plan: plan.update(created=f"2026-03-{day:02d}T10:00:00+00:00"))
    if not finished:
        run.folder.seal_file.unlink()
    return run.path


@contextmanager
def in_use(run: Path) -> Iterator[None]:
    """Hold the lock of a run as another process does."""
    (run / ".lock-holder").write_text("{}")
    with FileLock(run / ".lock"):
        yield


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Five runs of one task, one of which is not finished, and one of another task."""
    for day in (10, 12, 14, 16):
        add_run(tmp_path / "runs", day, finished=day != 14)
    add_run(tmp_path / "runs", 11, intents=True)
    return tmp_path / "runs"


def names(selected: object) -> list[str]:
    return [run.folder.path.name for run in selected]  # type: ignore[attr-defined]


def test_newest_finished_runs_of_each_task_stay(runs: Path) -> None:
    plan = plan_pruning(runs, NOW, keep=1)
    assert names(plan.delete) == ["run-14", "run-12", "run-10"]
    assert plan.unselected == 2, "the newest of each task"
    assert names(plan_pruning(runs, NOW, keep=1, older_than=timedelta(days=18)).delete) == ["run-12", "run-10"]
    assert names(plan_pruning(runs, NOW, older_than=timedelta(days=19)).delete) == ["run-11", "run-10"]
    assert names(prune_runs(plan)) == names(plan.delete)
    assert sorted(path.name for path in runs.iterdir()) == ["run-11", "run-16"]


def test_runs_that_are_needed_stay_and_are_named(runs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    promote(runs / "run-10", "few-shot", force=True, reason="a test", new_registry=True)
    review_export(runs / "run-12", ("base", "few-shot"), n=4)
    (runs / "run-11" / "run.json").write_text("{")
    (runs / "linked").symlink_to(runs / "run-16")
    with in_use(runs / "run-14"):
        plan = select_prunable(runs, keep=0)
        assert {run.folder.path.name: run.kept for run in plan.keep} == {
            "run-10": "promoted", "run-12": "reviewed", "run-11": "damaged", "run-14": "in_use", "linked": "is_link",
        }  # fmt: skip
        assert names(plan.delete) == ["run-16"]
    with in_use(runs / "run-16"):
        assert prune_runs(plan) == (), "it has come into use since it was selected"
    assert RunFolder(runs / "run-16").plan().tasks


def test_registry_that_cannot_be_read_deletes_nothing(runs: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="does not exist"):
        select_prunable(runs, keep=0, registry=tmp_path / "registry")
    with pytest.raises(BenchError, match='name the runs to delete: keep="N", older_than="30d", or both'):
        select_prunable(runs)


def add_weights(run: Path, *, shared_with: Path | None = None) -> Path:
    """Give the trained cell of a run 1,000 bytes of weights, or link those of another run."""
    folder = RunFolder(run)
    cell = next(folder.cell(cell.id) for cell in folder.plan().cells if cell.strategy == "few-shot")
    cell.artifact.mkdir()
    weights = cell.artifact / "adapter_model.safetensors"
    if shared_with is None:
        weights.write_bytes(bytes(1000))
    else:
        weights.hardlink_to(shared_with)
    cell.write_result(cell.result(), cell.predictions())
    if folder.seal_file.is_file():
        folder.seal()
    return weights


def test_only_weights_are_deleted_and_results_stay_verifiable(runs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Runs that share files free them only together."""
    monkeypatch.chdir(tmp_path)
    first = add_weights(runs / "run-10")
    shared = add_weights(runs / "run-12", shared_with=first)
    add_weights(runs / "run-14")  # not finished
    newest = add_weights(runs / "run-16")
    review_export(runs / "run-12", ("base", "few-shot"), n=4)
    plan = select_prunable(runs, keep=1, weights_only=True)
    assert (names(plan.delete), [run.size for run in plan.delete], plan.freed) == (["run-12", "run-10"], [1000, 1000], 1000)
    assert {run.folder.path.name: run.kept for run in plan.keep} == {"run-14": "unfinished"}
    assert plan.unselected == 2, "the newest of one task, and a run without weights"
    assert select_prunable(runs, older_than=timedelta(0), weights_only=True).freed == 2000
    assert plan_pruning(runs, datetime(2026, 3, 30, 11, tzinfo=UTC), older_than=timedelta(days=19), weights_only=True).freed == 0
    with in_use(runs / "run-10"):
        assert names(prune_runs(plan)) == ["run-12"], "it has come into use since it was selected"
    assert names(prune_runs(select_prunable(runs, keep=1, weights_only=True))) == ["run-10"]
    assert not first.exists() and not shared.exists() and newest.exists()
    for name in ("run-10", "run-12"):
        verification = verify_run(RunFolder(runs / name))
        assert verification.is_intact and [note.size for note in verification.removed.values()] == [1000]
    assert select_prunable(runs, keep=1, weights_only=True).delete == ()


def test_weights_of_a_promoted_run_stay(runs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    weights = add_weights(runs / "run-10")
    promote(runs / "run-10", "few-shot", force=True, reason="a test", new_registry=True)
    plan = select_prunable(runs, keep=0, weights_only=True)
    assert [(run.folder.path.name, run.kept) for run in plan.keep] == [("run-10", "promoted")]
    assert prune_runs(plan) == () and weights.exists()
