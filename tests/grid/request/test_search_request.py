"""The search as users write it: on the command line, in Python, and in a grid file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import BenchError
from harness.grid import make_request, read_grid, read_search
from harness.types import FieldFactor, FieldRange, SearchSpec


@pytest.mark.parametrize(
    ("written", "budget"),
    [
        (True, (None, None, None)),
        (12, (12, None, None)),
        ("12", (12, None, None)),
        ("12 trials", (12, None, None)),
        ("2h", (None, 2, None)),
        ("1.5 hours", (None, 1.5, None)),
        ("30min", (None, 0.5, None)),
        ("10usd", (None, None, 10)),
    ],
)
def test_a_budget(written: Any, budget: tuple[Any, Any, Any]) -> None:
    spec = read_search(written)
    assert spec is not None and (spec.trials, spec.hours, spec.price) == budget
    assert spec.fields == {"learning_rate": FieldFactor(factor=10)}


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("soon", '"soon": is not a budget'),
        ("2 days", "is not a budget"),
        ("-3", "is not a budget"),
        ("1.5", "a number of trials is whole"),
        ("0", "trials"),
        ("0h", "hours"),
        ("999", "trials"),
        (3.5, "is not a budget"),
        ({"trials": 3, "hours": 1}, "give one budget: trials or hours"),
        ({"trails": 3}, "trails"),
        ({"fields": {"learning_rate": {"low": 2, "high": 1}}}, r"fields\.learning_rate: .*the range is empty"),
        ({"fields": {"r": 8}}, r"fields\.r: must be a list of values, a range"),
    ],
)
def test_what_is_no_search_is_one_clear_error(written: Any, problem: str) -> None:
    with pytest.raises(BenchError, match=problem) as error:
        read_search(written)
    assert len(error.value.problems) == 1 and ".range" not in str(error.value)


def test_a_budget_on_the_command_line_takes_precedence_over_that_of_a_grid() -> None:
    grid = SearchSpec(hours=2, fields={"r": (4, 8)})
    assert read_search(grid, budget="5") == SearchSpec(trials=5, fields={"r": (4, 8)})
    assert read_search(grid, budget=True) == grid
    assert read_search(None, budget=True) == SearchSpec()
    assert read_search(None) is None


def test_a_grid_file_says_what_is_searched(tmp_path: Path) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text(
        "tasks: qa\nstrategies: [full, lora]\nrace: 0.05\nsearch:\n  hours: 2\n  fields:\n"
        "    learning_rate: {low: 1.0e-5, high: 1.0e-2}\n    r: [4, 16]\n    epochs: {factor: 2}\n"
    )
    request = make_request(read_grid(file))
    assert request.race == 0.05 and request.search is not None and request.search.hours == 2
    assert request.search.fields == {
        "learning_rate": FieldRange(low=1e-5, high=1e-2), "r": (4, 16), "epochs": FieldFactor(factor=2),
    }  # fmt: skip
    assert make_request({**request.to_json()}).search == request.search, "run.json holds the request"


@pytest.mark.parametrize(
    ("search", "line", "problem"),
    [
        ("{trials: 0}", 3, "search.trials"),
        ("{fields: {learning_rate: {low: 1.0e-2, high: 1.0e-5}}}", 3, "the range is empty"),
        ("{fields: {learning_rate: [1.0e-3]}}", 3, "at least two values"),
        ("{field: {r: [4, 8]}}", 3, "unknown field 'field'"),
        ("yes", 3, "search"),
    ],
)
def test_a_grid_file_with_a_mistake_names_the_line(tmp_path: Path, search: str, line: int, problem: str) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text(f"tasks: qa\nstrategies: lora\nsearch: {search}\n")
    with pytest.raises(BenchError) as error:
        read_grid(file)
    assert f"grid.yaml:{line}" in str(error.value) and problem in str(error.value)


@pytest.mark.parametrize("race", [0, 0.5, -0.1, float("nan"), True, "often"])
def test_a_race_has_an_error_rate(race: Any) -> None:
    from harness.grid.request import check_numbers

    with pytest.raises(BenchError, match=r"race must be a number between 0 and 0\.5"):
        check_numbers(make_request({"tasks": "qa", "strategies": "lora", "race": race}))
