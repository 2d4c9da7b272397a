"""The search as it is planned, and what is refused before anything is spent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.catalog import Catalog
from harness.errors import BenchError
from harness.grid import Planned, forecast_search, make_plan, make_request, vocabulary
from harness.types import CellForecast, ForecastRange, SearchForecast

Plan = Callable[..., Planned]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A plan of the shipped task `qa` on 30 examples, with a search."""

    def make(**values: Any) -> Planned:
        request = make_request({"tasks": "qa", "strategies": ("full", "lora"), "limit": 30, "search": True, **values})
        return make_plan(request, Catalog(vocabulary(), here=tmp_path), command="test", here=tmp_path)

    return make


def searched(planned: Planned) -> list[tuple[str, int, list[str]]]:
    assert planned.search is not None
    return [(s.strategy.name, s.cell.cell.train_size, [d.name for d in s.space]) for s in planned.search.searches]


def test_every_strategy_that_has_a_searched_field_is_searched_at_its_largest_training_size(plan: Plan) -> None:
    planned = plan(strategies=("full", "lora", "fewshot"), train_sizes=(10, 20), seeds=2)
    assert searched(planned) == [("full", 20, ["learning_rate"]), ("lora", 20, ["learning_rate"])]
    assert planned.plan.trial_cells == (), "nothing has been tried yet"
    with_shots = plan(strategies=("fewshot",), search={"fields": {"shots": [0, 2, 4]}})
    assert searched(with_shots) == [("fewshot", 5, ["shots"])], "the untuned model is the control"


def test_the_grid_after_a_search_has_the_chosen_values_fresh_seeds_and_no_dropped_strategy(plan: Plan) -> None:
    from harness.types import DroppedStrategy

    planned = plan(strategies=("full", "lora", "qlora"), seeds=2, train_sizes=(10, 20), canaries=2)
    dropped = DroppedStrategy("qa", "tiny", "qlora", 0, "t1", "t2", 0.5, 0.2, 0.01)
    after = planned.after_search({("qa", "tiny", "lora"): {"learning_rate": 7e-4}}, [dropped])
    assert [(c.strategy, c.train_size, c.seed) for c in after.plan.cells] == [
        ("base", 0, None),
        *(("full", size, seed) for size in (10, 20) for seed in (0, 1)),
        *(("lora", size, seed) for size in (10, 20) for seed in (0, 1)),
    ]
    rates = {c.id: s.train.learning_rate for c in after.plan.cells if (s := after.plan.get_strategy(c)).train and c.strategy == "lora"}
    assert set(rates.values()) == {7e-4} and len(rates) == 4
    own = [cell for cell in planned.plan.cells if cell.strategy == "full"]
    assert [cell for cell in after.plan.cells if cell.strategy == "full"] == own, "its own values were the best"
    assert {cell.strategy for cell in after.plan.leak_cells} == {"base", "full", "lora"}
    assert after.plan.get_strategy(after.plan.leak_cells[-1]).train.learning_rate == 7e-4  # type: ignore[union-attr]
    assert after.plan.digest == planned.plan.digest, "the same command resumes the run"


def test_a_prompt_gets_as_many_seeds_as_its_shots_need(plan: Plan) -> None:
    planned = plan(strategies=("fewshot", "fewshot:shots=0"), seeds=3, search={"fields": {"shots": [0, 2, 4]}})
    after = planned.after_search({("qa", "tiny", "fewshot"): {"shots": 0}, ("qa", "tiny", "fewshot:shots=0"): {"shots": 2}}, [])
    cells = [(cell.strategy, cell.train_size, cell.seed) for cell in after.plan.cells if cell.strategy != "base"]
    assert cells == [("fewshot", 0, None), *(("fewshot:shots=0", 2, seed) for seed in range(3))]


def test_a_search_is_part_of_what_makes_two_runs_the_same(plan: Plan) -> None:
    digests = [plan(**values).plan.digest for values in ({}, {"search": 4}, {"search": None}, {"race": 0.05}, {"race": 0.1})]
    assert len(set(digests)) == 5 and plan().plan.digest == digests[0]


