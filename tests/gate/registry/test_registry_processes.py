"""A registry stays intact when processes are killed, wait for each other, or promote at once."""

from __future__ import annotations

import contextlib
import multiprocessing
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from harness.api import gate, history, promote
from harness.errors import BenchError
from harness.gate import Registry
from harness.gate.registry import journal
from harness.store import write_json
from tests.gate.conftest import Runs as Made
from tests.gate.registry.conftest import promoted


def test_a_verdict_about_another_model_in_service_promotes_nothing(runs: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the verdict and the promotion another process puts a better model in service."""
    registry, old, middle, best = tmp_path / "registry", runs(0.3), runs(0.5), runs(0.95)
    promoted(old, registry)
    add = Registry.add

    def meanwhile(self: Registry, *given: Any, **more: Any) -> Any:
        monkeypatch.setattr(Registry, "add", add)
        promoted(best, registry)
        return self.add(*given, **more)

    monkeypatch.setattr(Registry, "add", meanwhile)
    with pytest.raises(BenchError, match=f"put few-shot of {best.name} in service meanwhile, so the verdict compares with another model"):
        promote(middle.path, "few-shot", registry=registry)
    current = Registry(registry).current("summarization")
    assert current is not None and current.run == best.name
    assert len([*(registry / "models" / "summarization").iterdir()]) == 2, "what was not promoted is not in the registry"


def test_leftovers_of_a_killed_process_are_removed(runs: Made, tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    left = registry / "models" / "summarization" / ".part-abc" / "model"
    promoted(runs(0.5, rows=40), registry)
    left.mkdir(parents=True)
    (left / "adapter.safetensors").write_bytes(b"half of")
    event = promoted(runs(0.9, rows=40), registry)
    assert not left.parent.exists() and (registry / event.folder).is_dir()


def test_a_registry_whose_start_was_interrupted_can_be_started_again(runs: Made, tmp_path: Path) -> None:
    registry, run = tmp_path / "registry", runs(0.9, rows=40)
    registry.mkdir()
    write_json(registry / "head.json", {table: {"number": 0, "seal": ""} for table in ("events", "looks")} | {"salt": "0" * 64})
    (registry / ".registry.sqlite.part").write_bytes(b"half of a database")
    assert promoted(run, registry, new_registry=True).number == 1 and len(history(registry=registry)) == 1


def test_a_locked_registry_is_not_called_damaged(runs: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry, run = tmp_path / "registry", runs(0.9, rows=40)
    promoted(run, registry)
    connect = sqlite3.connect
    with contextlib.closing(connect(registry / "registry.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        impatient = lambda file, timeout, **more: connect(file, timeout=0.01, **more)  # noqa: E731
        monkeypatch.setattr(sqlite3, "connect", impatient)
        with pytest.raises(BenchError, match=r"cannot be used: database is locked\. Is another process using it"):
            history(registry=registry)


def test_a_process_killed_before_writing_the_head_does_no_harm(runs: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry, run = tmp_path / "registry", runs(0.9, rows=40)

    def killed(path: Path, value: Any) -> None:
        if value["events"]["number"] == 1:
            raise KeyboardInterrupt
        write_json(path, value)

    with monkeypatch.context() as patched:
        patched.setattr(journal, "write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            promoted(run, registry)
    assert [event.number for event in history(registry=registry)] == [1]
    promoted(runs(0.95, rows=40), registry)
    assert [event.number for event in history(registry=registry)] == [1, 2]


def _promote(arguments: tuple[str, str]) -> int:
    run, registry = arguments
    while True:
        try:
            event, _ = promote(run, "few-shot", registry=registry, force=True, reason="at once")
            return event.number
        except BenchError as error:
            if "meanwhile" not in str(error):  # another was faster: the verdict was about an older model
                raise


def test_processes_that_promote_at_once_keep_the_history_intact(runs: Made, tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    made = [runs(0.5 + 0.05 * k, rows=30) for k in range(6)]
    gate(made[0].path, "few-shot", baseline=f"{made[0].path}:base", registry=registry, new_registry=True)
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        numbers = pool.map(_promote, [(str(run.path), str(registry)) for run in made], chunksize=1)
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
    events = history(registry=registry)
    assert [e.number for e in events] == [1, 2, 3, 4, 5, 6]
    assert {e.run for e in events} == {run.name for run in made}
    for event in events:
        Registry(registry).load(event)
