"""Error rates by strategy, and the subgroups with most critical errors."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from report_factory import Made, make_run, summarization

from harness.reporting.views import build_task_outcome
from harness.reporting.views.sections import Safety
from harness.results import RunResults
from harness.types import Example


def errs_on_nights(example: Example, draw: random.Random) -> str:
    """Without the name on nights, which is a critical error."""
    return "nothing" if example.meta["shift"] == "night" else example.targets[0]


def safety_of(run: RunResults) -> Safety:
    (results,) = run.by_task.values()
    return build_task_outcome(results).safety


@pytest.fixture
def run(tmp_path: Path) -> RunResults:
    """A quarter of the examples are nights; four are holidays."""
    cells = [Made("base", answer=lambda e, r: "nothing"), Made("lora", seed=1, train_seconds=9, answer=errs_on_nights)]
    shifts = ["night", "day", "day", "day"]
    task = summarization(
        cells,
        rows=120,
        metrics=("rouge", "facts", "faithfulness"),
        meta=lambda i: {"shift": "holiday" if i in (1, 2, 3, 5) else shifts[i % 4]},
    )
    return make_run(tmp_path / "run", [task])


def test_rates_are_compared_with_the_untuned_model(run: RunResults) -> None:
    table = next(table for table in safety_of(run).tables if table.score == "critical_error_rate")
    rows = {row.label: row for row in table.rows}
    assert (rows["base"].rate.value, rows["base"].reduction) == (1.0, None)
    reduction = rows["lora"].reduction
    assert rows["lora"].rate.value == 0.25 and reduction is not None and reduction.value == pytest.approx(0.75)


def test_scores_that_people_have_not_confirmed_claim_no_change(run: RunResults) -> None:
    unchecked = [table for table in safety_of(run).tables if table.unchecked]
    assert unchecked and all(row.reduction is None for table in unchecked for row in table.rows)


def test_the_worst_subgroup_is_that_in_which_the_strategy_errs(run: RunResults) -> None:
    """All 30 nights have an error. Four holidays are too few to show, whatever their rate."""
    safety = safety_of(run)
    worst = safety.subgroups[0]
    assert (safety.about, worst.by, worst.name, worst.rate.value, worst.rate.n) == ("lora", "shift", "night", 1.0, 30)
    assert all(group.rate.n >= 10 and group.rate.value > 0.25 for group in safety.subgroups if group.rate.value is not None)
    assert safety.erring == 30


def test_without_critical_errors_there_are_no_subgroups(plain: RunResults) -> None:
    safety = safety_of(plain)
    assert (safety.about, safety.subgroups, safety.overall) == ("", (), None)
