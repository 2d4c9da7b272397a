"""A server that has a cell's model: its answers beside those of the stored model, without texts or keys on disk."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, answer_with, say

from harness.cache import cache_folder
from harness.engine.models import find_device, load_model, resolve_model
from harness.errors import BenchError
from harness.grid.execution.job import Job
from harness.grid.execution.served_run import run_served_job, server_fields
from harness.grid.planning.served_cell import Server, ServeRequest, choose_served_cell, find_server
from harness.store import RunFolder
from harness.types import ServedMeasurement

KEY = "sk-very-secret"


@pytest.fixture
def folder(made: Any, tmp_path: Path) -> RunFolder:
    """A copy of the small run, as it is before its end."""
    shutil.copytree(made.folder, tmp_path / made.folder.name)
    folder = RunFolder(tmp_path / made.folder.name)
    folder.seal_file.unlink()
    return folder


@pytest.fixture(scope="module")
def base_model() -> Any:
    return load_model(resolve_model("tiny"), find_device("float32"))


def ask(folder: RunFolder, server: ModelServer, strategy: str = "base", **more: Any) -> tuple[ServedMeasurement | None, list[Any]]:
    cell = choose_served_cell(folder.plan(), strategy)
    fields = server_fields(Server(server.address, "tuned", strategy, None, 4))
    job = Job(
        str(folder.path), cell.id, str(resolve_model("tiny").folder), {"kind": "cpu", "name": "CPU", "dtype": "float32"},
        str(cache_folder()), 30.0, server=fields | more, per_hour=3.6,
    )  # fmt: skip
    events: list[Any] = []
    run_served_job(job, events.append)
    return folder.cell(cell.id).result().served, events


def test_the_exported_model_answers_as_the_stored_one_did(folder: RunFolder, base_model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", KEY)
    cell = choose_served_cell(folder.plan(), "base")
    before = folder.cell(cell.id).result()
    with ModelServer(answer_with(base_model.model, base_model.tokenizer)) as server:
        measured, events = ask(folder, server, key_env="THE_KEY")
    assert measured is not None and set(server.keys) == {f"Bearer {KEY}"}
    assert (measured.different, measured.other_prompts, measured.without_label, measured.retries) == (0, 0, 0, 0)
    assert (measured.answers, measured.label_source, measured.score) == (24, "logprobs", "macro_f1")
    assert measured.served == measured.stored and measured.difference == 0
    assert 1 <= len(measured.alone_seconds) <= 12 and measured.per_hour == 3.6, "up to half of them, while there is time"
    assert len(measured.alone_seconds) + measured.together_answers == 24
    files = folder.cell(cell.id)
    assert replace(files.result(), served=None) == before and files.list_damage() == []
    assert events[-1] == {"event": "progress", "done": 24, "total": 24, "unit": "answers"}
    assert not any(KEY.encode() in file.read_bytes() for file in folder.path.rglob("*") if file.is_file())
    folder.remove_served_answers()
    assert not (folder.path / "served").exists()


def test_a_model_that_answers_otherwise_is_told_apart(folder: RunFolder) -> None:
    """As a server with coarsely quantized weights, or with the wrong model, does."""
    with ModelServer(say("urgent care", usage={"prompt_tokens": 1, "completion_tokens": 2}), takes_ids=False) as server:
        measured, _ = ask(folder, server, "lora")
    assert measured is not None and measured.label_source == "parsed"
    assert measured.other_prompts == 24, "the server has read other prompts"
    assert 0 < measured.different <= 24 and measured.different == len(measured.different_ids)


def test_a_failing_server_stops_the_run_and_the_rest_is_asked_later(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    with ModelServer(say("urgent care"), takes_ids=False) as server:
        real = server.complete
        server.complete = lambda body: real(body) if len(server.requests) < 9 else {}
        measured, events = ask(folder, server)
        assert measured is None and events[-1]["event"] == "stop" and "without a text" in events[-1]["reason"]
        server.complete, server.requests = real, []
        measured, _ = ask(folder, server)
    assert measured is not None and measured.answers == 24
    assert len(server.requests) < 24, "what was answered before is not asked again"


def test_a_server_that_fails_is_told_while_the_request_waits(folder: RunFolder) -> None:
    failures = [(503, {"error": "loading the model"})] * 2
    with ModelServer(say("urgent care"), takes_ids=False) as server:
        server.retry_after = "0.01"
        server.refuse = lambda body: failures.pop() if failures and len(server.requests) > 6 else None  # once its form is known
        measured, events = ask(folder, server)
    told = [event for event in events if event["event"] == "retry"]
    assert measured is not None and measured.retries == len(told) == 2
    assert all(event["attempt"] in (2, 3) and event["attempts"] == 5 and event["wait"] > 0 for event in told)
    assert all("status 503" in event["problem"] and "loading the model" in event["problem"] for event in told)


def test_a_damaged_answer_is_asked_for_again(folder: RunFolder) -> None:
    with ModelServer(say("urgent care"), takes_ids=False) as server:
        ask(folder, server)
        (file,) = (folder.path / "served").iterdir()
        lines = file.read_text().splitlines()
        file.write_text("\n".join([*lines[:-1], lines[-1].replace("urgent", "harmless")]))
        server.requests = []
        ask(folder, server)
    assert len(server.requests) == 3, "the form, which takes two attempts, and one answer"


def test_which_cell_a_server_is_asked_for(folder: RunFolder) -> None:
    plan = folder.plan()
    assert choose_served_cell(plan, None).strategy == "lora", "the base model is part of every run"
    with pytest.raises(BenchError, match=r"the run has no strategy 'lara' with a model\. Did you mean 'lora'"):
        choose_served_cell(plan, "lara")
    more = [replace(cell, id="other", seed=1) for cell in plan.cells if cell.strategy == "lora"]
    with pytest.raises(BenchError, match="'lora' has 2 cells in this run"):
        choose_served_cell(replace(plan, cells=(*plan.cells, *more)), None)
    others = [replace(more[0], strategy="full")]
    strategies = {**plan.strategies, "full": plan.strategies["lora"]}
    with pytest.raises(BenchError, match=r"the run has 2: lora, full. Say which"):
        choose_served_cell(replace(plan, cells=(*plan.cells, *others), strategies=strategies), None)
    encoder = {name: replace(info, shape="encoder") for name, info in plan.models.items()}
    with pytest.raises(BenchError, match="is an encoder"):
        choose_served_cell(replace(plan, models=encoder), None)


def test_a_server_is_found_before_anything_is_spent(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = folder.plan()
    with ModelServer(say(""), models=("a", "b")) as server:
        found = find_server(plan, ServeRequest(f"lora={server.address}/v1", "b", None, 3))
        assert found == Server(server.address, "b", "lora", None, 3)
        with pytest.raises(BenchError, match=r"has 2 models \(a, b\).*serve_model"):
            find_server(plan, ServeRequest(server.address))
        with pytest.raises(BenchError, match=r"lora:r=8.*Did you mean 'lora'"):
            find_server(plan, ServeRequest(f"lora:r=8={server.address}"))
        monkeypatch.delenv("NO_KEY", raising=False)
        with pytest.raises(BenchError, match="'NO_KEY', which should hold the key of the server, is not set"):
            find_server(plan, ServeRequest(server.address, "a", "NO_KEY"))
        monkeypatch.setenv("THE_KEY", KEY)
        find_server(plan, ServeRequest(server.address, "a", "THE_KEY"))
        assert server.keys[-1] == f"Bearer {KEY}"