def test_a_task_without_validation_examples_is_refused(plan: Plan, tmp_path: Path) -> None:
    rows = [{"question": f"how much is {i}", "answer": f"it is {i}"} for i in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "own.yaml").write_text(
        "name: own\nkind: generation\ndata:\n  path: rows.jsonl\n  fields: {input: question, target: answer}\n"
        "  split: {train: 0.8, validation: 0, test: 0.2}\nmetrics: [rouge]\nprimary: rougeL\n"
    )
    own = {"tasks": str(tmp_path / "own.yaml"), "limit": None}
    for values in ({}, {"search": None, "race": 0.05}):
        with pytest.raises(BenchError, match=r"task 'own': a (search|race) compares losses on validation examples, and there are none"):
            plan(**own, **values)
    assert plan(**own, search=None).search is None


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"race": 0.05, "limit": 20}, "task 'qa': a race needs at least 30 validation examples to prove anything, and there are 20"),
        ({"search": {"fields": {"rank": [4, 8]}}}, "no strategy of this run has a field 'rank'"),
        ({"search": {"fields": {"r": [4, 8]}}, "strategies": ("full",)}, "no strategy of this run has a field 'r'"),
        ({"search": {"fields": {"shots": [0, 2]}}, "strategies": ("full",)}, "no strategy of this run has a field 'shots'"),
        ({"search": {"fields": {"learning_rate": {"low": 1e-5, "high": 4}}}}, "learning_rate"),
        ({"search": {"fields": {"prompt": ["{{ question }}", "{{ querstion }}"]}}}, "the data has no field 'querstion'"),
        ({"search": {"fields": {"target_modules": [["q_proj"], ["nothing_like_it"]]}}, "strategies": ("lora",)}, "nothing_like_it"),
        ({"search": None, "race": 0.05, "strategies": ("lora", "fewshot")}, "needs two strategies that train"),
    ],
)
def test_a_search_that_cannot_work_is_refused_before_anything_is_spent(plan: Plan, values: dict[str, Any], problem: str) -> None:
    with pytest.raises(BenchError) as error:
        plan(**values)
    assert problem in str(error.value)


def test_a_budget_in_money_needs_a_price(plan: Plan) -> None:
    assert plan(search="5usd", price=2.0).search is not None
    with pytest.raises(BenchError, match="the price of this device is 0"):
        plan(search="5usd", price=0.0)


@pytest.mark.parametrize(
    ("strategies", "named"),
    [
        (("lora:r=8", "lora:r=64"), "lora:r=8 and lora:r=64 are variants of one strategy"),
        (("lora", "lora:learning_rate=1e-4", "full"), "lora and lora:learning_rate=1e-4 are variants of one strategy"),
    ],
)
def test_variants_that_are_listed_by_hand_are_compared_on_test_data_and_the_run_says_how_to_search(
    plan: Plan, strategies: tuple[str, ...], named: str
) -> None:
    (warning,) = [text for text in plan(search=None, strategies=strategies).plan.data["qa"].warnings if "variants" in text]
    assert warning.startswith(named) and "search: {fields: {" in warning
    assert not [text for text in plan(strategies=strategies).plan.data["qa"].warnings if "variants" in text], "it searches"


def test_different_strategies_and_external_outputs_are_no_variants(plan: Plan) -> None:
    planned = plan(search=None, strategies=("full", "lora", "qlora:r=8", "fewshot"))
    assert not [text for text in planned.plan.data["qa"].warnings if "variants" in text]


def test_a_search_takes_what_its_trials_cost_in_trainings_or_its_budget(plan: Plan) -> None:
    """Five trials cost 3.5 trainings, because the worse ones end early. A budget in money lasts as long as the device costs."""

    def forecast(**values: Any) -> SearchForecast | None:
        planned = plan(train_sizes=(10, 20), **values)
        known = {p.cell.id: _takes(100.0 if p.strategy.name == "full" else 40.0 * p.cell.train_size / 20) for p in planned.cells}
        return forecast_search(planned.search, known, price_per_hour=2.0)

    found = forecast(search={"trials": 5})
    assert found is not None and found.trials == 5 and found.trainings == pytest.approx(3.46, abs=0.05)
    assert found.parts == 2 * (5 + 2), "two of five trials go on"
    assert found.seconds == pytest.approx(140 * found.trainings), "the largest size of each of the two strategies"
    assert forecast(search={"hours": 0.5}) == SearchForecast(2 * 1800, None, None, None)
    assert forecast(search={"price": 3.0}) == SearchForecast(2 * 1.5 * 3600, None, None, None)
    assert forecast(search=None, race=0.05) is not None
    planned = plan()
    assert forecast_search(planned.search, {}, 2.0) is None and forecast_search(None, {}, 2.0) is None


def _takes(seconds: float) -> CellForecast:
    return CellForecast("cpu", None, None, ForecastRange(seconds), ForecastRange(3.0), None, "USD", None, None)
