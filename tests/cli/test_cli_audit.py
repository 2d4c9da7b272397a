"""`bench audit` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from report_factory import Made, make_run, summarization


@pytest.fixture
def run(here: Path) -> Path:
    cells = [Made("base", 0.3), Made("lora", 0.8, 1, train_seconds=9)]
    return make_run(here / "runs" / "one", [summarization(cells, rows=40)]).path


def test_audit_prints_the_promises_and_writes_the_page(call, run):
    ended = call("audit", "one", "--simulations", "3")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "Audit of summarization"
    assert lines[-1].endswith("audit.html")
    assert (run / "audit.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_json_is_for_programs(call, run):
    ended = call("audit", "one", "--simulations", "2", "--seed", "4", "--format", "json", "--out", "page.html")
    value = json.loads(ended.out)
    assert (value["run"], value["tasks"][0]["audit"]["seed"]) == ("one", 4)
    assert Path("page.html").is_file() and not (run / "audit.html").exists()


def test_bad_input_is_refused(call, run):
    assert "no task 'x'" in call("audit", "one", "--task", "x").err
    assert call("audit", "one", "--simulations", "0").code == 2
    assert call("audit", "nowhere").code == 2
    assert "does not exist" in call("audit", "one", "--out", "missing/page.html").err
