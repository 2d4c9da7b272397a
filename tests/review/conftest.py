"""A small run, packets of it, and a browser that shows pages for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from raters import Export
from report_factory import HOSTILE, Made, make_run, summarization

from harness.api import review_export
from harness.review import ExportedPacket
from harness.store import StoredRun


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    """A separate browser profile. Any console message or network request fails the test."""
    context = browser.new_context(accept_downloads=True, viewport={"width": 1280, "height": 900})
    problems: list[str] = []
    context.on("console", lambda message: problems.append(message.text))
    context.on("weberror", lambda error: problems.append(str(error.error)))
    context.on("request", lambda asked: problems.append(asked.url) if not asked.url.startswith(("file:", "blob:")) else None)
    yield context
    context.close()
    assert problems == []


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    """base, lora and qlora on 60 summaries."""
    cells = [Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9), Made("qlora", 0.8, 1, train_seconds=9)]
    return make_run(tmp_path / "run", [summarization(cells, rows=60, meta=lambda i: {"ward": "north" if i % 6 == 0 else "south"})])


@pytest.fixture
def hostile(tmp_path: Path) -> StoredRun:
    """A run with inputs and outputs that would break a page or a spreadsheet that trusts them."""
    formula = '=HYPERLINK("http://evil.example","click")'
    cells = [
        Made("base", answer=lambda e, r: HOSTILE),
        Made("lora", seed=1, train_seconds=9, answer=lambda e, r: formula + "\n" + "A" * 100_000),
    ]
    return make_run(tmp_path / "hostile", [summarization(cells, rows=8, text=lambda i: f"{HOSTILE} {i}")])


@pytest.fixture
def export(run: StoredRun) -> Export:
    """`review_export` of the run with defaults for tests."""

    def _export(strategies: tuple[str, ...] = ("base", "lora"), of: StoredRun | None = None, **more: object) -> ExportedPacket:
        return review_export((of or run).path, strategies, **({"n": 12, "repeats": 2} | more))  # type: ignore[arg-type]

    return _export
