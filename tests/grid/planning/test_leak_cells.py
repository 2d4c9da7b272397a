"""The cells of the leak test as they are planned, and what is refused before anything is spent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_models import save_model

from harness.catalog import Catalog
from harness.errors import BenchError
from harness.grid import make_plan, make_request, read_grid, vocabulary
from harness.store import RunPlan, to_json_line
from harness.store.json_files import from_json_text
from harness.store.plan_checks import find_plan_problem

Plan = Callable[..., RunPlan]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A plan of the shipped task `qa` on 30 examples."""

    def make(**values: Any) -> RunPlan:
        request = make_request({"tasks": "qa", "strategies": "lora", "limit": 30, "canaries": 4, **values})
        return make_plan(request, Catalog(vocabulary(), here=tmp_path), command="test", here=tmp_path).plan

    return make


def names(plan: RunPlan) -> list[tuple[str, int, int | None]]:
    return [(cell.strategy, cell.train_size, cell.seed) for cell in plan.leak_cells]


def test_every_strategy_that_trains_has_a_leak_test_for_each_seed_and_the_untuned_model_is_the_control(plan: Plan) -> None:
    planned = plan(strategies=("lora", "full", "fewshot"), seeds=2)
    expected = [("base", 0, None), *((name, 30, seed) for name in ("lora", "full") for seed in (0, 1))]
    assert names(planned) == expected
    assert {cell.id for cell in planned.leak_cells}.isdisjoint(cell.id for cell in planned.cells)
    assert find_plan_problem(planned) == ""


def test_exclusions_and_overrides_of_the_grid_hold_for_the_leak_test(plan: Plan) -> None:
    override, exclude = {"strategy": "lora", "set": {"learning_rate": 1e-5}}, {"strategy": "lora", "seed": 1}
    changed = plan(override=(override,), exclude=(exclude,), seeds=2, train_sizes=(10, 20))
    assert names(changed) == [("base", 0, None), ("lora", 20, 0)], "of several training sizes, the largest is tested"
    assert changed.get_strategy(changed.leak_cells[1]).train.learning_rate == 1e-5  # type: ignore[union-attr]


def test_a_plan_with_a_leak_test_is_read_back_and_one_without_has_no_such_cells(plan: Plan) -> None:
    planned = plan()
    assert from_json_text(RunPlan, to_json_line(RunPlan, planned)).leak_cells == planned.leak_cells != ()
    assert planned.restrict_to(planned.cells[:1]).leak_cells == ()
    assert plan(canaries=None).leak_cells == ()


def test_a_grid_file_and_a_task_declare_it_and_the_request_takes_precedence(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text("tasks: qa\nstrategies: lora\ncanaries: 3\n")
    assert read_grid(tmp_path / "grid.yaml")["canaries"] == 3
    rows = [{"q": f"question {i}", "a": f"answer {i}"} for i in range(60)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = "name: own\nkind: qa\ndata: {path: rows.jsonl, fields: {question: q, target: a}}\nprompt: '{{ question }}'\n"
    (tmp_path / "own.yaml").write_text(task + "privacy: {canaries: 2, repeats: [8, 2]}\n")
    own = {"tasks": str(tmp_path / "own.yaml")}
    declared = plan(**own, canaries=None)
    assert len(declared.leak_cells) == 2 and declared.tasks["own"].privacy.repeats == (2, 8)
    assert plan(**own, canaries=0).leak_cells == ()
    assert plan(**own, canaries=1).tasks["own"].privacy.repeats == (2, 8)


def test_of_several_tasks_only_those_of_free_text_are_tested(plan: Plan) -> None:
    assert {cell.task for cell in plan(tasks=("qa", "classification")).leak_cells} == {"qa"}


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"tasks": "classification"}, r"canaries='?4'?: canaries are planted in free-text targets, but each task of the request chooses"),
        (
            {"canaries": 11},
            r"task 'qa': privacy: canaries: 11 for each of 3 numbers of repeats need 33 training examples, and there are 30",
        ),
        ({"strategies": "fewshot"}, r"task 'qa': privacy: no strategy of this run trains a model"),
        ({"canaries": 65}, r"canaries must be"),
        ({"canaries": -1}, r"canaries must be"),
        ({"canaries": 2.5}, r"canaries must be"),
    ],
)
def test_what_cannot_be_tested_is_one_clear_error(plan: Plan, values: dict[str, Any], problem: str) -> None:
    with pytest.raises(BenchError, match=problem) as error:
        plan(**values)
    assert len(error.value.problems) == 1


def test_models_without_likelihoods_of_continuations_are_refused(plan: Plan, tmp_path: Path) -> None:
    save_model(tmp_path / "t5", "t5")
    with pytest.raises(BenchError, match=r"the leak test reads the likelihoods of decoders, and the model 't5' is an encoder-decoder"):
        plan(models=str(tmp_path / "t5"))


@pytest.mark.parametrize(
    ("privacy", "problem"),
    [
        ("{canaries: many}", "privacy.canaries"),
        ("{canaries: 100}", "privacy.canaries"),
        ("{canaries: 2, repeats: []}", "privacy.repeats"),
        ("{canaries: 2, repeats: [1, 1]}", "the numbers of repeats must differ"),
        ("{canaries: 2, references: 3}", "privacy.references"),
        ("{canary: 2}", "unknown field 'canary'. Did you mean 'canaries'"),
    ],
)
def test_wrong_declarations_name_the_field_and_the_line(plan: Plan, tmp_path: Path, privacy: str, problem: str) -> None:
    (tmp_path / "own.yaml").write_text(f"name: own\nkind: qa\ndata: {{source: clinic}}\nprivacy: {privacy}\n")
    with pytest.raises(BenchError, match=r"own\.yaml:4: .*") as error:
        plan(tasks=str(tmp_path / "own.yaml"), canaries=None)
    assert problem in str(error.value)


def test_a_task_that_chooses_cannot_declare_it(plan: Plan, tmp_path: Path) -> None:
    own = "name: own\nkind: classification\ndata: {source: clinic}\nlabels: [a, b]\nprivacy: {canaries: 2}\n"
    (tmp_path / "own.yaml").write_text(own)
    with pytest.raises(BenchError, match="'privacy' plants canaries in free-text targets, but this task chooses among labels"):
        plan(tasks=str(tmp_path / "own.yaml"), canaries=None)
