"""Two GPUs of the same kind: in QLoRA, both hold half of the 4-bit base, and the losses are those of one GPU. To answer, both hold half of
the layers, and the answers are those of one GPU.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import run
from harness.grid.execution.cell_group import answer_in_group
from harness.grid.execution.job import Event, Job
from harness.grid.execution.system_limits import free_device_memory
from harness.store import CellFolder, RunFolder, from_json_text
from harness.types import Cost, Prediction
from tests.grid.execution.test_several_devices import Watcher
from tests.in_process import cells_in_process
from tests.tiny_models import save_model

pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("own_cache")]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of 0.9 billion random weights: large enough that they, and not the libraries, fill the memory."""
    import torch

    if torch.cuda.device_count() < 2:
        pytest.skip("needs two GPUs")
    sizes = {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 14, "num_attention_heads": 16, "num_key_value_heads": 16}
    return save_model(tmp_path_factory.mktemp("large"), "llama", spread=0.02, max_position_embeddings=2048, **sizes)


def test_two_gpus_share_a_four_bit_base(large: Path, tmp_path: Path) -> None:
    losses, memory, prices = {}, {}, {}
    for devices in (1, 2):
        done = run(
            "classification", ["qlora:lora_dropout=0"], model=large, limit=24, epochs=1, dtype="float32", price=1.0, base=False,
            reuse=False, runs_dir=tmp_path / str(devices), devices_per_cell=devices, listener=Watcher(lambda step: None),
        )  # fmt: skip
        (cell,) = done.cells
        files = RunFolder(done.path).cell(cell.id)
        result = files.result()
        assert result.status == "done", (result.error, files.log.read_text())
        losses[devices] = [line["loss"] for line in files.training_curve() if "loss" in line]
        (train,) = (cost for cost in result.costs if cost.phase == "train")
        memory[devices] = train.peak_allocated
        prices[devices] = train.price / train.seconds
    assert losses[2] == pytest.approx(losses[1], rel=1e-3)  # kernels add in another order for another size of micro-batch
    assert prices[2] == pytest.approx(2 * prices[1])
    # 0.94 billion weights of linear layers in 4 bits take 470 MB, of which the second GPU takes half; the rest is the same on both.
    assert memory[1] - memory[2] > 150e6


def test_two_gpus_answer_with_half_of_the_layers_each(large: Path, tmp_path: Path) -> None:
    jobs: list[Job] = []
    with cells_in_process(jobs.extend):
        done = run("classification", "base", model=large, limit=24, dtype="float32", runs_dir=tmp_path / "runs")
    free_device_memory()
    (cell,) = done.cells
    files = RunFolder(done.path).cell(cell.id)
    answers: dict[str, str] = {}

    def receive(event: Event) -> None:
        if event["event"] == "answers":
            predictions = [from_json_text(Prediction, each) for each in event["answers"]]
            answers.update({each.example_id: each.output for each in predictions})

    finished = answer_in_group(jobs[0].with_processes(2), CellFolder(tmp_path / "parts"), receive)
    assert answers == {each.example_id: each.output for each in files.predictions()}
    costs = [from_json_text(Cost, each) for each in finished["costs"]]
    whole, part = (next(cost.peak_allocated for cost in each if cost.phase == "predict") for each in (files.result().costs, costs))
    # 0.94 billion weights of layers in float32 take 3.8 GB, of which each GPU holds half.
    assert whole is not None and part is not None and whole - part > 1.5e9
