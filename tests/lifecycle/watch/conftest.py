"""A promoted model, and files of new rows for it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from report_factory import WORDS, Made, make_run, summarization

from harness.api import promote

START = date(2026, 3, 1)
Rows = list[dict[str, Any]]


@pytest.fixture(scope="session")
def promoted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with a model for `summarization`; tests copy it."""
    folder = tmp_path_factory.mktemp("watched")
    cells = [Made("base", 0.3), Made("few-shot", 0.9, 1)]
    run = make_run(folder / "run", [summarization(cells, rows=80, meta=lambda i: {"ward": "AB"[i % 2]})])
    registry = folder / "registry"
    promote_with_salt(run.path, registry)
    return registry


def promote_with_salt(run: Path, registry: Path) -> None:
    """Promote a model whose fingerprint has the same salt in every test session: what is drawn at random is then the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.lifecycle.watch.new_salt", lambda: "a salt")
        promote(run, "few-shot", registry=registry, new_registry=True, force=True, reason="a test")


@pytest.fixture
def registry(promoted: Path, tmp_path: Path) -> Path:
    import shutil

    return shutil.copytree(promoted, tmp_path / "registry")


def make_rows(days: int, per_day: int = 8, *, first: int = 0, seed: int = 1, **more: Callable[[str], Any]) -> Rows:
    """Rows like those that the model was tested on.

    Args:
        more: further columns, or "input", computed from the text.
    """
    draw = random.Random(seed)
    rows = []
    for day in range(days):
        for number in range(per_day):
            text = " ".join(draw.choices(WORDS, k=40))
            when = (START + timedelta(days=first + day)).isoformat()
            row = {"id": f"{seed}-{first + day}-{number}", "input": text, "date": when, "ward": draw.choice("AB")}
            rows.append(row | {name: compute(text) for name, compute in more.items()})
    return rows


def write_rows(path: Path, rows: Rows) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path
