"""Environment variables are read by the command line alone, which hands their values down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.cache import cache_folder

Call = Callable[..., Any]


def test_cache_folder_is_taken_from_the_environment(call: Call, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "user"))
    monkeypatch.setenv("BENCH_CACHE_DIR", str(here / "own"))
    call("--help")
    assert cache_folder() == here / "own"
    monkeypatch.delenv("BENCH_CACHE_DIR")
    call("--help")
    assert cache_folder() == here / "user" / "finetune-bench"
    monkeypatch.delenv("XDG_CACHE_HOME")
    call("--help")
    assert cache_folder() == Path.home() / ".cache" / "finetune-bench"


def test_checkpoint_interval_is_taken_from_the_environment(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = []

    def run_request(request: object, *, checkpoint_every: float, **_: object) -> None:
        seconds.append(checkpoint_every)
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.api.run_request", run_request)
    arguments = ("run", "--task", "classification", "--strategies", "base")
    assert call(*arguments).code == 130
    monkeypatch.setenv("BENCH_CHECKPOINT_SECONDS", "1.5")
    assert call(*arguments).code == 130
    assert seconds == [30.0, 1.5]
