"""The untuned model's loss on general text is measured once for all cells of a run that start from the same model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.api import run
from harness.engine.tuning import general_loss
from harness.types import CellResult, Cost
from tests.in_process import cells_in_process


def train(folder: Path, *strategies: str) -> dict[str, CellResult]:
    with cells_in_process():
        made = run("classification", list(strategies), base=False, limit=8, epochs=1, dtype="float32", runs_dir=folder, reuse=False)
    return {cell.strategy: made.stored.results[cell.id] for cell in made.stored.cells}


def scoring(result: CellResult) -> Cost:
    (cost,) = [cost for cost in result.costs if cost.phase == "score"]
    return cost


def test_each_untuned_model_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In 4 bits it is another model. The weights after training are measured in every cell."""
    measured: list[float | None] = []

    def note(*arguments: Any, **named: Any) -> float | None:
        measured.append(general_loss(*arguments, **named))
        return measured[-1]

    monkeypatch.setattr("harness.grid.execution.cell_training.general_loss", note)
    together = train(tmp_path / "together", "lora", "full", "qlora", "lora:r=4")
    assert len(measured) == 2 + 4
    before = {name: result.general_loss[0] for name, result in together.items() if result.general_loss is not None}
    assert len(before) == 4
    assert before["lora"] == before["full"] == before["lora:r=4"] == measured[0]
    assert before["qlora"] != before["lora"]

    alone = train(tmp_path / "alone", "lora:r=4")["lora:r=4"]
    assert alone.general_loss == together["lora:r=4"].general_loss
    assert scoring(alone).tokens == scoring(together["lora:r=4"]).tokens == scoring(together["lora"]).tokens, "each counts what it needs"
    assert scoring(together["full"]).seconds > 0
