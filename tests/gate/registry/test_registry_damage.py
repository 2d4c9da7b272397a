"""Changes of a registry from outside are detected: missing, damaged, edited and foreign files."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.api import gate, history, rollback, verify_registry
from harness.data.identity import normalized_example_digest
from harness.errors import BenchError
from harness.gate import Registry
from harness.gate.registry import journal
from harness.gate.registry.registry import digest_folder
from tests.gate.conftest import Runs as Made
from tests.gate.registry.conftest import promoted


def test_a_missing_database_is_not_an_empty_registry(runs: Made, tmp_path: Path) -> None:
    registry, run = tmp_path / "registry", runs(0.9, rows=40)
    promoted(run, registry)
    (registry / "registry.sqlite").unlink()
    with pytest.raises(BenchError, match="is missing, but the registry was in use"):
        gate(run.path, "few-shot", registry=registry)
    assert not (registry / "registry.sqlite").exists()


@pytest.mark.parametrize("head", ["{}", "[]", '"x"', '{"events": 3}', '{"events": {"number": "9", "seal": ""}, "looks": {}}'])
@pytest.mark.parametrize("gone", [False, True])
def test_a_damaged_head_is_reported(runs: Made, tmp_path: Path, head: str, gone: bool) -> None:
    registry = tmp_path / "registry"
    promoted(runs(0.9, rows=30), registry)
    (registry / "head.json").write_text(head)
    if gone:
        (registry / "registry.sqlite").unlink()
    with pytest.raises(BenchError, match=r"head\.json: is damaged, so the history cannot be verified"):
        history(registry=registry)


def test_texts_cannot_be_matched_with_the_test_examples_of_a_registry(runs: Made, tmp_path: Path) -> None:
    """Who reads the history without its key cannot find out by hashing a text whether it was a test example."""
    run, stored = runs(0.9, rows=40), {}
    for name in ("one", "two"):
        registry = tmp_path / name
        gate(run.path, "few-shot", baseline=f"{run.path}:base", registry=registry, new_registry=True)
        with contextlib.closing(sqlite3.connect(registry / "registry.sqlite")) as db:
            stored[name] = db.execute("SELECT examples, test_digest FROM looks").fetchone()
        assert (registry / "salt.key").stat().st_mode & 0o777 == 0o600
        salt = (registry / "salt.key").read_bytes().strip()
        assert salt not in (registry / "registry.sqlite").read_bytes() + (registry / "head.json").read_bytes()
    guesses = {int(normalized_example_digest(example)[:16], 16) for example in run.examples("summarization")}
    for examples, _ in stored.values():
        numbers = np.frombuffer(examples, dtype=np.uint64).tolist()
        assert len(numbers) == 40 and not guesses & set(numbers)
    assert not set(stored["one"]) & set(stored["two"]), "each registry has its own key"


@pytest.mark.parametrize("damage", ["missing", "emptied", "flipped", "of another registry"])
def test_damaged_key_of_a_registry_is_reported(runs: Made, tmp_path: Path, damage: str) -> None:
    """Otherwise a test set that was used often would count as new."""
    registry, run = tmp_path / "registry", runs(0.9, rows=40)
    promoted(run, registry)
    key = registry / "salt.key"
    content = key.read_text()
    key.unlink()
    if damage != "missing":
        flipped = ("1" if content[0] == "0" else "0") + content[1:]
        key.write_text({"emptied": "", "flipped": flipped, "of another registry": f"{'0' * 64}\n"}[damage])
    for use in (lambda: gate(run.path, "few-shot", registry=registry), lambda: verify_registry(registry=registry)):
        with pytest.raises(BenchError, match=r"salt\.key: is (missing|damaged|not the key of this registry).* Restore a backup"):
            use()
    assert len(history(registry=registry)) == 1, "the history can be read without the key"


def test_deleted_looks_are_detected(runs: Made, tmp_path: Path) -> None:
    registry, run = tmp_path / "registry", runs(0.9, rows=40)
    gate(run.path, "few-shot", baseline=f"{run.path}:base", registry=registry, new_registry=True)
    with sqlite3.connect(registry / "registry.sqlite") as db:
        db.execute("DELETE FROM looks")
    db.close()
    with pytest.raises(BenchError, match=r"it has 0 looks, but head\.json records 1"):
        gate(run.path, "few-shot", baseline=f"{run.path}:base", registry=registry)


def test_a_changed_artifact_is_not_loaded(runs: Made, tmp_path: Path) -> None:
    registry, run = tmp_path / "registry", runs(0.9)
    event = promoted(run, registry)
    (predictions,) = (registry / event.folder).rglob("predictions.parquet")
    predictions.write_bytes(predictions.read_bytes() + b"\0")
    with pytest.raises(BenchError, match=r"was changed after it was promoted .* its sha256 is"):
        gate(runs(0.9).path, "few-shot", registry=registry)
    shutil.rmtree(registry / event.folder)
    with pytest.raises(BenchError, match="is missing"):
        gate(runs(0.9).path, "few-shot", registry=registry)


def test_verify_checks_every_model(runs: Made, tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    events = [promoted(runs(quality, rows=40), registry) for quality in (0.5, 0.6, 0.7)]
    rollback("summarization", registry=registry)
    assert [(event.folder, damage) for event, damage in verify_registry(registry=registry)] == [(e.folder, "") for e in events]
    (predictions,) = (registry / events[0].folder).rglob("predictions.parquet")
    predictions.write_bytes(predictions.read_bytes()[:-1])
    (registry / events[2].folder / "run.json").unlink()
    damages = [damage for _, damage in verify_registry(registry=registry)]
    assert "was changed after it was promoted" in damages[0] and damages[1] == "" and "is missing" in damages[2]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET body = replace(body, 'a test', 'approved')",
        "UPDATE events SET action = 'rollback' WHERE number = 1",
        "UPDATE events SET user = 'another user' WHERE number = 2",
        "DELETE FROM events WHERE number = 1",
        "DELETE FROM events WHERE number = 2",
    ],
)
def test_an_edited_history_is_detected(runs: Made, tmp_path: Path, change: str) -> None:
    registry = tmp_path / "registry"
    for quality in (0.5, 0.6):
        promoted(runs(quality, rows=40), registry)
    with sqlite3.connect(registry / "registry.sqlite") as db:
        db.execute(change)
    db.close()
    with pytest.raises(BenchError, match=r"registry\.sqlite: (event \d was changed|was truncated).*Restore a backup"):
        history(registry=registry)


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_a_truncated_file_is_reported(runs: Made, tmp_path: Path, size: int) -> None:
    registry = tmp_path / "registry"
    promoted(runs(0.5, rows=40), registry)
    file = registry / "registry.sqlite"
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(BenchError, match=r"registry\.sqlite: .*Restore a backup"):
        history(registry=registry)


def test_a_file_that_is_not_a_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "registry.sqlite").write_text("not a database, but long enough to be read as one" * 40)
    with pytest.raises(BenchError, match="is damaged, or not a registry"):
        history(registry=tmp_path / "registry")


def test_a_registry_of_another_version_is_refused(runs: Made, tmp_path: Path) -> None:
    registry, run = tmp_path / "registry", runs(0.5, rows=40)
    promoted(run, registry)
    with sqlite3.connect(registry / "registry.sqlite") as db:
        db.execute("PRAGMA user_version = 0")
    db.close()
    for use in (lambda: history(registry=registry), lambda: gate(run.path, "few-shot", registry=registry)):
        with pytest.raises(BenchError, match=r"registry\.sqlite: is in format 1; this version of bench reads format 3") as refused:
            use()
        assert len(refused.value.problems) == 1


def test_a_promoted_model_of_another_version_is_not_loaded(runs: Made, tmp_path: Path) -> None:
    """Its files are as they were promoted, but this version cannot read them."""
    registry = tmp_path / "registry"
    event = promoted(runs(0.4, rows=40), registry)
    plan = registry / event.folder / "run.json"
    plan.write_text(plan.read_text(encoding="utf-8").replace('"format"', '"formats"'), encoding="utf-8")
    with pytest.raises(BenchError, match=r"run\.json.*Promote its run again"):
        Registry(registry).load(replace(event, digest=digest_folder(registry / event.folder)))


def test_an_event_with_a_wrong_field_is_reported_by_field(runs: Made, tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    event = promoted(runs(0.5, rows=40), registry)
    body = {name: value for name, value in vars(event).items() if name not in ("number", "task", "action", "at", "user")}
    journal.Journal(registry).append(event.task, lambda _: ("promote", body | {"run": 7}))
    with pytest.raises(BenchError, match=r"registry\.sqlite: event 2 is damaged: run: must be a valid string.*Restore a backup"):
        history(registry=registry)
