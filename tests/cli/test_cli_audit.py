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


def test_rules_of_a_policy_are_simulated_at_their_border(call, here):
    cells = [Made("base", 0.7), Made("lora", 0.8, 1, train_seconds=9)]
    make_run(here / "runs" / "two", [summarization(cells, rows=120)])
    rules = [{"rule": "not_worse", "score": "rougeL", "margin": 0.02}, {"rule": "floor", "score": "rougeL", "value": 0.7}]
    (here / "policy.yaml").write_text(json.dumps({"rules": [*rules, {"rule": "ceiling", "score": "answer_seconds", "value": 9}]}))
    ended = call("audit", "two", "--simulations", "2", "--policy", "policy.yaml", "--format", "json")
    checks = [check for check in json.loads(ended.out)["tasks"][0]["audit"]["checks"] if check["check"] in ("wrong_pass", "wrong_fail")]
    assert [(check["check"], check["strategies"]) for check in checks] == [
        ("wrong_pass", ["base", "lora"]), ("wrong_fail", ["base", "lora"]), ("wrong_pass", ["lora"]), ("wrong_fail", ["lora"]),
    ]  # fmt: skip
    assert checks[0]["truth"] == -0.02 and checks[2]["truth"] == 0.7
    assert "rougeX" in call("audit", "two", "--policy", bad_policy(here)).err


def bad_policy(folder: Path) -> str:
    (folder / "bad.yaml").write_text(json.dumps({"rules": [{"rule": "floor", "score": "rougeX", "value": 0.5}]}))
    return "bad.yaml"


def test_bad_input_is_refused(call, run):
    assert "no task 'x'" in call("audit", "one", "--task", "x").err
    assert call("audit", "one", "--simulations", "0").code == 2
    assert call("audit", "nowhere").code == 2
    assert "does not exist" in call("audit", "one", "--out", "missing/page.html").err
