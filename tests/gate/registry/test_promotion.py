"""Promotion and rollback: what gets into a registry, and what is in service."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from report_factory import Made as Cell
from report_factory import make_run, summarization

from harness.api import NotPassedError, gate, history, promote, rollback, verify_registry
from harness.errors import BenchError
from harness.gate import Registry
from tests.gate.conftest import Runs as Made
from tests.gate.registry.conftest import promoted


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
