"""`bench report`: in each format, to a file, to standard output, to the browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_factory import Made, make_run, summarization

from tests.cli.conftest import Call


@pytest.fixture
def run(tmp_path: Path) -> Path:
    cells = [Made("base", 0.3), Made("lora", 0.7, 1, train_seconds=9)]
    return make_run(tmp_path / "runs" / "done", [summarization(cells)]).path


@pytest.mark.parametrize("ending", ["html", "md", "json", "csv"])
def test_every_format_is_written_beside_the_run_and_to_standard_output(call: Call, run: Path, ending: str) -> None:
    ended = call("report", str(run), "--format", ending)
    file = run / f"report.{ending}"
    assert (ended.code, ended.out) == (0, f"{file}\n")
    assert call("report", str(run), "--format", ending, "--out", "-").out == file.read_bytes().decode()


def test_without_text(call: Call, run: Path) -> None:
    call("report", str(run), "--out", str(run / "whole.html"))
    call("report", str(run), "--without-text", "--out", str(run / "bare.html"))
    whole, bare = ((run / name).read_text(encoding="utf-8") for name in ("whole.html", "bare.html"))
    assert "task-1-packed" in whole and "task-1-packed" not in bare
    assert "written without inputs, references and outputs" in bare


def test_open_shows_the_report_in_a_browser(call: Call, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("click.launch", lambda file: shown.append(file) or 0)
    assert call("report", str(run), "--open").code == 0
    assert shown == [str(run / "report.html")]
    monkeypatch.setattr("click.launch", lambda file: 1)
    assert "Open the file yourself" in call("report", str(run), "--open").err
    wrong = call("report", str(run), "--open", "--out", "-")
    assert wrong.code == 2 and "cannot be combined with --out -" in wrong.err
