"""`Run.decision`: the decision that the report shows, as a value."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_factory import Made, make_run, questions, summarization

from harness import BenchError, load_run

CELLS = [Made("base", 0.1), Made("lora", 0.97, 1, train_seconds=9)]


def test_it_is_the_decision_of_the_report(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run", [summarization(CELLS)]).path)
    decision = run.decision()
    (reported,) = run.to_dict()["decisions"]
    assert (decision.state, decision.strategy) == (reported["state"], reported["strategy"]) == ("ship_with_conditions", "lora")
    assert {reason.code for reason in decision.conditions} == {"no_trusted_safety", "one_seed"}
    assert [step.code for step in decision.next_steps] == [step["code"] for step in reported["next_steps"]]
    assert decision.standing("base").status in ("worse", "excluded")


def test_several_tasks_have_to_be_named(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run", [summarization(CELLS), questions(CELLS)]).path)
    assert run.decision("questions").task == "questions"
    with pytest.raises(BenchError, match=r'2 tasks. Choose one with task="TASK": summarization, questions'):
        run.decision()
    with pytest.raises(BenchError, match=r"no task 'question'. Did you mean 'questions'"):
        run.decision("question")
