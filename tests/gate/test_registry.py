"""The registry: whole whatever happens, and it shows when somebody touched it."""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from harness.api import NotPassedError, gate, history, promote, rollback
from harness.errors import BenchError
from harness.gate import Registry
from harness.store import Run
from tests.gate.conftest import Runs


def promoted(run: Run, registry: Path, strategy: str = "lora", **more: Any) -> Any:
    event, _ = promote(run.path, strategy, registry=registry, **({"force": True, "reason": "a test"} | more))
    return event


def test_only_a_pass_is_promoted_and_force_is_marked_for_ever(runs: Runs, tmp_path: Path) -> None:
    registry, run = tmp_path / "registry", runs(0.4, base=0.9)
    with pytest.raises(NotPassedError, match="FAIL: not promoted") as refused:
        promote(run.path, "lora", baseline=f"{run.path}:base", registry=registry)
    assert refused.value.exit_code == 1 and history(registry=registry) == []
    with pytest.raises(BenchError, match="--force needs --reason"):
        promote(run.path, "lora", registry=registry, force=True, reason=" ")
    event, verdict = promote(run.path, "lora", baseline=f"{run.path}:base", registry=registry, force=True, reason="the board said so")
    assert (event.action, event.outcome, event.reason, verdict.outcome) == ("force", "FAIL", "the board said so", "FAIL")
    passed, _ = promote(run.path, "base", baseline=f"{run.path}:lora", registry=registry, force=True, reason="not needed")
    assert (passed.action, passed.outcome) == ("promote", "PASS")


def test_a_deleted_run_loses_nothing(runs: Runs, tmp_path: Path) -> None:
    registry, run = tmp_path / "registry", runs(0.9)
    promoted(run, registry)
    name = run.name
    shutil.rmtree(run.path)
    other = runs(0.3)
    verdict = gate(other.path, "lora", registry=registry)
    assert verdict.outcome == "FAIL" and verdict.baseline is not None and verdict.baseline.run.startswith(name)


def test_the_champion_is_the_baseline_and_rollback_brings_the_one_before_back(runs: Runs, tmp_path: Path) -> None:
    registry, first, second = tmp_path / "registry", runs(0.7), runs(0.9)
    promoted(first, registry)
    event = promoted(second, registry)
    assert event.action == "promote" and event.outcome == "PASS", "better than the champion: no force was needed"
    back = rollback("summarization", registry=registry, reason="complaints")
    assert (back.action, back.run, back.reason) == ("rollback", first.name, "complaints")
    champion = Registry(registry).champion("summarization")
    assert champion is not None and champion.run == first.name
    assert [e.action for e in history("summarization", registry=registry)] == ["promote", "promote", "rollback"]
    assert [e.number for e in history(registry=registry)] == [1, 2, 3]


def test_nothing_to_roll_back_to(runs: Runs, tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    with pytest.raises(BenchError, match="nothing was promoted"):
        rollback("summarization", registry=registry)
    promoted(runs(0.9), registry)
    with pytest.raises(BenchError, match="no model of 'summarization' before"):
        rollback("summarization", registry=registry)
    with pytest.raises(BenchError, match="Did you mean 'summarization'"):
        history("summarisation", registry=registry)


def _promote(arguments: tuple[str, str]) -> int:
    run, registry = arguments
    event, _ = promote(run, "lora", registry=registry, force=True, reason="at once")
    return event.number


def test_two_processes_promote_at_once_and_the_history_is_whole(runs: Runs, tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    made = [runs(0.5 + 0.05 * k, rows=30) for k in range(6)]
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        numbers = pool.map(_promote, [(str(run.path), str(registry)) for run in made], chunksize=1)
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
    events = history(registry=registry)
    assert [e.number for e in events] == [1, 2, 3, 4, 5, 6]
    assert {e.run for e in events} == {run.name for run in made}
    for event in events:
        Registry(registry).load(event)


def test_a_changed_artifact_is_not_loaded(runs: Runs, tmp_path: Path) -> None:
    registry, run = tmp_path / "registry", runs(0.9)
    event = promoted(run, registry)
    (predictions,) = (registry / event.folder).rglob("predictions.parquet")
    predictions.write_bytes(predictions.read_bytes() + b"\0")
    with pytest.raises(BenchError, match=r"was changed since it was promoted .* its sha256 is"):
        gate(runs(0.9).path, "lora", registry=registry)
    shutil.rmtree(registry / event.folder)
    with pytest.raises(BenchError, match="is gone"):
        gate(runs(0.9).path, "lora", registry=registry)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET body = replace(body, 'a test', 'approved')",
        "UPDATE events SET action = 'rollback' WHERE number = 1",
        "UPDATE events SET user = 'somebody else' WHERE number = 2",
        "DELETE FROM events WHERE number = 1",
        "DELETE FROM events WHERE number = 2",
    ],
)
def test_an_edited_history_is_seen(runs: Runs, tmp_path: Path, change: str) -> None:
    registry = tmp_path / "registry"
    for quality in (0.5, 0.6):
        promoted(runs(quality, rows=40), registry)
    with sqlite3.connect(registry / "registry.sqlite") as db:
        db.execute(change)
    db.close()
    with pytest.raises(BenchError, match=r"registry\.sqlite: (event \d was changed|was cut short).*Restore a backup"):
        history(registry=registry)


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_a_truncated_file_is_said_so(runs: Runs, tmp_path: Path, size: int) -> None:
    registry = tmp_path / "registry"
    promoted(runs(0.5, rows=40), registry)
    file = registry / "registry.sqlite"
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(BenchError, match=r"registry\.sqlite: .*Restore a backup"):
        history(registry=registry)


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "registry.sqlite").write_text("not a database, but long enough to be read as one" * 40)
    with pytest.raises(BenchError, match="is damaged, or no registry"):
        history(registry=tmp_path / "registry")
