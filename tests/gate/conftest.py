"""Runs to judge, and a registry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from report_factory import Made, make_run, summarization

from harness.store import Run

Runs = Callable[..., Run]


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """A run of `base` and `lora` (or another), so good, on so many rows."""
    made: list[Run] = []

    def _runs(
        quality: float = 0.9, *, tuned: str = "lora", rows: int = 200, seeds: tuple[int, ...] = (1,), base: float = 0.3, **more: object
    ) -> Run:
        cells = [Made("base", base), *(Made(tuned, quality, seed, train_seconds=60) for seed in seeds)]
        made.append(make_run(tmp_path / "runs" / f"run-{len(made)}", [summarization(cells, rows=rows, **more)]))
        return made[-1]

    return _runs
