"""`bench judge`: what it prints, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, chat
from report_factory import Made, make_run, summarization

from harness.store import StoredRun
from tests.cli.conftest import Call


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    return make_run(tmp_path / "runs" / "done", [summarization([Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9)], rows=6)])


def write_judge(folder: Path, server: ModelServer, **fields: object) -> str:
    api = {"base_url": f"{server.address}/v1", "model": "big", "cache": False}
    file = folder / "judge.yaml"
    file.write_text(json.dumps({"name": "careful", "kind": "rubric", "criterion": "Is it complete?", "api": api} | fields))
    return str(file)


def test_a_judge_is_planned_asked_and_summed_up(call: Call, run: StoredRun, tmp_path: Path) -> None:
    answers = iter(['{"reason": "r", "verdict": 2}', "\x1b[31mno verdict"])
    with ModelServer(chat(lambda body: next(answers, '{"reason": "r", "verdict": 4}'))) as server:
        file = write_judge(tmp_path, server)
        planned = call("judge", str(run.path), "--with", file, "--strategies", "base,lora", "--dry-run")
        assert planned.code == 0 and "would be asked 12 questions about the outputs of the untuned model and LoRA" in planned.out
        assert "12 requests to 127.0.0.1 (big), the cost is unknown" in planned.out and "Criterion: Is it complete?" in planned.out
        refused = call("judge", str(run.path), "--with", file)
        assert refused.code == 2 and "name the host: --send-to 127.0.0.1" in refused.err and not server.requests
        done = call("judge", str(run.path), "--with", file, "--send-to", "127.0.0.1")
        assert done.code == 0, done.err
        assert "big on 127.0.0.1 was asked to rate each output: 12 answers. Verdicts: 2 (1), 4 (10)." in done.out
        assert "Judge careful is not checked: without ratings of these outputs, its verdicts decide nothing." in done.out
        assert "1 of 12 answers have no verdict and count as missing (no verdict in the answer: 1)." in done.out
    assert call("verify", str(run.path)).code == 0


def test_a_host_that_fails_is_shown_while_the_request_waits(call: Call, run: StoredRun, tmp_path: Path) -> None:
    failures = [(503, {"error": "[red]out of capacity\u202e[/]"})] * 2
    with ModelServer(chat(lambda body: '{"reason": "r", "verdict": 4}')) as server:
        server.retry_after, server.refuse = "0.01", lambda body: failures.pop() if failures else None
        done = call("judge", str(run.path), "--with", write_judge(tmp_path, server), "--send-to", "127.0.0.1")
    assert done.code == 0
    (line,) = [line for line in done.err.splitlines() if "out of capacity" in line]  # the second one comes within seconds
    assert line.startswith("Asking the judge: the host answered with status 503") and line.endswith("Attempt 2 of 8 in 1 s")
    assert "[red]out of capacity" in line and "[/]" in line, "markup of a host is text"


def test_an_interrupted_judge_continues_with_the_same_command(call: Call, run: StoredRun, tmp_path: Path, monkeypatch: Any) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.api.judge", interrupt)
    with ModelServer(chat("")) as server:
        ended = call("judge", str(run.path), "--with", write_judge(tmp_path, server), "--send-to", "127.0.0.1")
    assert ended.code == 130 and "interrupted: the same command continues" in ended.err


def test_wrong_judges_exit_with_2_and_say_where(call: Call, run: StoredRun, tmp_path: Path) -> None:
    with ModelServer(chat("")) as server:
        wrong = call("judge", str(run.path), "--with", write_judge(tmp_path, server, criterium="x"))
        assert wrong.code == 2 and "judge.yaml:1: unknown field 'criterium'. Did you mean 'criterion'?" in wrong.err
        alone = call("judge", str(run.path), "--with", write_judge(tmp_path, server, kind="pairwise"), "--strategies", "lora")
        assert alone.code == 2 and "--strategies lora,STRATEGY" in alone.err
    missing = call("judge", str(run.path), "--with", str(tmp_path / "none.yaml"))
    assert missing.code == 2 and "none.yaml" in missing.err
