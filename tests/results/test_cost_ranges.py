"""How far other inputs could change what an output costs: by the lengths of the outputs, and by the share that a cascade passes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cascade_factory import MEASURED, make_cascade_run
from report_factory import Made, make_run, summarization

from harness.results import CostRange, TaskResults
from harness.results.cost_ranges import cost_range


def make(path: Path, tokens_out: Callable[[int], int], group: Callable[[int], str] | None = None) -> TaskResults:
    cells = [
        Made("base", 0.4),
        Made("lora", 0.9, 1, train_seconds=300, tokens_out=tokens_out),
        Made("lora", 0.9, 2, train_seconds=300, tokens_out=tokens_out),
        Made("incumbent", 0.8, model="external", tokens_out=tokens_out),
        Made("vendor", 0.8, model="external", tokens_out=tokens_out),
    ]
    (results,) = make_run(path, [replace(summarization(cells, rows=60), group=group)]).by_task.values()
    return results


def ranges(results: TaskResults) -> dict[str, CostRange]:
    return {each.label: cost_range(results, each) for each in results.scored}


def test_unequal_outputs_leave_their_mean_cost_open_and_equal_ones_do_not(tmp_path: Path) -> None:
    """20 or 60 tokens in turn: a mean of 40 ± 5.2. The host charges 50 a million for 60 tokens of prompts, and 400 for these."""
    known = ranges(make(tmp_path / "equal", lambda i: 40))
    assert set(known.values()) == {CostRange()}
    known = ranges(make(tmp_path / "unequal", lambda i: 60 if i % 2 else 20))
    assert known["lora"].each == pytest.approx((0.87, 1.13), abs=0.005)
    share_of_output = 400 * 40 / (400 * 40 + 50 * 60)
    assert known["incumbent"].each == pytest.approx((1 - 0.13 * share_of_output, 1 + 0.13 * share_of_output), abs=0.005)
    assert known["vendor"] == CostRange()  # a file of outputs has one price for each


def test_examples_of_a_group_are_no_independent_lengths(tmp_path: Path) -> None:
    alone = ranges(make(tmp_path / "alone", lambda i: 60 if i % 12 < 6 else 20))["lora"].each
    grouped = ranges(make(tmp_path / "grouped", lambda i: 60 if i % 12 < 6 else 20, lambda i: f"g{i % 12}"))["lora"].each
    assert grouped[1] - grouped[0] > 1.5 * (alone[1] - alone[0])


def test_outputs_without_a_token_have_the_range_of_the_prompts(tmp_path: Path) -> None:
    assert ranges(make(tmp_path / "none", lambda i: 0))["lora"] == CostRange()


def test_a_cascade_may_pass_on_another_share(tmp_path: Path) -> None:
    """40% of 60 answers: 29% to 53%."""
    run = make_cascade_run(tmp_path / "cascade", replace(MEASURED, passed_on=0.4))
    (results,) = run.by_task.values()
    charged = ranges(results)["cascade"].charged
    assert charged == pytest.approx((0.285 / 0.4, 0.526 / 0.4), abs=0.02)
    none = make_cascade_run(tmp_path / "none", replace(MEASURED, passed_on=0.0))
    (results,) = none.by_task.values()
    assert ranges(results)["cascade"] == CostRange()
