"""Who looks at a test set until it passes will see it pass: every look is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import BenchError
from tests.gate.conftest import Runs, judged

RULES = [{"rule": "not_worse", "score": "rougeL", "margin": 0.01}]


def test_looks_are_counted_once_a_question_and_spent_where_they_are_planned(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    looks = [judged(run, tmp_path, policy={"rules": RULES}).look for _ in range(2)]
    assert looks == [1, 1], "the same question is no new look"
    planned = [judged(run, tmp_path, policy={"rules": RULES, "looks": 3, "alpha": a}) for a in (0.06, 0.03, 0.09)]
    assert [v.look for v in planned] == [2, 3, 4] and planned[0].alpha == pytest.approx(0.02)
    assert [v.outcome for v in planned] == ["PASS", "PASS", "INCONCLUSIVE"]
    assert "this is look 4 at this test set, and the policy planned 3" in planned[-1].rulings[0].reason
    assert "α = 0.07 is spent at this test set, and the policy has 0.06" in planned[0].notes[-1], "the first look spent 0.05"
    fewer = judged(runs(0.9, rows=199), tmp_path, policy={"rules": RULES})
    assert fewer.look == 5, "a row less is no fresh test set"
    other = judged(runs(0.9, rows=200, text=lambda i: f"another text {i}"), tmp_path, policy={"rules": RULES})
    assert other.look == 1, "another test set"


def test_what_no_answer_depends_on_makes_no_fresh_test_set(runs: Runs, tmp_path: Path) -> None:
    made = [runs(0.9), runs(0.9, meta=lambda i: {"ward": i % 3}), runs(0.9, group=lambda i: f"p{i}"), runs(0.9, metrics=("rouge", "facts"))]
    policies = [{"rules": RULES, "alpha": 0.05 - k / 1000} for k in range(len(made))]
    looks = [judged(run, tmp_path, policy=policy).look for run, policy in zip(made, policies, strict=True)]
    assert looks == [1, 2, 3, 4]


def test_a_question_that_cannot_be_asked_spends_no_look(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    with pytest.raises(BenchError) as refused:
        judged(run, tmp_path, policy={"rules": [RULES[0] | {"slice": "wrd"}, RULES[0] | {"slice": "warrd"}]})
    assert len(refused.value.problems) == 2, "every problem at once"
    assert judged(run, tmp_path, policy={"rules": RULES}).look == 1
