"""AdaLoRA's part of a training: the penalty is PEFT's, ranks are removed as planned, and what is stored is what was kept."""

import json

import pytest
import torch

from harness.engine.adapters import adapt, check_adapter, load_adapter, save_artifact
from harness.engine.adapters.adalora import RankAllocation
from harness.engine.models import load_model
from harness.engine.tuning.batches import collate
from harness.engine.tuning.loss import completion_loss
from harness.errors import BenchError
from harness.types import QuantizationSpec, Strategy

ADAPTER = {"peft_type": "ADALORA", "init_r": 6, "target_r": 3, "target_modules": "all-linear"}


def strategy(**fields):
    return Strategy(name="mine", method="peft", adapter=ADAPTER | fields, train={})


def ranks(model):
    """How many singular values of each layer are not 0."""
    return [int((p != 0).sum()) for name, p in model.named_parameters() if "lora_E" in name]


def test_penalty_equals_the_one_that_peft_adds_to_its_loss(loaded, rows):
    model = adapt(loaded.model, strategy(orth_reg_weight=0.7), 0, steps=10)
    allocation = RankAllocation.of(model)
    batch = collate(rows[:1], 0, "cpu")
    with torch.no_grad():
        model.eval()
        labels = torch.where(torch.arange(batch.input_ids.shape[1]) >= len(rows[0].prompt), batch.input_ids, -100)
        theirs = model(input_ids=batch.input_ids, labels=labels).loss
        ours = completion_loss(model, batch) / len(rows[0].target) + allocation.penalty()
    assert allocation.penalty() > 0.1
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_penalty_is_minimized_but_not_part_of_the_reported_loss(train_on, tmp_path):
    """With a weight that drowns the task, the factors become orthogonal while the reported loss stays that of the task."""
    model, _ = train_on(adapter=ADAPTER | {"orth_reg_weight": 100.0}, epochs=4, learning_rate=0.02)
    lines = [json.loads(line) for line in (tmp_path / "a" / "training.jsonl").read_text().splitlines()]
    assert all(line["loss"] < 10 for line in lines if "loss" in line)
    assert RankAllocation.of(model).penalty() < 100 * 0.75  # factors that are drawn anew have about 2


def test_least_important_ranks_are_removed_down_to_the_budget(train_on):
    model, summary = train_on(adapter=ADAPTER, epochs=4, validation=False)
    assert summary.steps == 20
    left = ranks(model)
    assert sum(left) == 3 * len(left), "the budget is the target rank of a layer on average"
    assert len(set(left)) > 1, "some layers keep more than others"


@pytest.mark.parametrize("stop", [3, 9, 14])
def test_interruption_in_any_phase_does_not_change_the_result(train_on, stop):
    recipe = {"adapter": ADAPTER | {"lora_dropout": 0.1}, "validation": False}
    whole, _ = train_on("whole", **recipe)
    with pytest.raises(KeyboardInterrupt):
        train_on("broken", stop_at=stop, checkpoint_every=0.0, **recipe)
    resumed, _ = train_on("broken", **recipe)
    ours, theirs = ({n: p for n, p in m.named_parameters() if "lora_" in n} for m in (whole, resumed))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("quantization", [None, QuantizationSpec()], ids=["float32", "four-bit"])
def test_best_weights_older_than_the_last_removal_are_stored_correctly(tiny, device, rows, tmp_path, quantization):
    """The best validation may come before ranks are cut: the pattern stored is that of the weights, not the newest."""
    loaded = load_model(tiny, device, quantization=quantization)
    model = adapt(loaded.model, strategy(), 0, steps=10)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "lora_E" in name:
                p.copy_(torch.randn(p.shape, generator=generator))
        next(p for name, p in model.named_parameters() if "lora_E" in name).zero_()  # a layer without any rank left
    model.peft_config["default"].rank_pattern = {n: [True, *[False] * 5] for n, _ in loaded.model.named_parameters() if "lora_E" in n}
    RankAllocation.of(model).settle()
    model.eval()
    batch = collate(rows[:4], 0, "cpu")
    save_artifact(model, loaded.tokenizer, tmp_path, origin="tiny", revision=None)
    again = load_adapter(load_model(tiny, device, quantization=quantization).model, tmp_path)
    with torch.no_grad():
        assert torch.equal(completion_loss(again, batch), completion_loss(model, batch))
    assert ranks(again) == ranks(model)
    assert ranks(again)[0] == 0 and ranks(again)[1] == 6


def test_phases_depend_on_the_number_of_steps(loaded):
    config = adapt(loaded.model, strategy(), 0, steps=50).peft_config["default"]
    assert (config.total_step, config.tinit, config.tfinal) == (50, 5, 25)


@pytest.mark.parametrize(
    ("fields", "steps", "message"),
    [
        ({"tinit": 8, "tfinal": 4}, 12, "tinit 8 and tfinal 4 leave no step to remove ranks in a training of 12 steps"),
        ({"tfinal": 12}, 12, "tinit 1 and tfinal 12 leave no step"),
        ({}, 1, "in a training of 1 steps"),
    ],
)
def test_training_too_short_to_remove_ranks_is_refused(loaded, fields, steps, message):
    with pytest.raises(BenchError, match=message):
        adapt(loaded.model, strategy(**fields), 0, steps=steps)


@pytest.mark.parametrize("steps", [2, 3, 4, 7])
def test_shortest_possible_trainings_work(train_on, steps):
    _, summary = train_on(adapter=ADAPTER, epochs=steps / 5)
    assert summary.steps == steps


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"target_r": 6}, r"adapter\.target_r: must be below init_r \(6\), not 6"),
        ({"total_step": 100}, r"adapter\.total_step: bench sets this field"),
        ({"tinit": -1}, r"adapter\.tinit: must be a whole number of 0 or more, not -1"),
        ({"tfinal": "many"}, r"adapter\.tfinal: must be a valid integer.*, not 'many'"),
        ({"orth_reg_weight": -1.0}, "orth_reg_weight"),
        ({"beta1": 2.0}, r"adapter\.beta1: must be a number between 0 and 1, not 2\.0"),
    ],
)
def test_invalid_values_are_refused_before_anything_starts(fields, message):
    with pytest.raises(BenchError, match=message):
        check_adapter(strategy(**fields))


def test_long_first_phase_is_accepted_while_the_steps_are_unknown():
    check_adapter(strategy(tinit=5000, tfinal=5000))
