"""`bench models` and `bench doctor`: their output as text and JSON, and their exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.doctor.checkup import Check
from harness.doctor.finding import Finding

Call = Callable[..., Any]

GOOD = Finding("device", "ok", "a GPU × 2", needed=True)
DOUBTFUL = Finding("hub", "warning", "offline", "unset HF_HUB_OFFLINE")
BAD = Finding("model x\x1b[31m", "failed", "no such\nmodel", "name another", needed=True)


@pytest.fixture
def fake_checks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace the checks by some with these findings."""

    def use(*findings: Finding) -> None:
        def find(finding: Finding) -> Callable[[], Iterator[Finding]]:
            return lambda: iter([finding])

        monkeypatch.setattr("harness.doctor.list_checks", lambda runs, model: [Check(f.name, find(f), f.needed) for f in findings])

    return use


def test_doctor_exits_with_0_if_everything_needed_works(call: Call, fake_checks: Callable[..., None]) -> None:
    fake_checks(GOOD, DOUBTFUL)
    ended = call("doctor")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "✓ device: a GPU × 2",
        "! hub: offline → unset HF_HUB_OFFLINE",
        "Everything that a run needs works on this machine.",
    ]
    assert ended.err == "", "no progress without a terminal"


def test_doctor_exits_with_1_if_something_needed_fails(call: Call, fake_checks: Callable[..., None]) -> None:
    fake_checks(GOOD, BAD)
    ended = call("doctor")
    assert ended.code == 1
    assert "✗ model x\\x1b[31m: no such model → name another" in ended.out.splitlines()


def test_doctor_as_json(call: Call, fake_checks: Callable[..., None]) -> None:
    fake_checks(GOOD, BAD)
    ended = call("doctor", "--format", "json")
    assert ended.code == 1
    printed = json.loads(ended.out)
    assert printed["works"] is False
    assert [(f["name"], f["status"], f["needed"]) for f in printed["findings"]] == [("device", "ok", True), (BAD.name, "failed", True)]


def test_real_doctor_in_an_ascii_terminal(bench: Call, tmp_path: Path) -> None:
    ended = bench("doctor", here=tmp_path, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert ended.code == 0, ended
    assert ended.err == ""
    lines = ended.out.splitlines()
    assert all(line.isascii() for line in lines)
    assert {line.split(" ", 1)[0] for line in lines[:-1]} == {"ok", "!"}
    assert any(line.startswith("ok 4-bit weights: NF4 layer") for line in lines)
    assert any(line.startswith("! hub: not checked, because HF_HUB_OFFLINE is set -> ") for line in lines)
    assert not (tmp_path / "runs").exists()


def test_models_without_any_cache(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(here / "hub"))
    ended = call("models")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0].split()[:5] == ["tiny", "5M", "decoder", "11", "MB"]
    assert ended.out.splitlines()[-2:] == ["No GGUF model has been converted yet.", "The local cache of the Hub has no models."]


def test_models_with_broken_caches(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "hub").write_text("")
    (here / ".cache").mkdir()
    (here / ".cache" / "models").write_text("")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(here / "hub"))
    ended = call("models")
    assert ended.code == 0, "available models are still listed"
    assert ended.out.startswith("tiny")
    assert len(ended.err.splitlines()) == 2
    assert all(line.startswith("warning: ") and "cannot be read" in line for line in ended.err.splitlines())
    printed = json.loads(call("models", "--format", "json").out)
    assert [model["name"] for model in printed["named"]][:1] == ["tiny"]
    assert len(printed["problems"]) == 2


def test_unusable_model_says_why(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(here / "hub"))
    folder = here / "hub" / "models--org--old" / "snapshots" / "0123456789"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "pytorch_model.bin").write_bytes(b"x")
    (line,) = [line for line in call("models").out.splitlines() if line.startswith("org/old")]
    assert line.endswith("of the Hub, 01234567 · not usable: its weights are pickles (pytorch_model.bin), which can run code when opened")


def test_doctor_shows_what_is_open_to_others(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code counts what is needed for a run, and none of this is."""
    run = here / "runs" / "one"
    run.mkdir(parents=True)
    for folder in (here / "runs", run):
        folder.chmod(0o755)
    (run / "notes.txt").write_text("a text")
    (run / "notes.txt").chmod(0o644)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    ended = call("doctor", "--security")
    assert ended.code == 0, ended.err
    assert "! modes of runs: others can read runs/one/notes.txt" in ended.out
    assert "set in the environment (names only): HF_TOKEN" in ended.out
    findings = json.loads(call("doctor", "--security", "--format", "json").out)["findings"]
    assert {"modes of runs", "trust in code", "tokens"} <= {finding["name"] for finding in findings}
    assert "hf_secret" not in ended.out + ended.err + json.dumps(findings)
