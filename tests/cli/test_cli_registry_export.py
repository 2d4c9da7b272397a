"""`bench registry export`: a folder from which other programs serve a registered model as it was measured."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from card_code import Job, run_cards
from finished_runs import Finished
from report_factory import Made, make_run, summarization

from harness.api import list_models, promote, set_stage
from harness.api.serving import find_registered
from harness.gate import StagedModel
from harness.reporting import model_to_json
from harness.results import FinishedCell, find_cell
from harness.store import hash_file
from tests.cli.conftest import Call

FORCED = {"force": True, "reason": "a <b>trial</b>"}


@pytest.fixture(scope="module")
def served(finished: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a registry of the run's models: lora is the champion, and others are in other stages."""
    here = tmp_path_factory.mktemp("served")
    run = shutil.copytree(finished.run.path, here / "runs" / finished.run.name)
    promote(run, "lora", task="notes", registry=here / "registry", new_registry=True, fingerprint=False, **FORCED)
    set_stage("notes", f"{run}:full", "candidate", registry=here / "registry")
    set_stage("notes", f"{run}:prefix", "candidate", registry=here / "registry")
    set_stage("notes", f"{run}:shots", "retired", registry=here / "registry")
    set_stage("notes", f"{run}:base", "shadow", registry=here / "registry")
    return here


@pytest.fixture
def registry(served: Path) -> Path:
    return served / "registry"


def digest_of(registry: Path, strategy: str, task: str = "notes") -> str:
    return next(model.event.digest for model in list_models(task, registry=registry) if model.event.strategy == strategy)


def test_exported_folders_answer_as_measured_where_bench_cannot_be_imported(
    finished: Finished, registry: Path, call: Call, here: Path
) -> None:
    exports = {  # folder: task, strategy, options
        "merged": ("notes", "lora", ()),
        "base": ("notes", "base", ("--stage", "shadow")),
    }
    for folder, (task, _, options) in exports.items():
        ended = call("registry", "--registry", str(registry), "export", task, "--out", folder, *options)
        assert (ended.code, ended.out) == (0, f"{folder}\n"), ended.err
    jobs, expected = [], []
    for folder, (task, strategy, _) in exports.items():
        for example, output in list(zip(finished.run.examples(task), finished.outputs(strategy, task), strict=True))[:2]:
            jobs.append(Job(str(here / folder), dict(example.inputs)))
            expected.append(output)
    assert run_cards(jobs, here) == expected
    check_model_file(here / "merged", finished, registry)


def check_model_file(folder: Path, finished: Finished, registry: Path) -> None:
    """The file says what the model is and why it may answer."""
    about = json.loads((folder / "model.json").read_text())
    plan, cell = finished.run.plan, find_cell(finished.run, "lora", task="notes").cell
    assert about["bench_model"] == 1 and about["task"]["name"] == "notes"
    assert about["digest"] == digest_of(registry, "lora")
    assert (about["stage"]["name"], about["stage"]["reason"], about["forced"]) == ("champion", FORCED["reason"], True)
    assert about["base"]["sha256"] == plan.models[cell.model].digest and about["base"]["hub"] is None
    assert about["adapter"]["merged"] is True and about["adapter"]["settings"]["peft_type"] == "LORA"
    assert about["weights"] == {"kind": "whole model", "dtype": "float32", "gguf": None}
    assert about["prompt"]["template"] == plan.tasks["notes"].prompt and about["prompt"]["inputs"] == ["input"]
    assert (about["decoding"]["method"], about["decoding"]["max_new_tokens"]) == ("greedy", 12)
    assert about["verdict"]["outcome"] in ("FAIL", "INCONCLUSIVE") and about["policy"] is not None and about["approvals"] == []
    files = {file.name for file in folder.iterdir()}
    assert set(about["files"]) == files - {"model.json"}
    assert about["files"]["model.safetensors"] == hash_file(folder / "model.safetensors")
    text = (folder / "model.json").read_text()
    for example in finished.run.examples("notes"):
        assert example.inputs["input"][:40] not in text and example.targets[0][:40] not in text
    assert str(registry) not in text


def test_model_file_names_those_who_approved(finished: Finished, registry: Path, tmp_path: Path) -> None:
    champion = next(model for model in list_models("notes", registry=registry) if model.stage == "champion")
    approval = {"name": "Anna Roth", "fingerprint": "1a2b", "at": "2026-01-02T03:04:05+00:00", "reason": "read", "document": {"secret": 1}}
    event = replace(champion.event, verdict={**champion.event.verdict, "approvals": [approval]})
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    prompt = {"template": "x", "inputs": [], "choices": [], "chat": True, "stop_ids": [2]}
    cell = find_cell(finished.run, "lora", task="notes")
    about = model_to_json(StagedModel("champion", None, event, champion.since), FinishedCell(cell.run, cell.cell), prompt, tmp_path)
    assert about["approvals"] == [{name: approval[name] for name in ("name", "fingerprint", "at", "reason")}]
    assert about["chat_template"] == "{{ messages }}"


