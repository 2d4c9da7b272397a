"""Verdicts in files and on paper: stored with the run, in JSON, JUnit and Markdown, and read again."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from report_factory import HOSTILE, Made, make_run, summarization

from harness.errors import BenchError
from harness.gate import load_verdicts
from harness.reporting import render, verdict_to_json, verdict_to_junit, verdict_to_markdown
from harness.reporting.views import build_report_view
from harness.reporting.wording.gate.gate_sentences import headline
from harness.reporting.wording.gate.gate_tables import list_rules
from tests.foreign import write_sealed_json
from tests.gate.conftest import Runs, judged


def test_a_verdict_is_stored_and_in_the_report(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    verdict = judged(run, tmp_path)
    assert load_verdicts(run.path) == [verdict]
    (shown,) = build_report_view(run).tasks[0].verdicts
    assert headline(shown).startswith("PASS: LoRA against the untuned model on ")
    assert len(list_rules(shown).rows) == len(verdict.rules)
    assert build_report_view(run, with_text=False).tasks[0].verdicts[0].regressions == ()


def test_json_has_sentences_beside_the_codes(runs: Runs, tmp_path: Path) -> None:
    verdict = judged(runs(0.9), tmp_path)
    values = verdict_to_json(verdict)
    assert values["headline"].startswith("PASS: ") and len(values["sentences"]) >= 2
    assert values["rules"][0]["title"] == "No training on test examples"
    assert values["rules"][0]["reason"]["code"] == "not_trained_on" and values["rules"][0]["sentence"].endswith(".")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"format": 1}, "holds a verdict in format 1; this version of bench reads format 5"),
        ({"format": 2}, "holds a verdict in format 2; this version of bench reads format 5"),
        ({"alpha": "0.05"}, "is damaged: alpha: "),
        ({"extra": 1}, "is damaged: extra: "),
        ("[]", "holds a verdict in format None; this version of bench reads format 5"),
        ('{"format": 3', "is damaged: not valid JSON: "),
    ],
)
def test_a_verdict_of_another_version_or_a_damaged_one_is_refused(
    runs: Runs, tmp_path: Path, change: dict[str, Any] | str, problem: str
) -> None:
    run = runs(0.9)
    judged(run, tmp_path)
    (file,) = (run.path / "gates").glob("*.json")
    file.write_text(change if isinstance(change, str) else json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(BenchError, match=re.escape(problem)) as refused:
        build_report_view(run)
    assert len(refused.value.problems) == 1 and str(refused.value).startswith(f"{file}: ")


def test_a_verdict_without_a_format_is_of_the_first_version(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    (run.path / "gates").mkdir()
    (file := run.path / "gates" / "20260101T101010-0001.json").write_text('{"outcome": "PASS", "ruling": []}')
    write_sealed_json(run.path / "added.json", {"files": {f"gates/{file.name}": hashlib.sha256(file.read_bytes()).hexdigest()}, "lost": {}})
    with pytest.raises(BenchError, match=r"holds a verdict in format 1; this version of bench reads format 5\. Move the file away"):
        load_verdicts(run.path)


def test_a_report_without_text_stays_without_it(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    page, text = run.path / "report.html", run.examples("summarization")[0].inputs["input"]
    page.write_text(render(run, with_text=False), encoding="utf-8")
    judged(run, tmp_path)
    written = page.read_text(encoding="utf-8")
    assert "Can it replace the current model?" in written and "task-1-packed" not in written and text not in written
    page.write_text(render(run), encoding="utf-8")
    judged(run, tmp_path, policy={"rules": [{"rule": "floor", "score": "rougeL", "value": 0.4}]})
    assert "task-1-packed" in page.read_text(encoding="utf-8")


def test_files_of_a_killed_gate_are_ignored(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    (run.path / "gates").mkdir()
    (run.path / "gates" / ".20260101T101010-0001.json.4711.part").write_text('{"outcome": "PA')
    judged(run, tmp_path)
    assert [verdict.outcome for verdict in load_verdicts(run.path)] == ["PASS"]


def test_a_verdict_that_cannot_be_stored_is_still_returned(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    (run.path / "gates").write_text("a file where the folder should be")
    verdict = judged(run, tmp_path)
    assert verdict.outcome == "PASS" and verdict.notes[-1].code == "not_recorded" and verdict.notes[-1].texts["run"] == ("run-0",)


def test_hostile_output_is_inert_in_every_output(tmp_path: Path) -> None:
    from junitparser import JUnitXml

    cells = [Made("base", 0.9), Made("lora", seed=1, train_seconds=9, answer=lambda e, r: HOSTILE)]
    run = make_run(tmp_path / "run", [summarization(cells, rows=40, meta=lambda i: {"ward": HOSTILE})])
    rules = [{"rule": "floor", "score": "rougeL", "value": 0.5}, {"rule": "floor", "score": "rougeL", "value": 0.5, "slice": "ward"}]
    verdict = judged(run, tmp_path, policy={"rules": rules})
    markdown, junit, value = verdict_to_markdown(verdict), verdict_to_junit(verdict), json.dumps(verdict.to_json())
    assert not re.search(r"(?<!\\)<img", markdown) and "\u202e" not in markdown and "\x1b" not in markdown
    assert "<img" not in junit and "\u202e" not in junit
    assert json.loads(value)["outcome"] == "FAIL"
    (suite,) = JUnitXml.fromstring(junit.encode())
    assert (suite.tests, suite.failures, suite.errors) == (len(verdict.rules), 3, 0)  # it does not beat the trivial baseline either


def test_junit_has_a_case_per_rule_and_undecided_rules_are_errors(runs: Runs, tmp_path: Path) -> None:
    from junitparser import Error, Failure, JUnitXml

    verdict = judged(runs(0.6, base=0.6, rows=40), tmp_path, policy={
        "rules": [{"rule": "not_worse", "score": "rougeL", "margin": 0.01}, {"rule": "floor", "score": "rougeL", "value": 0.99}],
    })  # fmt: skip
    (suite,) = JUnitXml.fromstring(verdict_to_junit(verdict).encode())
    results = {case.name: [type(r) for r in case.result] for case in suite}
    assert results == {
        "No training on test examples": [],
        "Match with the reference not worse than the baseline by more than 0.01 [rougeL]": [Error],
        "Match with the reference at least 0.99 [rougeL]": [Failure],
    }


def test_a_verdict_records_its_policy_and_digests(runs: Runs, tmp_path: Path) -> None:
    verdict = judged(runs(0.9), tmp_path)
    assert verdict.policy["rules"][0]["margin"] == 0.01 and len(verdict.policy_digest) == len(verdict.test_digest) == 64
    assert verdict.baseline is not None and len({verdict.candidate.digest, verdict.baseline.digest}) == 2
