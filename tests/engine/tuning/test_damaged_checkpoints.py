"""A training or a prediction that is resumed does not go on from damaged files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from harness.engine.tuning.checkpoint import Checkpoints
from harness.errors import BenchError
from harness.grid.execution.partial_predictions import PartialPredictions
from harness.measure import Meter
from harness.types import Prediction


@dataclass(frozen=True)
class State:
    step: int


def test_one_flipped_bit_in_a_checkpoint_is_noticed(tmp_path: Path) -> None:
    model = torch.nn.Linear(4, 4)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save_best(3, model)
    checkpoints.save(5, model, optimizer, State(5), State, 3, {})
    loaded = checkpoints.load(model, optimizer, State)
    assert loaded is not None and loaded[0] == State(5)
    for file in sorted(tmp_path.rglob("*.*")):
        if file.is_dir():
            continue
        intact = file.read_bytes()
        file.write_bytes(intact[:-2] + bytes([intact[-2] ^ 1]) + intact[-1:])
        with pytest.raises(BenchError, match=r"step-000005: is damaged \(.*\)\. Delete it to train from the start\.$"):
            checkpoints.load(model, optimizer, State)
        file.write_bytes(intact)
    (tmp_path / "best-000003.safetensors").unlink()
    with pytest.raises(BenchError, match="is missing"):
        checkpoints.load(model, optimizer, State)


def test_damaged_prediction_is_made_again(tmp_path: Path) -> None:
    meter = Meter("cpu", "cpu", None)
    PartialPredictions(tmp_path).append([Prediction(f"row-{i}", "not urgent") for i in range(3)], meter)
    file = tmp_path / "predictions.txt"
    file.write_text(file.read_text().replace("not urgent", "now urgent", 1))
    assert list(PartialPredictions(tmp_path).read(meter)) == ["row-1", "row-2"]
