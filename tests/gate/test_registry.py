"""The registry: intact whatever happens, and changes from outside are detected."""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_factory import Made as Cell
from report_factory import make_run, summarization

from harness.api import NotPassedError, gate, history, promote, rollback, verify_registry
from harness.data.identity import normalized_example_digest
from harness.errors import BenchError
from harness.gate import Registry
from harness.gate.registry import journal
from harness.gate.registry.registry import digest_folder
from harness.store import StoredRun, write_json
from tests.gate.conftest import Runs as Made


@pytest.fixture
def runs(runs: Made) -> Made:
    """Prompt strategies, whose artifact is only a prompt: these tests are about the registry."""
    return lambda quality=0.9, **more: runs(quality, tuned="few-shot", **more)


def promoted(run: StoredRun, registry: Path, strategy: str = "few-shot", **more: Any) -> Any:
    new = not (registry / "registry.sqlite").exists()
    event, _ = promote(run.path, strategy, registry=registry, **({"force": True, "reason": "a test", "new_registry": new} | more))
    return event


def test_only_a_pass_is_promoted_and_force_stays_in_the_history(runs: Made, tmp_path: Path) -> None:
    registry, run = tmp_path / "registry", runs(0.4, base=0.9)
    with pytest.raises(NotPassedError, match="FAIL: not promoted") as refused:
        promote(run.path, "few-shot", baseline=f"{run.path}:base", registry=registry, new_registry=True)
    assert refused.value.exit_code == 1 and history(registry=registry) == [] and not (registry / "models").exists()
    with pytest.raises(BenchError, match="force=True needs reason="):
        promote(run.path, "few-shot", registry=registry, force=True, reason=" ")
    event, verdict = promote(run.path, "few-shot", baseline=f"{run.path}:base", registry=registry, force=True, reason="the board said so")
    assert (event.action, event.outcome, event.reason, verdict.outcome) == ("force", "FAIL", "the board said so", "FAIL")
    passed, _ = promote(run.path, "base", baseline=f"{run.path}:few-shot", registry=registry, force=True, reason="not needed")
    assert (passed.action, passed.outcome) == ("promote", "PASS")


def test_a_model_without_its_artifact_is_not_promoted(tmp_path: Path) -> None:
    cells = [Cell("base", 0.3), Cell("lora", 0.9, 1, train_seconds=9)]
    run = make_run(tmp_path / "run", [summarization(cells, rows=100)])
    with pytest.raises(BenchError, match=r"adapter_config\.json: cannot be read"):
        promoted(run, tmp_path / "registry", "lora")
    assert not (tmp_path / "registry" / "models").exists() and history(registry=tmp_path / "registry") == []


def test_a_damaged_model_is_repaired_by_promoting_it_again(runs: Made, tmp_path: Path) -> None:
    registry, run = tmp_path / "registry", runs(0.9, rows=40)
    event = promoted(run, registry)
    (predictions,) = (registry / event.folder).rglob("predictions.parquet")
    predictions.unlink()
    with pytest.raises(BenchError, match="Promote its run again"):
        gate(run.path, "few-shot", registry=registry)
    again = promoted(run, registry, baseline=f"{run.path}:base")
    assert again.folder == event.folder
    Registry(registry).load(again)


def test_two_rollbacks_go_two_models_back(runs: Made, tmp_path: Path) -> None:
    registry, made = tmp_path / "registry", [runs(q, rows=40) for q in (0.4, 0.5, 0.6)]
    for run in made:
        promoted(run, registry)
    assert [rollback("summarization", registry=registry).run for _ in range(2)] == [made[1].name, made[0].name]
    with pytest.raises(BenchError, match="'summarization' has no model before the one in service"):
        rollback("summarization", registry=registry)
    promoted(made[2], registry)
    assert rollback("summarization", registry=registry).run == made[0].name


def test_promoting_the_model_in_service_again_adds_nothing_to_roll_back(runs: Made, tmp_path: Path) -> None:
    registry, first, second = tmp_path / "registry", runs(0.4, rows=40), runs(0.5, rows=40)
    for run in (first, second, second):
        promoted(run, registry)
    assert rollback("summarization", registry=registry).run == first.name