def test_forced_promotion_stays_forced_after_a_rollback(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.cache._Choice.folder", here / ".cache")
    run = make_run(here / "runs" / "done", [summarization([Made("base", 0.3), Made("few-shot", 0.9, 1)], rows=40)]).path
    for strategy in ("base", "few-shot"):
        promote(run, strategy, registry=here / "registry", new_registry=strategy == "base", fingerprint=False, **FORCED)
    assert call("rollback", "summarization", "--reason", "complaints").code == 0
    model = find_registered("summarization", "champion", None, here / "registry")
    assert (model.event.strategy, model.event.is_forced) == ("base", True)
    assert (model.since.action, model.since.reason) == ("rollback", "complaints")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("notes", "--out", "full"), "full: is not empty (it contains precious). Name a new folder"),
        (("notes", "--out", "none/x"), "does not exist"),
        (("note", "--out", "new"), "nothing was promoted for 'note'. Did you mean 'notes'?"),
        (
            ("notes", "--stage", "challenger", "--out", "new"),
            "no model of 'notes' is in stage challenger. `bench registry stage notes MODEL",
        ),
        (("notes", "--stage", "candidate", "--out", "new"), "several models of 'notes' are in stage candidate: "),
        (("notes", "--model", "0000", "--out", "new"), "--model 0000: no model of 'notes' in stage champion has this digest. There: "),
        (("notes", "--stage", "retired", "--out", "new"), "the prompt of 'shots' shows examples of the training data"),
        (("notes", "--gguf", "--out", "new"), "--gguf needs llama.cpp's converter, and none of convert_hf_to_gguf.py, "),
        (("notes", "--adapter", "--gguf", "--out", "new"), "--gguf needs a whole model. Leave out --adapter."),
        (("notes", "--adapter", "--dtype", "bfloat16", "--out", "new"), "--dtype bfloat16 needs a whole model"),
        (("notes", "--model-path", "none", "--out", "new"), "there is no model 'none'"),
    ],
)
def test_a_problem_is_one_message_and_nothing_is_written(
    registry: Path, call: Call, here: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], hint: str
) -> None:
    monkeypatch.setenv("PATH", str(here))
    (here / "full").mkdir()
    (here / "full" / "precious").write_text("x")
    ended = call("registry", "--registry", str(registry), "export", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert hint in ended.err and "Traceback" not in ended.err
    assert sorted(f.name for f in here.rglob("*") if ".cache" not in f.parts) == ["full", "precious"]


def test_full_model_has_no_adapter_to_export(registry: Path, call: Call) -> None:
    full = digest_of(registry, "full")
    ended = call(
        "registry", "--registry", str(registry), "export", "notes", "--stage", "candidate", "--model", full, "--adapter", "--out", "x"
    )
    assert ended.code == 2 and "--adapter: 'full' trains no adapter. Leave it out." in ended.err


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_lost_or_changed_champion_is_not_exported(registry: Path, call: Call, here: Path, damage: str) -> None:
    copy = shutil.copytree(registry, here / "copy")
    champion = next(model for model in list_models("notes", registry=copy) if model.stage == "champion")
    weights = next((copy / champion.event.folder).rglob("adapter_model.safetensors"))
    if damage == "changed":
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.chmod(0o600)
        weights.write_bytes(content)
    else:
        shutil.rmtree(copy / champion.event.folder)
    ended = call("registry", "--registry", str(copy), "export", "notes", "--out", "out")
    assert (ended.code, ended.out) == (2, "")
    assert ("was changed after it was promoted" if damage == "changed" else "is missing") in ended.err and "baseline" not in ended.err
    assert not (here / "out").exists()


GGUF = """
import gguf, numpy
writer = gguf.GGUFWriter(out, "other")
writer.add_tensor("output.weight", numpy.zeros((2, 2), dtype="float32"))
writer.write_header_to_file(); writer.write_kv_data_to_file(); writer.write_tensors_to_file(); writer.close()
"""
NO_GGUF = 'raise NotImplementedError("BPE pre-tokenizer was not recognized")'


@pytest.mark.parametrize(("code", "is_written"), [(GGUF, True), pytest.param(NO_GGUF, False, marks=pytest.mark.soak)])
def test_gguf_file_is_written_beside_the_weights_where_the_converter_is_installed(
    registry: Path,
    call: Call,
    here: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    is_written: bool,
) -> None:
    script = tmp_path_factory.mktemp("bin") / "convert_hf_to_gguf.py"
    script.write_text(f"#!{sys.executable}\nimport os, sys\n_, model, _, out, _, kind = sys.argv\n{code}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent))
    ended = call("registry", "--registry", str(registry), "export", "notes", "--out", "out")
    assert ended.code == 0, ended.err
    about: dict[str, Any] = json.loads((here / "out" / "model.json").read_text())
    assert (here / "out" / "model.gguf").exists() is is_written
    assert about["weights"]["gguf"] == ("model.gguf" if is_written else None)
    assert (here / "out" / "model.safetensors").is_file()
    assert ("llama-server -m model.gguf" in (here / "out" / "README.md").read_text()) is is_written
    assert ("The folder has no GGUF file: " in ended.err) is (code == NO_GGUF)
