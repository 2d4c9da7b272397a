"""Which share of outputs is acceptable: no critical error, and every absolute limit kept by the output's own score."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from report_factory import Made, MadeTask, classification, make_run, summarization

from harness.results import TaskResults, acceptable_share, list_acceptance_scores
from harness.types import Example


def results_of(tmp_path: Path, task: MadeTask) -> TaskResults:
    return make_run(tmp_path / "run", [task]).by_task[task.name]


def every_other(example: Example, draw: random.Random) -> str:
    """The reference for even examples; for odd ones a text that names nobody, which is a critical error."""
    return example.targets[0] if int(example.id.removeprefix("row-")) % 2 == 0 else "nothing"


def test_outputs_with_a_critical_error_are_not_acceptable(tmp_path: Path) -> None:
    results = results_of(tmp_path, summarization([Made("base", answer=every_other)], rows=80, metrics=("rouge", "facts")))
    share = acceptable_share(results.strategies[0])
    assert share is not None and (share.value, share.n) == (0.5, 80)
    assert share.low is not None and share.high is not None and 0.38 < share.low < 0.42 and 0.58 < share.high < 0.62
    assert list_acceptance_scores(results)[0] == "critical_error_rate"


def test_a_limit_applies_to_each_output(tmp_path: Path) -> None:
    """On average, rougeL is 0.5 and within the limit; of the outputs only every other one is."""
    limits = {"rougeL": {"at_least": 0.4}}
    results = results_of(tmp_path, summarization([Made("base", answer=every_other)], rows=40, primary="rouge1", guardrails=limits))
    share = acceptable_share(results.strategies[0])
    assert share is not None and share.value == 0.5
    assert list_acceptance_scores(results) == ("rougeL",)


def test_a_limit_on_a_part_applies_to_that_part_alone(tmp_path: Path) -> None:
    """The first half of the examples is urgent. The other half has no limit, so nothing says whether its outputs are acceptable."""
    limits = {"rougeL": {"at_least": 0.4, "slice": "triage=urgent"}}
    task = summarization(
        [Made("base", answer=every_other)],
        rows=40,
        primary="rouge1",
        guardrails=limits,
        meta=lambda i: {"triage": "urgent" if i < 20 else "no"},
    )
    share = acceptable_share(results_of(tmp_path, task).strategies[0])
    assert share is not None and (share.value, share.n, share.dropped) == (0.5, 20, 20)


@pytest.mark.parametrize("limits", [{}, {"rouge1": {"not_worse_than": "base", "by": 0.1}}, {"macro_f1": {"at_least": 0.5}}])
def test_without_a_score_of_single_outputs_nothing_is_said(tmp_path: Path, limits: dict[str, object]) -> None:
    """A comparison with another strategy, and a score of the whole test set, say nothing about one output."""
    cells = [Made("base", 0.5), Made("lora", 0.9, 1, train_seconds=9)]
    task = classification(cells, guardrails=limits) if "macro_f1" in limits else summarization(cells, rows=30, guardrails=limits)
    results = results_of(tmp_path, task)
    assert list_acceptance_scores(results) == ()
    assert acceptable_share(results.strategies[0]) is None


def test_seeds_are_averaged(tmp_path: Path) -> None:
    cells = [Made("lora", seed=1, answer=every_other), Made("lora", seed=2, answer=lambda e, r: e.targets[0])]
    results = results_of(tmp_path, summarization(cells, rows=40, metrics=("rouge", "facts")))
    share = acceptable_share(results.strategies[0])
    assert share is not None and share.value == 0.75
