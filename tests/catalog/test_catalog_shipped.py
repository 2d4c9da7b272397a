"""Everything that is shipped is valid, and the strategies differ in what they say they differ in."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.catalog import Catalog, prompt_variables, shipped_folder
from harness.grid import vocabulary
from harness.tuning import check_adapter
from harness.types import Strategy

TASKS = sorted(shipped_folder("tasks").glob("*.y*ml"))
STRATEGIES = sorted(shipped_folder("strategies").glob("*.y*ml"))
NOTHING_BUT_DECLARATIONS = {".yaml", ".yml", ".md"}


def strategy(catalog: Catalog, name: str) -> Strategy:
    return catalog.strategy(name).value


@pytest.mark.parametrize("file", TASKS, ids=lambda f: f.stem)
def test_task_is_valid(file: Path, catalog: Catalog) -> None:
    entry = catalog.task(file.stem)
    assert entry.value == catalog.check(file).value
    assert entry.value.name == file.stem
    assert entry.value.description
    assert prompt_variables(entry.value.prompt) <= {"input", "choices"}, "the shipped prompts read what --input names"
    assert set(entry.value.metrics) <= set(vocabulary().metrics)


@pytest.mark.parametrize("file", STRATEGIES, ids=lambda f: f.stem)
def test_strategy_is_valid_and_peft_takes_it(file: Path, catalog: Catalog) -> None:
    entry = catalog.strategy(file.stem)
    assert entry.value.name == file.stem
    assert entry.value.description
    check_adapter(entry.value)


def test_what_the_issue_names_is_there(catalog: Catalog) -> None:
    tasks, bad_tasks = catalog.tasks()
    strategies, bad_strategies = catalog.strategies()
    assert {"summarization", "classification"} <= {e.value.name for e in tasks}
    assert {"base", "full", "lora", "qlora", "dora", "rslora"} <= {e.value.name for e in strategies}
    assert [bad_tasks, bad_strategies] == [[], []]


def test_the_doors_hold_declarations_only() -> None:
    for room in ("tasks", "strategies"):
        files = [f for f in shipped_folder(room).rglob("*") if f.is_file()]
        assert {f.suffix for f in files} <= NOTHING_BUT_DECLARATIONS


def test_adapters_share_their_values(catalog: Catalog) -> None:
    shared = {"peft_type": "LORA", "r": 16, "lora_alpha": 32, "lora_dropout": 0.05, "target_modules": "all-linear"}
    for name in ("lora", "qlora", "dora", "rslora"):
        assert shared.items() <= strategy(catalog, name).adapter.items(), name
    assert strategy(catalog, "lora").adapter == shared
    assert strategy(catalog, "dora").adapter == shared | {"use_dora": True}
    assert strategy(catalog, "rslora").adapter == shared | {"use_rslora": True}


def test_quantization_is_the_only_difference_of_qlora(catalog: Catalog) -> None:
    lora, qlora = strategy(catalog, "lora").model_dump(), strategy(catalog, "qlora").model_dump()
    assert {key for key in lora if lora[key] != qlora[key]} == {"name", "description", "quantization"}
    assert (lora["quantization"], qlora["quantization"]) == (None, {"type": "nf4", "double_quantization": True})


def test_strategies_that_train_do_so_alike_but_for_the_learning_rate(catalog: Catalog) -> None:
    recipes = [e.value.train.model_dump(exclude={"learning_rate"}) for e in catalog.strategies()[0] if e.value.train]
    assert len(recipes) >= 5
    assert all(recipe == recipes[0] for recipe in recipes)


def test_full_learns_slower_than_an_adapter_for_large_models(catalog: Catalog) -> None:
    full, lora = strategy(catalog, "full").train, strategy(catalog, "lora").train
    assert full and lora
    for parameters in (135_000_000, 1_700_000_000, 8_000_000_000):
        assert full.learning_rate_for(parameters) <= lora.learning_rate_for(parameters) / 5
    assert 1e-5 <= full.learning_rate_for(8_000_000_000) <= 2e-5