def test_rollback_to_a_missing_model_says_what_to_do(runs: Made, tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    events = [promoted(runs(q, rows=40), registry) for q in (0.4, 0.5)]
    shutil.rmtree(registry / events[0].folder)
    with pytest.raises(BenchError, match=r"is missing\. Promote its run again, or promote another model: force=True and reason="):
        rollback("summarization", registry=registry)
    current = Registry(registry).current("summarization")
    assert current is not None and current.run == events[1].run


def test_a_user_name_that_is_not_text_is_recorded(runs: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "\udcff head\n\x1b[31m of intake")
    assert promoted(runs(0.5, rows=40), tmp_path / "registry").user == "? head ⟦U+001B⟧[31m of intake"


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


def test_a_registry_that_does_not_exist_is_refused(runs: Made, tmp_path: Path) -> None:
    """A wrong path must not look like a registry without any model in service."""
    run, missing, empty, foreign = runs(0.9, rows=40), tmp_path / "wrong", tmp_path / "empty", tmp_path / "runs"
    empty.mkdir()
    uses: list[Callable[[Path], object]] = [
        lambda folder: gate(run.path, "few-shot", registry=folder),
        lambda folder: gate(run.path, "few-shot", baseline=f"{run.path}:base", registry=folder),
        lambda folder: promote(run.path, "few-shot", registry=folder, force=True, reason="a test"),
        lambda folder: rollback("summarization", registry=folder),
        lambda folder: history(registry=folder),
        lambda folder: verify_registry(registry=folder),
    ]
    for use in uses:
        for folder, what in ((missing, "does not exist"), (empty, "is not a registry"), (foreign, "is not a registry")):
            with pytest.raises(BenchError) as refused:
                use(folder)
            assert str(refused.value).startswith(f'{folder}: {what} (registry="{folder}")') and "new_registry=True" in str(refused.value)
    assert not missing.exists() and [*empty.iterdir()] == []


def test_a_new_registry_is_started_in_an_empty_folder_only(runs: Made, tmp_path: Path) -> None:
    run, registry = runs(0.9, rows=40), tmp_path / "registry"
    judge = lambda folder: gate(run.path, "few-shot", baseline=f"{run.path}:base", registry=folder, new_registry=True)  # noqa: E731
    with pytest.raises(BenchError, match="is not an empty folder, so no registry can be started there"):
        judge(tmp_path / "runs")
    registry.mkdir()
    judge(registry)
    assert judge(registry).look == 1, "the same command may have been killed before it was done"
    with pytest.raises(BenchError, match=r"there already is a registry here. Leave out new_registry=True"):
        gate(run.path, "base", baseline=f"{run.path}:few-shot", registry=registry, new_registry=True)
    assert history(registry=registry) == [] and promoted(run, registry).number == 1
    with pytest.raises(BenchError, match=r"there already is a registry here. Leave out new_registry=True"):
        judge(registry)


def test_a_registry_whose_start_was_interrupted_can_be_started_again(runs: Made, tmp_path: Path) -> None:
    registry, run = tmp_path / "registry", runs(0.9, rows=40)
    registry.mkdir()
    write_json(registry / "head.json", {table: {"number": 0, "seal": ""} for table in ("events", "looks")} | {"salt": "0" * 64})
    (registry / ".registry.sqlite.part").write_bytes(b"half of a database")
    assert promoted(run, registry, new_registry=True).number == 1 and len(history(registry=registry)) == 1


def test_without_a_baseline_or_a_real_policy_nothing_is_judged(runs: Made, tmp_path: Path) -> None:
    run, registry = runs(0.9, rows=40), tmp_path / "registry"
    for use in (gate, promote):
        with pytest.raises(BenchError, match=r"no model is in service for 'summarization', and there is no policy to judge by\. Name a"):
            use(run.path, "few-shot", registry=registry, new_registry=True)
    policy = tmp_path / "gate.yaml"
    policy.write_text("rules: [{rule: not_worse, score: rougeL}, {rule: ceiling, score: answer_seconds, value: 9}]")
    with pytest.raises(BenchError) as refused:
        promote(run.path, "few-shot", registry=registry, new_registry=True, policy=policy)
    first, second, last = refused.value.problems
    assert first.endswith("rules[0] (not_worse rougeL) has no baseline to compare with")
    assert second.endswith("rules[1] (ceiling answer_seconds 9) is not about the quality of outputs")
    assert "no rule can show that a model is good enough" in last
    assert not registry.exists(), "and no evaluation is counted"
    event, verdict = promote(run.path, "few-shot", registry=registry, new_registry=True, force=True, reason="the first one")
    assert (event.action, event.outcome, verdict.outcome) == ("force", "INCONCLUSIVE", "INCONCLUSIVE")


def test_a_first_model_passes_on_a_floor_of_its_policy(runs: Made, tmp_path: Path) -> None:
    policy = tmp_path / "gate.yaml"
    policy.write_text("rules: [{rule: floor, score: rougeL, value: 0.3}]")
    event, verdict = promote(runs(0.9).path, "few-shot", registry=tmp_path / "registry", new_registry=True, policy=policy)
    assert (event.action, verdict.outcome) == ("promote", "PASS")


def test_only_the_model_that_was_judged_is_copied(tmp_path: Path) -> None:
    cells = [Cell("base", 0.3), *(Cell("few-shot", quality, seed) for seed, quality in ((3, 0.9), (1, 0.5), (2, 0.7)))]
    run, registry = make_run(tmp_path / "run", [summarization(cells, rows=60)]), tmp_path / "registry"
    by_default = promoted(run, registry)
    named = promoted(run, registry, seed=3)
    for event, seed in ((by_default, 1), (named, 3)):
        stored = Registry(registry).load(event)
        assert [cell.seed for cell in stored.cells] == [seed] and event.verdict["candidate"]["seed"] == seed
        assert [*(registry / event.folder / "cells").iterdir()] == [registry / event.folder / "cells" / stored.cell.id]
    with pytest.raises(BenchError, match=r"'few-shot' has no cell with the seed 7\. Known: 1, 2, 3"):
        promoted(run, registry, seed=7)


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


def test_a_deleted_run_loses_nothing(runs: Made, tmp_path: Path) -> None:
    registry, run = tmp_path / "registry", runs(0.9)
    promoted(run, registry)
    name = run.name
    shutil.rmtree(run.path)
    other = runs(0.3)
    verdict = gate(other.path, "few-shot", registry=registry)
    assert verdict.outcome == "FAIL" and verdict.baseline is not None and verdict.baseline.run.startswith(name)


def test_the_model_in_service_is_the_baseline_and_rollback_restores_the_previous_one(runs: Made, tmp_path: Path) -> None:
    registry, first, second = tmp_path / "registry", runs(0.7), runs(0.9)
    promoted(first, registry)
    event = promoted(second, registry)
    assert event.action == "promote" and event.outcome == "PASS", "better than the model in service: no force was needed"
    back = rollback("summarization", registry=registry, reason="complaints")
    assert (back.action, back.run, back.reason) == ("rollback", first.name, "complaints")
    current = Registry(registry).current("summarization")
    assert current is not None and current.run == first.name
    assert [e.action for e in history("summarization", registry=registry)] == ["force", "promote", "rollback"]
    assert [e.number for e in history(registry=registry)] == [1, 2, 3]


def test_rollback_without_a_previous_model_is_refused(runs: Made, tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    gate(runs(0.9).path, "base", baseline=f"{runs(0.9).path}:base", registry=registry, new_registry=True)
    with pytest.raises(BenchError, match="nothing was promoted"):
        rollback("summarization", registry=registry)
    promoted(runs(0.9), registry)
    with pytest.raises(BenchError, match="'summarization' has no model before the one in service"):
        rollback("summarization", registry=registry)
    with pytest.raises(BenchError, match="Did you mean 'summarization'"):
        history("summarisation", registry=registry)


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
