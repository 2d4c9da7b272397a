"""The audit of a run as page, terminal text and JSON: the same numbers, nothing hostile, and a reason where nothing can be simulated."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from report_factory import HOSTILE, Made, classification, make_run, summarization
from rich.console import Console

from harness.errors import BenchError
from harness.reporting import RunAudit, audit_run, audit_to_json, print_audit, render_audit


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> RunAudit:
    cells = [Made("base", 0.3), Made("lora", 0.8, 1, train_seconds=9), Made("full", 0.82, 1, train_seconds=30)]
    labels = [Made("base", 0.5), Made("lora", 0.8, 1, train_seconds=9)]
    run = make_run(tmp_path_factory.mktemp("runs") / "audited", [summarization(cells, rows=60), classification(labels, rows=60)])
    return audit_run(run, simulations=12)


def printed(audit: RunAudit) -> str:
    file = io.StringIO()
    print_audit(audit, Console(file=file, width=100))
    return file.getvalue()


def test_page_terminal_and_json_have_the_same_result(audited: RunAudit) -> None:
    page, text, value = render_audit(audited), printed(audited), json.loads(json.dumps(audit_to_json(audited), allow_nan=False))
    assert [task["task"] for task in value["tasks"]] == ["summarization", "intents"]
    for task in value["tasks"]:
        assert task["audit"]["simulations"] == 12
        for sentence in task["audit"]["sentences"]:
            assert sentence in page and sentence in text
        assert len(task["audit"]["checks"]) == sum(check["times"] > 0 for check in task["audit"]["checks"]) > 4
    assert "12 simulated test sets of 60 examples, 3 strategies, score rougeL, margin 0.01, seed 0." in text
    assert "The 95% CI of a score contains the true score" in text
    assert page.count("<table") == 4


def test_page_needs_nothing_and_runs_nothing(audited: RunAudit) -> None:
    page = render_audit(audited)
    assert "default-src &#39;none&#39;" in page
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)', page)


def test_hostile_names_are_escaped(audited: RunAudit) -> None:
    (task, _) = audited.tasks
    assert task.audit is not None
    check = replace(task.audit.checks[0], strategies=(HOSTILE,), score=HOSTILE)
    hostile = replace(
        task.audit, score=HOSTILE, best=HOSTILE, choices={HOSTILE: task.audit.checks[0].rate, None: task.audit.checks[0].rate}
    )
    audit = RunAudit(HOSTILE, HOSTILE, (replace(task, task=HOSTILE, audit=replace(hostile, checks=(check,))),))
    page = render_audit(audit)
    assert "<img" not in page and "</script>" not in page and "&lt;img" in page
    assert not re.findall("[\x00\x1b\u202e]", page + printed(audit))


def test_one_task_is_chosen_by_name(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r", [summarization([Made("base", 0.3)], rows=30), classification([Made("base", 0.5)], rows=30)])
    audit = audit_run(run, task="intents", simulations=2)
    assert [task.task for task in audit.tasks] == ["intents"]
    with pytest.raises(BenchError, match=r"no task 'intent'.*Did you mean 'intents'"):
        audit_run(run, task="intent")


def test_interruption_ends_with_the_simulations_that_are_done(tmp_path: Path) -> None:
    def stop(name: str, done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    run = make_run(tmp_path / "r", [summarization([Made("base", 0.3)], rows=30), classification([Made("base", 0.5)], rows=30)])
    text = printed(audit_run(run, simulations=9, progress=stop))
    assert "2 simulated test sets" in text and "Interrupted: 9 were requested." in text
    assert "intents" not in text


def test_run_without_results_says_so(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r", [summarization([Made("lora", 1, 1, status="failed", error="no")], rows=30)])
    audit = audit_run(run, simulations=2)
    assert audit_to_json(audit)["tasks"] == [{"task": "summarization", "problem": "no strategy has a primary score", "audit": None}]
    assert printed(audit) == "Audit of summarization: nothing to simulate, no strategy has a primary score.\n"
    assert "nothing to simulate" in render_audit(audit)


def test_without_base_or_a_second_strategy_the_rest_is_audited(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r", [summarization([Made("lora", 0.7, 1, train_seconds=9)], rows=40)])
    text = printed(audit_run(run, simulations=3))
    assert "The 95% CI of a score contains the true score" in text
    assert "The 95% CI of a difference contains the true difference: there is only one strategy." in text
