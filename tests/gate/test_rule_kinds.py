"""Relative rules, advisory rules, and the sign of a difference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_factory import Made, classification, make_run

from harness.api import load_run
from harness.errors import BenchError
from harness.reporting import verdict_to_json, verdict_to_junit, verdict_to_markdown
from harness.reporting.wording.gate.gate_sentences import headline
from harness.reporting.wording.gate.rule_sentences import measured_value, rule_title
from harness.store import StoredRun
from tests.gate.conftest import Runs, judged, only

SPEED = {"rule": "ceiling", "score": "answer_seconds", "value": 9}


def answered(path: Path, base: np.ndarray, lora: np.ndarray) -> StoredRun:
    """A run in which the two strategies are right on these examples."""

    def answer(right: np.ndarray) -> Any:
        return lambda e, r: e.targets[0] if right[int(e.id.removeprefix("row-"))] else next(c for c in e.choices if c != e.targets[0])

    cells = [Made("base", answer=answer(base)), Made("lora", seed=1, answer=answer(lora), train_seconds=9, curve=False)]
    return make_run(path, [classification(cells, rows=len(base))])


def test_fewer_errors_are_a_negative_change(tmp_path: Path, runs: Runs) -> None:
    run = runs(0.9, base=0.6, metrics=("rouge", "ter"), primary="rougeL")
    rules = [{"rule": "better", "score": "ter"}, {"rule": "better", "score": "rougeL"}]
    verdict = judged(run, tmp_path, policy={"rules": rules})
    errors, matches = (only(verdict, name) for name in ("Edits needed better", "Match with the reference better"))
    assert errors.outcome == "PASS" and errors.measured < 0 and errors.low < errors.measured < errors.high < 0
    assert measured_value(errors).startswith("−") and measured_value(errors).endswith("; lower is better")
    assert matches.outcome == "PASS" and matches.measured > 0 and measured_value(matches).startswith("+")
    (row,) = (line for line in verdict_to_markdown(verdict).splitlines() if "Edits needed better" in line)
    assert "| −" in row and "lower is better" in row
    assert verdict_to_json(verdict)["rules"][-2]["measured"] == errors.measured


@pytest.mark.parametrize(("lora", "outcome"), [(0.4, "PASS"), (0.3, "FAIL")])
def test_a_relative_rule_allows_a_share_of_the_baseline(tmp_path: Path, lora: float, outcome: str) -> None:
    """Of 0.4, a tenth is 0.04: a loss of 0.1 is a quarter."""
    place = np.arange(2000) % 100
    run = answered(tmp_path / "run", place < 40, place < 100 * lora)
    verdict = judged(run, tmp_path, policy={"rules": [{"rule": "not_worse", "score": "accuracy", "relative": 0.1}]})
    rule = verdict.rules[-1]
    assert verdict.outcome == outcome and rule.measured == pytest.approx(lora - 0.36) and rule.rule.relative
    assert rule_title(rule) == "Accuracy not worse than the baseline by more than 10% of its score"
    assert measured_value(rule).endswith("from 90% of the baseline")


@pytest.mark.parametrize(("lora", "outcome"), [(0.76, "PASS"), (0.62, "FAIL")])
def test_a_relative_rule_on_a_score_of_all_examples(tmp_path: Path, lora: float, outcome: str) -> None:
    """A macro-F1 of 0.8 may fall to 0.72."""
    place = np.arange(1600) % 100
    run = answered(tmp_path / "run", place < 80, place < 100 * lora)
    verdict = judged(run, tmp_path, policy={"rules": [{"rule": "not_worse", "score": "macro_f1", "relative": 0.1}]})
    rule = verdict.rules[-1]
    assert verdict.outcome == outcome and measured_value(rule).endswith("from 90% of the baseline")
    frame = load_run(run.path).scores()
    base, candidate = (float(frame[(frame.strategy == name) & (frame.score == "macro_f1")].value.iloc[0]) for name in ("base", "lora"))
    assert rule.measured == pytest.approx(candidate - 0.9 * base)


def test_a_relative_rule_on_measures_needs_no_limits(runs: Runs, tmp_path: Path) -> None:
    run, other = runs(0.9, rows=60), runs(0.9, rows=60)
    rules = [{"rule": "not_worse", "score": "rougeL", "margin": 0.2}, {"rule": "not_worse", "score": "answer_seconds", "relative": 0.1}]
    equal = judged(run, tmp_path, policy={"rules": rules}, baseline=f"{other.path}:lora")
    assert equal.rules[-1].outcome == "PASS" and equal.rules[-1].measured == pytest.approx(-0.1 * 41.5 / 60)


def test_an_advisory_rule_is_shown_and_does_not_count(runs: Runs, tmp_path: Path) -> None:
    from junitparser import JUnitXml, Skipped

    floor = {"rule": "floor", "score": "rougeL", "value": 0.3}
    slow = {"rule": "ceiling", "score": "answer_seconds", "value": 0.001}
    run = runs(0.9)
    blocked = judged(run, tmp_path, policy={"rules": [floor, slow]})
    verdict = judged(run, tmp_path, policy={"rules": [floor, slow | {"tier": "advisory"}]})
    assert (blocked.outcome, verdict.outcome, verdict.rules[-1].outcome) == ("FAIL", "PASS", "FAIL")
    assert "The advisory rule did not pass; it does not change the verdict." in headline(verdict)
    assert any("at most 0" in line and "advisory" in line and "**FAIL**" in line for line in verdict_to_markdown(verdict).splitlines())
    assert json.loads(json.dumps(verdict_to_json(verdict)))["rules"][-1]["rule"]["tier"] == "advisory"
    (suite,) = JUnitXml.fromstring(verdict_to_junit(verdict).encode())
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (len(verdict.rules), 0, 0, 1)
    assert [type(result) for case in suite for result in case.result] == [Skipped]


@pytest.mark.parametrize("rule", [{"rule": "floor", "score": "rougeL", "value": 0.3, "tier": "advisory"}, SPEED])
@pytest.mark.parametrize("baseline", [True, False])
def test_a_policy_that_is_not_about_quality_judges_nothing(runs: Runs, tmp_path: Path, rule: dict[str, Any], baseline: bool) -> None:
    run = runs(0.9, rows=40)
    with pytest.raises(BenchError, match="no rule can show that a model is good enough"):
        judged(run, tmp_path, policy={"rules": [rule]}, baseline=f"{run.path}:base" if baseline else None)


def test_a_floor_that_the_trivial_baseline_reaches_is_no_reason_to_promote(tmp_path: Path) -> None:
    """What finds no spam at all is right about nine messages in ten."""
    spam = lambda i: "card lost_1" if i % 10 == 0 else "refund_0"  # noqa: E731
    cells = [Made("base", answer=lambda e, r: "refund_0"), Made("lora", 0.97, 1, train_seconds=9)]
    run = make_run(tmp_path / "run", [classification(cells, rows=200, labels=2, targets=spam)])
    low, high = ({"rules": [{"rule": "floor", "score": "accuracy", "value": value}]} for value in (0.85, 0.92))
    with pytest.raises(
        BenchError, match=r"rules\[0\] \(floor accuracy 0\.85\) is met by the trivial baseline, which uses no model and scores 0\.9"
    ):
        judged(run, tmp_path, "base", policy=low, baseline=None)
    assert judged(run, tmp_path, "base", policy=high, baseline=None).outcome != "PASS"
