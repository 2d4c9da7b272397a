"""What is searched for a strategy: which fields it has, and the values that can be tried."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from harness.catalog import Catalog, override_strategy
from harness.errors import BenchError
from harness.grid import vocabulary
from harness.grid.search import build_space, check_space, own_values, set_values
from harness.types import SearchSpec, Strategy, TrainSpec

LORA = Strategy(
    name="lora",
    method="peft",
    adapter={"peft_type": "LORA", "r": 16},
    train=TrainSpec(learning_rate={"50M": 1.5e-3, "inf": 2e-4}, batch_size={"50M": 4, "inf": 8}),
)
FULL = Strategy(name="full", method="full", train=TrainSpec(learning_rate=5e-5))
FEWSHOT = Strategy(name="fewshot", method="prompt", shots=5)
BASE = Strategy(name="base", method="prompt")


def spec(**fields: Any) -> SearchSpec:
    return SearchSpec.model_validate({"fields": fields} if fields else {})


def test_by_default_the_learning_rate_is_searched_within_a_factor_of_ten_of_the_strategys_own() -> None:
    (small,), (large,) = build_space(LORA, spec(), 1_000_000), build_space(LORA, spec(), 1_000_000_000)
    assert (small.name, small.own, small.low, small.high) == ("learning_rate", 1.5e-3, 1.5e-4, 1.5e-2)
    assert (large.own, large.low, large.high) == (2e-4, 2e-5, 2e-3), "the own value may depend on the model's size"
    assert small.is_log and not small.is_whole
    assert build_space(BASE, spec(), 1_000_000) == (), "nothing is trained"


def test_each_strategy_is_searched_over_the_fields_that_it_has() -> None:
    fields = spec(learning_rate={"factor": 3}, r=[4, 8, 16], shots=[0, 2, 8])
    assert [d.name for d in build_space(LORA, fields, 1)] == ["learning_rate", "r"]
    assert [d.name for d in build_space(FULL, fields, 1)] == ["learning_rate"]
    assert [d.name for d in build_space(FEWSHOT, fields, 1)] == ["shots"]
    assert own_values(build_space(LORA, fields, 1_000_000)) == {"learning_rate": 1.5e-3, "r": 16}


@pytest.mark.parametrize("strategy", [entry.value for entry in Catalog(vocabulary()).strategies()[0]], ids=lambda strategy: strategy.name)
def test_every_shipped_strategy_accepts_both_ends_of_its_range(strategy: Strategy) -> None:
    """A factor of ten above 0.3, the rate of prompt tuning, would be above the highest rate that a strategy accepts."""
    for parameters in (5_000_000, 135_000_000, 1_000_000_000, 8_000_000_000):
        for dimension in build_space(strategy, spec(), parameters):
            for position in (0.0, 1.0):
                set_values(strategy, {dimension.name: dimension.at(position)})
            assert dimension.at(0.0) < dimension.own < dimension.at(1.0)


def test_whole_numbers_stay_whole_and_numbers_have_two_digits() -> None:
    rank, size = build_space(LORA, spec(r={"low": 4, "high": 64}, batch_size={"factor": 2}), 1_000_000)
    assert [rank.at(x) for x in (0.0, 0.5, 1.0)] == [4, 16, 64] and all(isinstance(rank.at(x), int) for x in (0.1, 0.77))
    assert (size.low, size.high) == (2, 8)
    (rate,) = build_space(FULL, spec(), 1)
    values = [rate.at(x / 50) for x in range(51)]
    assert values == sorted(values) and values[0] == 5e-6 and values[-1] == 5e-4
    assert all(value == float(f"{value:.2g}") for value in values)


def test_a_linear_range_and_a_list() -> None:
    epochs, kind = build_space(FULL, spec(epochs={"low": 1, "high": 5, "log": False}, schedule=["cosine", "linear"]), 1)
    assert [epochs.at(x) for x in (0.0, 0.5, 1.0)] == [1, 3, 5]
    assert [kind.at(x) for x in (0.0, 0.49, 0.5, 1.0)] == ["cosine", "cosine", "linear", "linear"]
    assert (epochs.size, kind.size) == (float("inf"), 2)


def test_values_are_set_under_the_same_name() -> None:
    changed = set_values(LORA, {"learning_rate": 1e-3, "r": 4})
    assert (changed.name, changed.adapter["r"], changed.train.learning_rate) == ("lora", 4, 1e-3)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"learning_rat": {"factor": 2}}, "no strategy of this run has a field 'learning_rat'. Did you mean 'learning_rate'?"),
        ({"ranks": [1, 2]}, "no strategy of this run has a field 'ranks'"),
        ({"epochs": [1, -1]}, "epochs"),
        ({"micro_batch_tokens": [512, 1024]}, "'micro_batch_tokens' changes only memory and speed"),
        ({"train.attention": ["sdpa", "auto"]}, "'train.attention' changes only memory and speed"),
        ({"r": [8, "many"], "learning_rate": {"low": 1e-5, "high": 7}}, "learning_rate"),
        ({"schedule": ["cosine", "sideways"]}, "schedule"),
    ],
)
def test_a_field_that_no_strategy_has_and_a_value_that_one_refuses(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(BenchError) as error:
        check_space([BASE, FULL, LORA], spec(**fields))
    assert problem in str(error.value) and str(error.value).startswith("search: fields")


def test_a_factor_needs_a_number_of_the_strategys_own() -> None:
    with pytest.raises(BenchError, match=r"its own value 0\.0 is not a number above 0, so 'factor' has no meaning"):
        build_space(FULL, spec(weight_decay={"factor": 10}), 1)


def test_a_factor_ends_where_the_field_ends() -> None:
    strategy = override_strategy(LORA, {"lora_plus": 4.0, "warmup": 0.2}, "lora")
    ratio, warmup = build_space(strategy, spec(lora_plus={"factor": 10}, warmup={"factor": 10}), 1)
    assert (ratio.low, ratio.high, warmup.low, warmup.high) == (1.0, 40.0, 0.02, 1.0)


def test_a_factor_within_which_there_is_no_other_whole_number_is_refused() -> None:
    with pytest.raises(BenchError, match=r"there is no other value within a factor of 1\.05 of its own, 16\. Give a larger factor"):
        build_space(LORA, spec(r={"factor": 1.05}), 1)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"learning_rate": {"low": 1e-3, "high": 1e-3}}, "the range is empty"),
        ({"learning_rate": {"low": 1e-2, "high": 1e-3}}, "the range is empty"),
        ({"learning_rate": {"low": 0, "high": 1e-3}}, "must be above 0 on a logarithmic scale"),
        ({"learning_rate": {"low": 1e-5}}, "Field required"),
        ({"learning_rate": {"factor": 1}}, "greater than 1"),
        ({"learning_rate": 1e-3}, "must be a list of values, a range"),
        ({"learning_rate": [1e-3]}, "at least two values"),
        ({"r": [4, 8, 4]}, "listed twice"),
        ({}, "at least 1 item"),
    ],
)
def test_an_empty_range_or_list_is_refused(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        SearchSpec.model_validate({"fields": fields})
