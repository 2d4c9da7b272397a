"""Stages of the models of a registry: what each command changes, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.api import champion, gate, history, list_models, promote, rollback, set_stage, verify_registry
from harness.errors import BenchError
from harness.gate import STAGES, Registry
from harness.gate.registry import journal
from harness.store import RunFolder, file_lock
from tests.gate.conftest import Runs as Made
from tests.gate.registry.conftest import promoted

TASK = "summarization"


def stages(registry: Path) -> dict[str, str]:
    """The stage of each model, by the name of its run."""
    return {model.event.run: model.stage for model in list_models(TASK, registry=registry)}


def test_a_model_goes_through_all_stages(runs: Made, tmp_path: Path) -> None:
    registry, old, new = tmp_path / "registry", runs(0.5), runs(0.9)
    promoted(old, registry)
    gate(new.path, "few-shot", registry=registry)
    for stage, share in (("candidate", None), ("shadow", None), ("challenger", 0.1)):
        event = set_stage(TASK, f"{new.path}:few-shot", stage, share=share, reason=f"to {stage}", registry=registry)
        assert (event.action, event.stage, event.share, event.outcome) == ("stage", stage, share, "PASS")
        assert event.verdict["candidate"]["run"] == new.name and event.reason == f"to {stage}"
        assert stages(registry) == {old.name: "champion", new.name: stage}
    promoted(new, registry)
    assert stages(registry) == {new.name: "champion", old.name: "retired"}
    rollback(TASK, registry=registry)
    assert stages(registry) == {old.name: "champion", new.name: "retired"}
    assert champion(TASK, registry=registry).event.run == old.name
    assert [event.stage for event in history(registry=registry)] == [
        "champion", "candidate", "shadow", "challenger", "champion", "champion",
    ]  # fmt: skip
    assert [problem for _, problem in verify_registry(registry=registry)] == ["", ""]


def test_a_model_in_the_registry_is_moved_by_the_beginning_of_its_digest(runs: Made, tmp_path: Path) -> None:
    registry, old, new = tmp_path / "registry", runs(0.5, rows=40), runs(0.9, rows=40)
    promoted(old, registry)
    event = set_stage(TASK, f"{new.path}:few-shot", "shadow", registry=registry)
    shutil.rmtree(new.path)
    assert set_stage(TASK, event.digest[:8].upper(), "retired", registry=registry).digest == event.digest
    assert stages(registry) == {old.name: "champion", new.name: "retired"}
    shutil.rmtree(registry / event.folder)
    with pytest.raises(BenchError, match=r"put in stage retired on .*, is missing\. Name the model of its run"):
        set_stage(TASK, event.digest[:8], "shadow", registry=registry)
    assert set_stage(TASK, event.digest[:8], "retired", registry=registry).stage == "retired"


def test_a_candidate_may_come_before_the_first_champion(runs: Made, tmp_path: Path) -> None:
    registry, run = tmp_path / "registry", runs(0.9, rows=40)
    event = set_stage(TASK, f"{run.path}:few-shot", "candidate", registry=registry, new_registry=True)
    assert (event.outcome, event.verdict) == ("", {}), "it was not judged"
    with pytest.raises(BenchError, match=r"no model is in service for 'summarization', only models in other stages are there"):
        champion(TASK, registry=registry)
    with pytest.raises(BenchError, match="nothing was promoted for 'summarization'"):
        rollback(TASK, registry=registry)
    with pytest.raises(BenchError, match="no model is in service, so a challenger has nothing to share"):
        set_stage(TASK, event.digest[:8], "challenger", share=0.1, force=True, reason="a test", registry=registry)
    promoted(run, registry)
    assert stages(registry) == {run.name: "champion"}


def test_only_the_gate_makes_a_challenger(runs: Made, tmp_path: Path) -> None:
    registry, old, bad = tmp_path / "registry", runs(0.9), runs(0.3)
    promoted(old, registry)
    name = f"{bad.path}:few-shot"
    with pytest.raises(BenchError, match="the gate has not judged it on this machine: run `bench gate`"):
        set_stage(TASK, name, "challenger", share=0.1, registry=registry)
    assert gate(bad.path, "few-shot", registry=registry).outcome == "FAIL"
    with pytest.raises(BenchError, match=r"its verdict is FAIL\. To make it a challenger anyway, set force=True and reason="):
        set_stage(TASK, name, "challenger", share=0.1, registry=registry)
    with pytest.raises(BenchError, match="force=True needs reason="):
        set_stage(TASK, name, "challenger", share=0.1, force=True, registry=registry)
    assert stages(registry) == {old.name: "champion"} and len([*(registry / "models" / TASK).iterdir()]) == 1
    forced = set_stage(TASK, name, "challenger", share=0.1, force=True, reason="the board said so", registry=registry)
    assert (forced.action, forced.is_forced, forced.outcome) == ("force_stage", True, "FAIL")
    assert stages(registry) == {old.name: "champion", bad.name: "challenger"}


def test_a_verdict_of_another_machine_makes_no_challenger(runs: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry, old, new = tmp_path / "registry", runs(0.5), runs(0.9)
    promoted(old, registry)
    assert gate(new.path, "few-shot", registry=registry).outcome == "PASS"
    monkeypatch.setattr(RunFolder, "was_made_here", lambda self: False)
    with pytest.raises(BenchError, match="the gate has not judged it on this machine"):
        set_stage(TASK, f"{new.path}:few-shot", "challenger", share=0.1, registry=registry)


def test_a_share_that_does_not_fit_is_refused(runs: Made, tmp_path: Path) -> None:
    registry, old = tmp_path / "registry", runs(0.5, rows=40)
    promoted(old, registry)
    forced: dict[str, Any] = {"force": True, "reason": "a test", "registry": registry}
    other = set_stage(TASK, f"{runs(0.6, rows=40).path}:few-shot", "challenger", share=0.4, **forced)
    next_one = runs(0.7, rows=40)
    for share in (None, 0.0, 1.0, -0.1, float("nan"), 0.6):
        with pytest.raises(BenchError, match=r"share=.*(needs its share of the traffic, more than 0 and less than 1|leaves no traffic)"):
            set_stage(TASK, f"{next_one.path}:few-shot", "challenger", share=share, **forced)
    assert set_stage(TASK, other.digest, "challenger", share=0.6, **forced).share == 0.6, "its own share does not count"
    with pytest.raises(BenchError, match="only a challenger has a share"):
        set_stage(TASK, other.digest, "shadow", share=0.2, registry=registry)


def test_the_champion_has_no_other_stage(runs: Made, tmp_path: Path) -> None:
    registry, run = tmp_path / "registry", runs(0.5, rows=40)
    event = promoted(run, registry)
    for name in (event.digest[:6], f"{run.path}:few-shot"):
        with pytest.raises(BenchError, match="is the champion of summarization, which always has one"):
            set_stage(TASK, name, "retired", registry=registry)
    other = runs(0.9, rows=40)
    with pytest.raises(BenchError, match="becomes the champion by `bench promote`, which judges it"):
        set_stage(TASK, f"{other.path}:few-shot", "champion", registry=registry)
    assert stages(registry) == {run.name: "champion"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"stage": "shadwo"},
            r"unknown stage 'shadwo'\. Did you mean 'shadow'\? Stages: champion, challenger, shadow, candidate, retired.",
        ),
        ({"stage": "zzz"}, r"unknown stage 'zzz'\. Stages: champion, challenger, shadow, candidate, retired."),
        ({"model": ""}, "'' is no model of this task in the registry. Models: "),
        ({"model": "zzz"}, r"'zzz' is no model of this task in the registry. Models: [0-9a-f]{12} \(champion\)"),
        ({"model": ":few-shot"}, "write it as RUN:STRATEGY"),
        ({"model": "nowhere:few-shot"}, "nowhere"),
        ({"task": "qa", "model": "00"}, "Models: none"),
        ({"registry": "elsewhere"}, "elsewhere: does not exist"),
    ],
)
def test_wrong_names_are_one_error(runs: Made, tmp_path: Path, arguments: dict[str, Any], message: str) -> None:
    registry = tmp_path / "registry"
    promoted(runs(0.5, rows=30), registry)
    with pytest.raises(BenchError, match=message):
        set_stage(**({"task": TASK, "model": "00", "stage": "shadow", "registry": registry} | arguments))
    assert len(history(registry=registry)) == 1


def test_a_registry_that_another_process_changes_is_one_error(runs: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry, run = tmp_path / "registry", runs(0.5, rows=30)
    promoted(run, registry)
    monkeypatch.setattr(journal, "_PATIENCE_SECONDS", 0.01)
    uses: list[Callable[[], object]] = [
        lambda: promote(run.path, "few-shot", registry=registry, force=True, reason="a test"),
        lambda: set_stage(TASK, f"{run.path}:base", "shadow", registry=registry),
        lambda: rollback(TASK, registry=registry),
    ]
    with file_lock(registry / ".lock"):
        for use in uses:
            with pytest.raises(BenchError, match=r"registry: is in use: another process has been changing it for 0\.01 seconds\. Wait"):
                use()
    assert len(history(registry=registry)) == 1


def test_models_of_stages_are_listed_in_order(runs: Made, tmp_path: Path) -> None:
    registry = tmp_path / "registry"
    promoted(runs(0.4, rows=30), registry)
    promoted(runs(0.5, rows=30), registry)
    forced: dict[str, Any] = {"force": True, "reason": "a test", "registry": registry}
    for stage, share, quality in (("candidate", None, 0.6), ("challenger", 0.2, 0.7), ("shadow", None, 0.8)):
        set_stage(TASK, f"{runs(quality, rows=30).path}:few-shot", stage, share=share, **forced)
    assert [model.stage for model in list_models(TASK, registry=registry)] == list(STAGES)


def test_a_history_without_stages_is_read(runs: Made, tmp_path: Path) -> None:
    """Registries from before there were stages hold champions and retired models only."""
    registry = tmp_path / "registry"
    event = promoted(runs(0.4, rows=30), registry)
    body = {name: value for name, value in vars(event).items() if name not in ("number", "task", "action", "at", "user", "stage", "share")}
    Registry(registry).journal.append(TASK, lambda _: ("force", json.loads(json.dumps(body))))
    assert [model.stage for model in list_models(TASK, registry=registry)] == ["champion"]
