"""What changes the result changes the id of a cell; what only changes memory and speed does not, so that finished cells are reused."""

from pathlib import Path

import pytest

from harness.engine.models import Device, ModelSource
from harness.grid.planning.cell_identity import model_cell
from harness.types import MEMORY_FIELDS, DataReport, DataSpec, Splits, Strategy, Task, TrainSpec

TASK = Task(name="t", kind="generation", prompt="{{ input }}", data=DataSpec(source="x"), metrics=("rouge",), primary="rougeL")
OTHER = {
    "epochs": 1, "batch_size": 2, "micro_batch_tokens": 100, "max_length": 100, "completion_only": False, "learning_rate": 0.1,
    "loss_on": "assistant",
    "lora_plus": 4, "schedule": "linear", "warmup": 0.5, "optimizer": "adafactor", "weight_decay": 0.5, "max_grad_norm": 2,
    "objective": "dpo", "neftune": 5, "gradient_checkpointing": "on", "attention": "sdpa", "compilation": "on",
    "validations_per_epoch": 1, "patience": 1,
}  # fmt: skip


def cell_id(method="peft", **train):
    strategy = Strategy(name="s", method=method, adapter={"peft_type": "LORA"} if method == "peft" else {}, train=train)
    source = ModelSource("m", "m", Path("m"), "digest")
    return model_cell(
        TASK, strategy, Splits((), (), (), DataReport("made", {}, {}), "digest"), source, Device("cpu", "cpu", "float32"), 8, 0
    ).id


def test_every_field_of_a_recipe_is_considered():
    assert OTHER.keys() | {"weights", "updates", "beta"} == TrainSpec.model_fields.keys()


@pytest.mark.parametrize("field", OTHER)
def test_an_id_changes_with_what_changes_the_result(field):
    assert (cell_id(**{field: OTHER[field]}) == cell_id()) is (field in MEMORY_FIELDS)


def test_the_strength_of_preferences_changes_the_id():
    assert cell_id(objective="dpo", beta=0.5) != cell_id(objective="dpo")


def test_the_format_of_weights_changes_the_id():
    narrow = cell_id("full", weights="bfloat16")
    assert len({cell_id("full"), narrow, cell_id("full", weights="bfloat16", updates="compensated")}) == 3
