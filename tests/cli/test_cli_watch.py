"""`bench watch`: exit codes, formats, and texts that stay inside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from report_factory import HOSTILE, Made, make_run, summarization

from tests.cli.conftest import Call
from tests.lifecycle.watch.conftest import make_rows, promote_with_salt, write_rows

TASK = "summarization"
STRANGE = HOSTILE.replace("\x00", "")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("service")
    run = make_run(folder / "run", [summarization([Made("base", 0.3), Made("few-shot", 0.9, 1)], rows=60)])
    promote_with_salt(run.path, folder / "registry")
    return folder / "registry"


@pytest.fixture
def registry(model: Path, here: Path) -> str:
    import shutil

    shutil.copytree(model, here / "registry")
    return "registry"


def test_exit_codes_and_formats(call: Call, registry: str, here: Path) -> None:
    write_rows(here / "few.jsonl", make_rows(1))
    few = call("watch", TASK, "--data", "few.jsonl")
    assert few.code == 3 and few.out.startswith("Not enough data: 8 independent examples on 2026-03-01.")
    write_rows(here / "more.jsonl", make_rows(5, first=1, seed=2))
    stable = call("watch", TASK, "--data", "more.jsonl", "--format", "json")
    assert stable.code == 0 and json.loads(stable.out)["outcome"] == "stable"
    write_rows(here / "other.jsonl", make_rows(4, first=6, seed=3, input=lambda text: f"{text} {STRANGE} xelunib"))
    drifted = call("watch", TASK, "--data", "other.jsonl", "--format", "html", "--out", "watch.html")
    assert drifted.code == 1 and drifted.out == "watch.html\n"
    page = (here / "watch.html").read_text(encoding="utf-8")
    assert "Drifted since about" in page and "xelunib" in page
    assert "<img" not in page and "\u202e" not in page and "\x1b" not in page
    again = call("watch", TASK, "--data", "other.jsonl")
    assert again.code == 1 and "32 rows known before" in again.out
    assert call("watch", TASK, "--data", "few.jsonl", "--out", "a.html").code == 2
    assert call("watch", "visits", "--data", "few.jsonl").code == 2


def test_terminal_shows_examples_and_no_control_characters_and_can_leave_texts_out(call: Call, registry: str, here: Path) -> None:
    rows = make_rows(2) + make_rows(5, first=2, seed=3, input=lambda text: f"aalunib {STRANGE} {text}")
    write_rows(here / "new.jsonl", rows)
    shown = call("watch", TASK, "--data", "new.jsonl", "--without-text")
    assert shown.code == 1 and "aalunib" not in shown.out
    write_rows(here / "next.jsonl", make_rows(3, first=7, seed=4, input=lambda text: f"aalunib {STRANGE} {text}"))
    shown = call("watch", TASK, "--data", "next.jsonl")
    assert "Inputs with a new word, such as “" in shown.out and "aalunib · 4-" in shown.out
    assert "\x1b" not in shown.out and "\u202e" not in shown.out


def test_predict_needs_the_model_that_is_in_service(call: Call, registry: str, here: Path) -> None:
    """The few-shot model of this registry has no weights that could answer."""
    write_rows(here / "new.jsonl", make_rows(1))
    asked = call("watch", TASK, "--data", "new.jsonl", "--predict")
    assert asked.code == 2 and "error: " in asked.err
    assert not list((here / "registry").rglob("monitor.json"))
