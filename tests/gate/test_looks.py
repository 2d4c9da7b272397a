"""Repeated evaluation on one test set inflates false passes, so every evaluation is counted."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from report_factory import Made, make_run, summarization

from harness.api import verify_registry
from harness.errors import BenchError
from harness.gate import Reason
from tests.gate.conftest import Runs, judged

RULES = [{"rule": "not_worse", "score": "rougeL", "margin": 0.01}]


def test_looks_are_counted_once_per_question_and_limited_by_the_plan(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    looks = [judged(run, tmp_path, policy={"rules": RULES}).look for _ in range(2)]
    assert looks == [1, 1], "the same question is no new look"
    planned = [judged(run, tmp_path, policy={"rules": RULES, "looks": 3, "alpha": a}) for a in (0.06, 0.03, 0.09)]
    assert [v.look for v in planned] == [2, 3, 4] and planned[0].alpha == pytest.approx(0.02)
    assert [v.outcome for v in planned] == ["PASS", "PASS", "INCONCLUSIVE"]
    assert planned[-1].rules[0].reason == Reason("look_exceeded", {"look": 4}) and planned[-1].rules[0].rule.threshold == 3
    overspent = planned[0].notes[-1]
    assert (overspent.code, overspent.numbers) == ("alpha_overspent", {"spent": pytest.approx(0.07), "alpha": 0.06}), "the first spent 0.05"
    fewer = judged(runs(0.9, rows=199), tmp_path, policy={"rules": RULES})
    assert fewer.look == 5, "a row less is no fresh test set"
    other = judged(runs(0.9, rows=200, text=lambda i: f"another text {i}"), tmp_path, policy={"rules": RULES})
    assert other.look == 1, "another test set"


def test_columns_that_no_output_depends_on_make_no_new_test_set(runs: Runs, tmp_path: Path) -> None:
    made = [runs(0.9), runs(0.9, meta=lambda i: {"ward": i % 3}), runs(0.9, group=lambda i: f"p{i}"), runs(0.9, metrics=("rouge", "facts"))]
    policies = [{"rules": RULES, "alpha": 0.05 - k / 1000} for k in range(len(made))]
    looks = [judged(run, tmp_path, policy=policy).look for run, policy in zip(made, policies, strict=True)]
    assert looks == [1, 2, 3, 4]


def test_white_space_and_case_make_no_new_test_set(runs: Runs, tmp_path: Path) -> None:
    policy = {"rules": RULES, "looks": 1}
    texts = ["text {} pain", "text {} pain ", "TEXT {}  pain"]
    made = [runs(0.9 + k / 100, text=lambda i, text=text: text.format(i)) for k, text in enumerate(texts)]
    verdicts = [judged(run, tmp_path, policy=policy) for run in made]
    assert [(v.look, v.outcome) for v in verdicts] == [(1, "PASS"), (2, "INCONCLUSIVE"), (3, "INCONCLUSIVE")]


def test_alpha_is_spent_over_plans_that_change(runs: Runs, tmp_path: Path) -> None:
    """Planning one more look each time must not give an unlimited number of them."""
    run = runs(0.9)
    verdicts = [judged(run, tmp_path, policy={"rules": RULES, "looks": k}) for k in (1, 2, 3)]
    assert [v.outcome for v in verdicts] == ["PASS", "INCONCLUSIVE", "INCONCLUSIVE"]
    reason = verdicts[1].rules[0].reason
    assert (reason.code, reason.numbers) == ("alpha_exceeded", {"spent": pytest.approx(0.075), "alpha": 0.05})


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE looks SET examples = x''",
        "UPDATE looks SET alpha = 0",
        "UPDATE looks SET task = 'x'",
        "DELETE FROM looks WHERE number = 2",
    ],
)
def test_looks_are_sealed_as_events_are(runs: Runs, tmp_path: Path, change: str) -> None:
    run = runs(0.9)
    for alpha in (0.05, 0.04, 0.03):
        judged(run, tmp_path, policy={"rules": RULES, "alpha": alpha})
    with sqlite3.connect(tmp_path / "registry" / "registry.sqlite") as db:
        db.execute(change)
    db.close()
    for use in (lambda: judged(run, tmp_path, policy={"rules": RULES}), lambda: verify_registry(registry=tmp_path / "registry")):
        with pytest.raises(BenchError, match=r"look \d was changed, or one before it was removed"):
            use()


def test_an_empty_test_set_is_refused(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [summarization([Made("base", 0.5), Made("lora", 0.9, 1, train_seconds=9)], rows=0)])
    with pytest.raises(BenchError, match="has no test examples of 'summarization'"):
        judged(run, tmp_path)
    assert not (tmp_path / "registry").exists()


def test_an_invalid_policy_spends_no_look(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    with pytest.raises(BenchError) as refused:
        judged(run, tmp_path, policy={"rules": [RULES[0] | {"slice": "wrd"}, RULES[0] | {"slice": "warrd"}]})
    assert len(refused.value.problems) == 2, "every problem at once"
    assert judged(run, tmp_path, policy={"rules": RULES}).look == 1
