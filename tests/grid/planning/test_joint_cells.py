"""Which cells may train together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.api import load_strategy
from harness.grid.planning.joint_cells import can_train_jointly, group_joint_cells
from harness.types import Cell, Strategy


def changed(name: str, *, adapter: dict[str, Any] | None = None, **train: Any) -> Strategy:
    strategy = load_strategy(name)
    assert strategy.train is not None
    fields = {"adapter": {**strategy.adapter, **(adapter or {})}, "train": strategy.train.model_copy(update=train)}
    return strategy.model_copy(update=fields)


def plan_of(strategies: dict[str, Strategy], cells: list[Cell], *, dtype: str = "float32", shape: str = "decoder") -> Any:
    def get_strategy(cell: Cell) -> Strategy:
        return strategies[cell.strategy]

    return SimpleNamespace(options={"dtype": dtype}, cells=cells, models={"m": SimpleNamespace(shape=shape)}, get_strategy=get_strategy)


def cell(strategy: str, seed: int) -> Cell:
    return Cell(id=f"{strategy}-{seed}", task="t", model="m", strategy=strategy, train_size=10, seed=seed)


@pytest.mark.parametrize(
    ("strategy", "is_possible"),
    [
        (changed("lora"), True),
        (changed("qlora"), True),
        (changed("rslora", adapter={"r": 64}), True),
        (changed("lora", adapter={"init_lora_weights": "gaussian"}, optimizer="adafactor", lora_plus=16.0), True),
        (changed("dora"), False),
        (changed("full"), False),
        (changed("ia3"), False),
        (changed("adalora"), False),
        (load_strategy("base"), False),
        (load_strategy("dpo"), False),
        (changed("lora", neftune=5.0), False),
        (changed("lora", adapter={"init_lora_weights": "pissa"}), False),
        (changed("lora", adapter={"bias": "lora_only"}), False),
        (changed("lora", adapter={"modules_to_save": ["lm_head"]}), False),
        (changed("lora", adapter={"a_field_of_later_versions": True}), False),
    ],
)
def test_only_plain_lora_trains_together(strategy: Strategy, is_possible: bool) -> None:
    assert can_train_jointly(strategy) is is_possible


def test_cells_are_grouped_by_what_has_to_be_equal() -> None:
    strategies = {
        "lora": changed("lora"),
        "small": changed("lora", adapter={"r": 2}, learning_rate=1e-4, epochs=1.0),
        "other layers": changed("lora", adapter={"target_modules": ["q_proj"]}),
        "other dropout": changed("lora", adapter={"lora_dropout": 0.5}),
        "checkpointing": changed("lora", gradient_checkpointing="on"),
        "compiled": changed("lora", compilation="on"),
        "qlora": changed("qlora"),
        "full": changed("full"),
    }
    cells = [cell(name, seed) for name in strategies for seed in (0, 1)]
    groups = [[each.id for each in group] for group in group_joint_cells(plan_of(strategies, cells), cells)]
    assert groups == [
        ["lora-0", "lora-1", "small-0", "small-1"],
        ["other layers-0", "other layers-1"],
        ["other dropout-0", "other dropout-1"],
        ["checkpointing-0", "checkpointing-1"],
        ["compiled-0", "compiled-1"],
        ["qlora-0", "qlora-1"],
    ]
    assert [len(group) for group in group_joint_cells(plan_of(strategies, cells), cells[1:5])] == [3], "one cell is no group"


def test_at_most_eight_cells_train_together() -> None:
    cells = [cell("lora", seed) for seed in range(17)]
    plan = plan_of({"lora": changed("lora")}, cells)
    sizes = {count: [len(group) for group in group_joint_cells(plan, cells[:count])] for count in (8, 9, 17)}
    assert sizes == {8: [8], 9: [4, 5], 17: [5, 6, 6]}, "none is left to train alone"
    assert [each for group in group_joint_cells(plan, cells) for each in group] == cells


@pytest.mark.parametrize("where", [{"dtype": "float16"}, {"shape": "encoder"}, {"shape": "encoder-decoder"}])
def test_nothing_trains_together_where_losses_would_differ(where: dict[str, str]) -> None:
    cells = [cell("lora", seed) for seed in range(2)]
    assert group_joint_cells(plan_of({"lora": changed("lora")}, cells, **where), cells) == []


def test_cells_outside_the_grid_train_alone() -> None:
    cells = [cell("lora", seed) for seed in range(2)]
    plan = plan_of({"lora": changed("lora")}, [])
    assert group_joint_cells(plan, cells) == [], "trials of a search, and cells of the leak test"
