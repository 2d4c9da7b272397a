"""The untuned model's loss on general text, which one cell measures for all that train the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.api import Run, run
from harness.engine.tuning import general_loss
from tests.grid.execution.test_search_run import write_task
from tests.in_process import cells_in_process

SHORT = "epochs=1,learning_rate=1e-2,batch_size=8"


def losses(made: Run) -> list[tuple[float, float]]:
    found = [made.stored.results[cell.id].general_loss for cell in made.stored.cells]
    assert all(found)
    return found  # type: ignore[return-value]


@pytest.mark.parametrize(("dtype", "bases"), [("float32", 2), ("bfloat16", 3)])
def test_each_base_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str, bases: int) -> None:
    """Full fine-tuning starts from weights in float32, LoRA from those in the run's number format, and QLoRA from those in 4 bits."""
    measured: list[float | None] = []

    def measure(*args: Any, **options: Any) -> float | None:
        measured.append(general_loss(*args, **options))
        return measured[-1]

    monkeypatch.setattr("harness.grid.execution.cell_training.general_loss", measure)
    write_task(tmp_path)
    asked: dict[str, Any] = {"model": str(tmp_path / "model"), "dtype": dtype, "base": False, "reuse": False, "serving_seconds": 0}
    strategies = [f"lora:{SHORT}", f"full:{SHORT}", f"qlora:{SHORT}"]
    with cells_in_process():
        made = run([str(tmp_path / "letters.yaml")], strategies, runs_dir=tmp_path / "runs", seeds=2, **asked)
        together = list(measured)
        alone = [run([str(tmp_path / "letters.yaml")], each, runs_dir=tmp_path / "alone", **asked) for each in strategies]
    assert len(together) == bases + len(made.stored.cells), "every cell measures the weights that it has trained"
    for first, second, expected in zip(losses(made)[::2], losses(made)[1::2], [losses(each)[0] for each in alone], strict=True):
        assert first == pytest.approx(expected)
        assert second[0] == first[0]
