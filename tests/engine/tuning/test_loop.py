"""The training loop: it learns, repeats, resumes, keeps the best weights, and notices trouble."""

import json

import pytest
import torch

from harness.engine.tuning import DivergedError, TrainingPart
from harness.engine.tuning.training_state import overfits


def weights(model):
    return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def curve(tmp_path, folder):
    lines = [json.loads(line) for line in (tmp_path / folder / "training.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k != "tokens_per_second"} for line in lines]


def test_training_learns_and_keeps_the_best_validation(train_on, tmp_path):
    _, summary = train_on()
    losses = [line["loss"] for line in curve(tmp_path, "a") if "loss" in line]
    validations = {line["step"]: line["validation_loss"] for line in curve(tmp_path, "a") if "validation_loss" in line}
    assert len(losses) == summary.steps == 15
    assert losses[-1] < losses[0] / 2
    assert summary.best_validation_loss == min(validations.values()) == validations[summary.best_step]
    assert summary.final_validation_loss == validations[15]


@pytest.mark.parametrize("adapter", [None, {"peft_type": "LORA", "r": 4, "lora_dropout": 0.1, "target_modules": "all-linear"}])
def test_interrupted_and_resumed_training_equals_an_uninterrupted_one(train_on, tmp_path, adapter):
    recipe = {"adapter": adapter, "learning_rate": 1e-3}
    undisturbed, summary = train_on("whole", **recipe)
    for stop in (4, 11):  # a checkpoint after every step; each attempt goes a little further
        with pytest.raises(KeyboardInterrupt):
            train_on("broken", stop_at=stop, checkpoint_every=0.0, **recipe)
    model, again = train_on("broken", checkpoint_every=0.0, **recipe)
    assert same(weights(undisturbed), weights(model))
    assert again == summary
    assert curve(tmp_path, "broken") == curve(tmp_path, "whole")


def test_steps_after_the_last_checkpoint_are_repeated(train_on, tmp_path):
    undisturbed, _ = train_on("whole")
    with pytest.raises(KeyboardInterrupt):
        train_on("broken", stop_at=8, checkpoint_every=1e9)  # killed before there was any checkpoint
    model, _ = train_on("broken")
    assert same(weights(undisturbed), weights(model))
    assert curve(tmp_path, "broken") == curve(tmp_path, "whole")


def test_seed_determines_the_weights(train_on):
    first, _ = train_on("a")
    second, _ = train_on("b")
    other, _ = train_on("c", seed=4)
    assert same(weights(first), weights(second))
    assert not same(weights(first), weights(other))


def test_micro_batches_change_only_rounding(train_on, tmp_path):
    recipe = {"adapter": {"peft_type": "LORA", "r": 4, "lora_dropout": 0.1, "target_modules": "all-linear"}, "epochs": 1}
    for folder, budget in (("small", 1), ("large", 100_000)):
        train_on(folder, micro_batch_tokens=budget, **recipe)
    for small, large in zip(curve(tmp_path, "small"), curve(tmp_path, "large"), strict=True):
        assert small == pytest.approx(large, rel=1e-3)


def test_early_stopping_is_reported(train_on):
    model, summary = train_on(epochs=20, learning_rate=0.05, patience=2, schedule="constant")
    assert summary.stopped_early
    assert summary.steps < 100
    assert summary.best_step < summary.steps
    assert summary.best_validation_loss < summary.final_validation_loss
    assert model.training is False


def test_overfitting_needs_both_curves():
    assert overfits([2.0, 1.0, 0.5], [2.0, 1.5, 1.8])
    assert not overfits([2.0, 1.0, 1.2], [2.0, 1.5, 1.8]), "training did not fall: something else is wrong"
    assert not overfits([2.0, 1.0, 0.5], [2.0, 1.5, 1.51]), "within 1%"
    assert not overfits([2.0], [2.0])


def test_last_weights_are_kept_without_validation_examples(train_on):
    _, summary = train_on(validation=False)
    assert summary.best_step == summary.steps == 15
    assert summary.best_validation_loss is None


def test_nan_loss_ends_the_training(train_on):
    with pytest.raises(DivergedError, match="the loss became nan"):
        train_on(spoil=True)


def test_training_for_a_fraction_of_an_epoch(train_on):
    _, summary = train_on(epochs=0.6)
    assert summary.steps == 3
    assert summary.epochs == 0.6


SHARES = (0.25, 0.5, 1.0)


@pytest.mark.parametrize("cooldown", [0.0, 0.5])
@pytest.mark.parametrize("adapter", [None, {"peft_type": "LORA", "r": 4, "lora_dropout": 0.1, "target_modules": "all-linear"}])
def test_a_training_in_parts_equals_one_in_one_go(train_on, tmp_path, adapter, cooldown):
    """Both validate at the end of each part; a part may be interrupted, too. The steps of a cooldown are thrown away."""
    recipe = {"adapter": adapter, "learning_rate": 1e-3}
    ends = TrainingPart.of(SHARES, 2, 15).ends
    whole, summary = train_on("whole", part=TrainingPart(0, 15, ends), **recipe)
    for rung in range(3):
        part = TrainingPart.of(SHARES, rung, 15, cooldown)
        if rung == 1:
            with pytest.raises(KeyboardInterrupt):
                train_on("parts", stop_at=6, checkpoint_every=0.0, part=part, **recipe)
        model, last = train_on("parts", part=part, **recipe)
        assert last.steps == part.end
    assert same(weights(whole), weights(model))
    assert last == summary
    assert curve(tmp_path, "parts") == curve(tmp_path, "whole")


def test_a_training_that_has_stopped_early_stays_stopped_in_its_next_part(train_on):
    recipe = {"learning_rate": 0.9, "patience": 1, "validations_per_epoch": 3}
    _, first = train_on(part=TrainingPart.of(SHARES, 1, 15), **recipe)
    assert first.stopped_early and first.steps < 8
    _, second = train_on(part=TrainingPart.of(SHARES, 2, 15), **recipe)
    assert second == first


@pytest.mark.parametrize(("steps", "ends"), [(15, [4, 8, 15]), (1, [1, 1, 1]), (2, [1, 1, 2]), (1000, [250, 500, 1000])])
def test_the_parts_of_short_and_long_trainings(steps, ends):
    parts = [TrainingPart.of(SHARES, rung, steps) for rung in range(3)]
    assert [part.end for part in parts] == ends and [part.begin for part in parts] == [0, *ends[:2]]


def test_a_cooldown_shows_what_a_high_rate_is_worth(train_on):
    """Its steps are measured, in the loss and in the weights that remain in memory."""
    recipe = {"learning_rate": 0.03, "validations_per_epoch": 1, "schedule": "constant"}
    part = TrainingPart.of(SHARES, 1, 15, 0.5)
    assert part.cooldown == 4 and TrainingPart.of(SHARES, 2, 15, 0.5).cooldown == 0
    plain, hot = train_on("hot", part=TrainingPart.of(SHARES, 1, 15), **recipe)
    cooled_model, cooled = train_on("cooled", part=part, **recipe)
    assert cooled.best_validation_loss < hot.best_validation_loss and cooled.steps == hot.steps == 8
    assert not same(weights(plain), weights(cooled_model))
