"""`bench models` and `bench doctor`: what they print, as text and as JSON, and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.doctor import checkup
from harness.doctor.checkup import Check
from harness.doctor.finding import Finding

Call = Callable[..., Any]

GOOD = Finding("device", "ok", "a GPU × 2", needed=True)
DOUBTFUL = Finding("hub", "warning", "offline", "unset HF_HUB_OFFLINE")
BAD = Finding("model x\x1b[31m", "failed", "no such\nmodel", "name another", needed=True)


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Checks that find this and nothing else."""

    def use(*findings: Finding) -> None:
        def look(finding: Finding) -> Callable[[], Iterator[Finding]]:
            return lambda: iter([finding])

        monkeypatch.setattr(checkup, "checks", lambda runs, model: [Check(f.name, look(f), f.needed) for f in findings])

    return use


def test_doctor_ends_with_0_when_all_that_is_needed_works(call: Call, made_up: Callable[..., None]) -> None:
    made_up(GOOD, DOUBTFUL)
    ended = call("doctor")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "✓ device: a GPU × 2",
        "! hub: offline → unset HF_HUB_OFFLINE",
        "Everything that a run needs works here.",
    ]
    assert ended.err == "", "no progress where there is no terminal"


def test_doctor_ends_with_1_when_something_needed_does_not(call: Call, made_up: Callable[..., None]) -> None:
    made_up(GOOD, BAD)
    ended = call("doctor")
    assert ended.code == 1
    assert "✗ model x\\x1b[31m: no such model → name another" in ended.out.splitlines()


def test_doctor_as_json(call: Call, made_up: Callable[..., None]) -> None:
    made_up(GOOD, BAD)
    ended = call("doctor", "--format", "json")
    assert ended.code == 1
    said = json.loads(ended.out)
    assert said["works"] is False
    assert [(f["name"], f["status"], f["needed"]) for f in said["findings"]] == [("device", "ok", True), (BAD.name, "failed", True)]


def test_doctor_for_real_in_a_terminal_that_knows_ascii_only(bench: Call, tmp_path: Path) -> None:
    ended = bench("doctor", here=tmp_path, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert ended.code == 0, ended
    assert ended.err == ""
    lines = ended.out.splitlines()
    assert all(line.isascii() for line in lines)
    assert {line.split(" ", 1)[0] for line in lines[:-1]} == {"ok", "!"}
    assert any(line.startswith("ok 4-bit weights: NF4 layer") for line in lines)
    assert any(line.startswith("! hub: not asked: HF_HUB_OFFLINE is set -> ") for line in lines)
    assert not (tmp_path / "runs").exists()


def test_models_without_any_cache(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(here / "hub"))
    ended = call("models")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0].split()[:5] == ["tiny", "5M", "decoder", "11", "MB"]
    assert ended.out.splitlines()[-2:] == ["No GGUF model has been converted yet.", "The local cache of the Hub holds no model."]


def test_models_with_broken_caches(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "hub").write_text("")
    (here / ".cache").mkdir()
    (here / ".cache" / "models").write_text("")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(here / "hub"))
    ended = call("models")
    assert ended.code == 0, "what can be named is still listed"
    assert ended.out.startswith("tiny")
    assert len(ended.err.splitlines()) == 2
    assert all(line.startswith("warning: ") and "cannot be read" in line for line in ended.err.splitlines())
    said = json.loads(call("models", "--format", "json").out)
    assert [model["name"] for model in said["named"]][:1] == ["tiny"]
    assert len(said["problems"]) == 2


def test_a_model_of_no_use_says_why(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(here / "hub"))
    folder = here / "hub" / "models--org--old" / "snapshots" / "0123456789"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "pytorch_model.bin").write_bytes(b"x")
    (line,) = [line for line in call("models").out.splitlines() if line.startswith("org/old")]
    assert line.endswith("of the Hub, 01234567 · not usable: its weights are pickles (pytorch_model.bin), which can run code when opened")
