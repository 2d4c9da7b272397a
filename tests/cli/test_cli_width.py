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


@pytest.mark.parametrize("command", ["run", "shadow", "data enough", "data check"])
def test_help_in_80_columns_breaks_no_option_and_no_file_name(bench: Bench, tmp_path: Path, command: str) -> None:
    done = bench(*command.split(), "--help", here=tmp_path, env={"COLUMNS": "80"})
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert done.code == 0
    assert [line for line in lines if line.endswith("-")] == []
    assert "\ue010" not in done.out and "--" in done.out
