"""Costs of strategies: means that need every cell, what external outputs cost, and one unit for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from harness.results import StrategyCosts, costs_of_a_run, costs_over_tasks, total_cost
from harness.results.costs import costs_of_use, strategy_costs
from harness.types import Cell, CellResult, Cost, TrainingSummary

CELL = Cell("c", "task", "tiny", "lora", 100, 1)
LOAD, TRAIN, VALIDATE = (
    Cost("load", 2.0, "cpu", 900, price=0.2),
    Cost("train", 30.0, "cpu", 2000, price=3.0),
    Cost("validate", 6.0, "cpu", 700, price=0.6),
)
PREDICT = Cost("predict", 8.0, "cpu", 1500, price=0.8)


def costs(*cells: Sequence[Cost], outputs: int = 20, external: bool = False) -> StrategyCosts:
    found = strategy_costs([CellResult(CELL, "done", tuple(own)) for own in cells], outputs=outputs, trained_here=not external)
    assert found is not None
    return found


def test_a_strategy_costs_the_mean_of_its_seeds_and_the_largest_memory() -> None:
    slow = Cost("train", 50.0, "cpu", 3000, price=5.0, tokens=800)
    found = costs([LOAD, TRAIN, VALIDATE, PREDICT], [LOAD, slow, VALIDATE, PREDICT])
    assert (found.training_seconds, found.training_price) == (46.0, pytest.approx(4.6))
    assert (found.answer_seconds, found.thousand_price) == (0.4, pytest.approx(40.0))
    assert (found.total_seconds, found.total_price) == (56.0, pytest.approx(5.6))
    assert (found.phases["train"], found.phase_prices["train"]) == (40.0, 4.0)
    assert (found.peak_allocated, found.tokens_per_second, found.cells) == (3000, 10.0, 2)


def test_a_mean_with_a_seed_missing_is_not_that_of_the_others() -> None:
    unpriced = Cost("predict", 8.0, "cpu")
    assert costs([PREDICT], [unpriced]).thousand_price is None
    assert costs([PREDICT], [LOAD]).thousand_price is None
    assert costs([PREDICT], [LOAD]).answer_seconds is None
    assert costs([TRAIN, unpriced]).training_price == 3.0, "answering has no price, training has one"
    assert costs([TRAIN, unpriced]).total_price is None
    assert costs([TRAIN, unpriced]).phase_prices == {}


def test_a_prompt_costs_nothing_to_train() -> None:
    found = costs([LOAD, PREDICT])
    assert (found.training_seconds, found.training_price, found.tokens_per_second) == (0.0, 0.0, None)


def test_no_outputs_have_no_cost_per_output() -> None:
    found = costs([TRAIN, PREDICT], outputs=0)
    assert (found.answer_seconds, found.thousand_price) == (None, None)


def test_external_outputs_have_a_price_and_nothing_else() -> None:
    """What their training took is not known: nothing is not the same as zero."""
    found = costs([Cost("predict", 0.0, "elsewhere", price=0.5)], outputs=100, external=True)
    assert found.thousand_price == pytest.approx(5.0)
    assert (found.training_seconds, found.training_price, found.answer_seconds) == (None, None, None)
    assert not found.timed
    assert strategy_costs([CellResult(CELL, "done")], trained_here=False) is None


def test_what_is_charged_by_the_output_is_known_beside_the_time_of_the_device() -> None:
    """A cascade: its own model answers everything, and a host is paid for what is passed on."""
    own = costs([LOAD, TRAIN, PREDICT], outputs=100)
    both = costs([LOAD, TRAIN, PREDICT, Cost("predict", 0.0, "host", price=0.5)], outputs=100)
    assert own.charged_price == 0.0 and both.charged_price == pytest.approx(5.0)
    assert own.thousand_price is not None and both.thousand_price == pytest.approx(own.thousand_price + 5.0)
    assert both.answer_seconds == own.answer_seconds


def test_strategies_are_compared_in_one_unit() -> None:
    """Training once and so many outputs: in money where all have a price, else in seconds; external outputs cost their price."""
    lora, base = costs([LOAD, TRAIN, PREDICT]), costs([LOAD, PREDICT])
    vendor = costs([Cost("predict", 0.0, "elsewhere", price=0.5)], outputs=100, external=True)
    assert costs_of_use({"lora": lora, "base": base, "vendor": vendor}, 1000) == {
        "lora": pytest.approx(43.0), "base": pytest.approx(40.0), "vendor": pytest.approx(5.0),
    }  # fmt: skip
    assert costs_of_use({"lora": lora, "vendor": vendor}, 10) == {"lora": pytest.approx(3.4), "vendor": pytest.approx(0.05)}
    unpriced = costs([Cost("train", 10.0, "cpu"), Cost("predict", 4.0, "cpu")])
    seconds = {"lora": pytest.approx(430.0), "other": pytest.approx(210.0), "vendor": None, "lost": None}
    assert costs_of_use({"lora": lora, "other": unpriced, "vendor": vendor, "lost": None}, 1000) == seconds
    assert costs_of_a_run({"lora": lora, "base": base}) == {"lora": pytest.approx(4.0), "base": pytest.approx(1.0)}
    assert costs_of_a_run({"lora": lora, "vendor": vendor, "lost": None}) == {"lora": 40.0, "vendor": None, "lost": None}


def test_costs_over_tasks_are_sums_of_training_and_means_of_outputs() -> None:
    first, second = costs([TRAIN, PREDICT]), costs([TRAIN, VALIDATE, Cost("predict", 16.0, "cpu", 4000, price=1.6)])
    found = costs_over_tasks([first, second])
    assert (found.training_seconds, found.training_price) == (66.0, pytest.approx(6.6))
    assert (found.answer_seconds, found.thousand_price) == (pytest.approx(0.6), pytest.approx(60.0))
    assert (found.peak_allocated, found.phases["train"], found.cells) == (4000, 60.0, 2)
    unknown = costs([Cost("train", 1.0, "cpu"), PREDICT])
    assert costs_over_tasks([first, unknown]).training_price is None


def test_total_cost_adds_up_phases_and_knows_no_partial_sums() -> None:
    a = Cost("load", 1, "x", peak_allocated=5, tokens=1, price=0.5, energy=1)
    b = Cost("train", 2, "x", peak_allocated=9, peak_reserved=11, tokens=2, price=0.25)
    both = total_cost([a, b])
    assert (both.seconds, both.tokens, both.price, both.energy, both.peak_allocated, both.peak_reserved) == (3, 3, 0.75, None, 9, 11)
    assert total_cost([a, Cost("score", 1, "x")]).price is None, "a sum without one phase would look too cheap"
    none = total_cost([])
    assert (none.seconds, none.tokens, none.price, none.energy, none.peak_allocated, none.currency) == (0, 0, None, None, None, None)


def summary(products_per_second: float | None) -> TrainingSummary:
    return TrainingSummary(
        steps=10, epochs=1.0, learning_rate=1e-3, best_step=10, best_validation_loss=None, final_validation_loss=None, stopped_early=False,
        overfitting=False, examples=80, target_tokens=800, products_per_second=products_per_second,
    )  # fmt: skip


@pytest.mark.parametrize(("trained", "share"), [(1_000_000, 0.03), (10_000, 0.0201)])
def test_the_share_of_the_device_is_the_least_work_of_the_tokens(trained: int, share: float) -> None:
    """50 tokens per second through a million parameters: 6 operations each where all are trained, 4 where almost none is."""
    train = Cost("train", 30.0, "cpu", tokens=1500, price=3.0)
    cells = [
        CellResult(CELL, "done", (LOAD, train), training=summary(limit), total_parameters=1_000_000, trainable_parameters=trained)
        for limit in (1e10, 1e10)
    ]
    found = strategy_costs(cells)
    assert found is not None and found.device_share == pytest.approx(share)
    unmeasured = replace(cells[0], training=summary(None))
    for others in ([unmeasured], [*cells, unmeasured], [replace(cells[0], training=summary(float("nan")))]):
        found = strategy_costs(others)
        assert found is not None and found.device_share is None
