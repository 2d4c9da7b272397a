"""Who looks at a test set until it passes will see it pass: every look is counted."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from report_factory import Made, make_run, summarization

from harness.api import verify_registry
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


def test_a_space_more_makes_no_fresh_test_set(runs: Runs, tmp_path: Path) -> None:
    policy = {"rules": RULES, "looks": 1}
    texts = ["text {} pain", "text {} pain ", "TEXT {}  pain"]
    made = [runs(0.9 + k / 100, text=lambda i, text=text: text.format(i)) for k, text in enumerate(texts)]
    found = [judged(run, tmp_path, policy=policy) for run in made]
    assert [(v.look, v.outcome) for v in found] == [(1, "PASS"), (2, "INCONCLUSIVE"), (3, "INCONCLUSIVE")]


def test_alpha_is_spent_over_plans_that_change(runs: Runs, tmp_path: Path) -> None:
    """Whoever plans one look more each time would never run out of them."""
    run = runs(0.9)
    found = [judged(run, tmp_path, policy={"rules": RULES, "looks": k}) for k in (1, 2, 3)]
    assert [v.outcome for v in found] == ["PASS", "INCONCLUSIVE", "INCONCLUSIVE"]
    assert "planned looks have spent α = 0.075 at this test set, and the policy has 0.05" in found[1].rulings[0].reason


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE looks SET rows = x''",
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
        with pytest.raises(BenchError, match=r"look \d was changed, or one before it is gone"):
            use()


def test_no_test_rows_are_nothing_to_judge_by(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [summarization([Made("base", 0.5), Made("lora", 0.9, 1, train_seconds=9)], rows=0)])
    with pytest.raises(BenchError, match="has no test rows of 'summarization'"):
        judged(run, tmp_path)
    assert not (tmp_path / "registry").exists()


def test_a_question_that_cannot_be_asked_spends_no_look(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    with pytest.raises(BenchError) as refused:
        judged(run, tmp_path, policy={"rules": [RULES[0] | {"slice": "wrd"}, RULES[0] | {"slice": "warrd"}]})
    assert len(refused.value.problems) == 2, "every problem at once"
    assert judged(run, tmp_path, policy={"rules": RULES}).look == 1
