"""A training or a prediction that is resumed does not go on from damaged files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from harness.engine.tuning.checkpoint import Checkpoints
from harness.errors import BenchError
from harness.grid.execution.job import Job
from harness.grid.execution.memory_place import at_stored_place, save_place
from harness.grid.execution.partial_predictions import PartialPredictions
from harness.measure import Meter
from harness.store import CellFolder
from harness.types import Cost, LadderPlace, Prediction


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
    PartialPredictions(tmp_path).append([Prediction(f"row-{i}", "not urgent") for i in range(3)], meter.costs())
    file = tmp_path / "predictions.txt"
    file.write_text(file.read_text().replace("not urgent", "now urgent", 1))
    assert list(PartialPredictions(tmp_path).read(meter)) == ["row-1", "row-2"]


@pytest.mark.parametrize("damage", [lambda content: content.replace(b"0.5", b"0.6"), lambda content: content[:-9], lambda content: b""])
def test_damaged_costs_of_stored_predictions_are_not_counted(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    meter = Meter("cpu", "cpu", None)
    meter.add([Cost("predict", 0.5, "cpu")])
    PartialPredictions(tmp_path).append([Prediction("row-0", "not urgent")], meter.costs())
    file = tmp_path / "predicting.json"
    again = Meter("cpu", "cpu", None)
    PartialPredictions(tmp_path).read(again)
    assert [cost.seconds for cost in again.costs()] == [0.5]
    content = file.read_bytes()
    assert damage(content) != content
    file.write_bytes(damage(content))
    with pytest.raises(BenchError, match=r"predicting\.json: is damaged: .* Delete the file to resume without the costs in it"):
        PartialPredictions(tmp_path).read(Meter("cpu", "cpu", None))


@pytest.mark.parametrize("damage", [lambda content: content.replace(b"16", b"61"), lambda content: content[:-9], lambda content: b"[]"])
def test_a_damaged_place_on_the_memory_ladder_is_an_error(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    files, place = CellFolder(tmp_path), LadderPlace("smaller-micro-batches", 16)
    job = Job("run", "c", "model", {"kind": "cpu", "name": "CPU"}, "cache", 30.0)
    save_place(files, replace(job, place=place))
    assert at_stored_place(job, files).place == place
    assert at_stored_place(replace(job, device={"kind": "cpu", "name": "another"}), files).place == LadderPlace()
    file = files.checkpoint / "memory.json"
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(BenchError, match=r"memory\.json: .* Delete the file: the training then begins as planned"):
        at_stored_place(job, files)
