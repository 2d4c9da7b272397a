"""The width of tables without a terminal: what COLUMNS asks for, and all that they need without it."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_factory import Made, make_run, summarization

from harness.cli.requested_width import requested_width
from tests.conftest import Bench


@pytest.mark.parametrize(
    ("text", "width"), [("80", 80), ("1", 20), ("9" * 5000, 10_000), ("", None), ("-80", None), ("wide", None), ("٨٠", None), ("²", None)]
)
def test_only_a_plain_number_is_a_width(monkeypatch: pytest.MonkeyPatch, text: str, width: int | None) -> None:
    monkeypatch.setenv("COLUMNS", text)
    assert requested_width() == width


def test_tables_are_as_wide_as_columns_says(bench: Bench, tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "done", [summarization([Made("base", 0.3), Made("lora", 0.9, 1)], rows=40)])
    wide, narrow = (bench("compare", str(run.path), here=tmp_path, env=env) for env in (None, {"COLUMNS": "80"}))
    assert wide.code == narrow.code == 0, narrow
    rulers = [max(len(line) for line in ended.out.splitlines() if set(line) == {"─"}) for ended in (narrow, wide)]
    assert rulers[0] <= 80 < rulers[1]
