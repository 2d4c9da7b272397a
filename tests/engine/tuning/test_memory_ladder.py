"""A training that does not fit takes the next step of the memory ladder, with the same result, and says what that cost."""

import pytest
import torch

from harness.engine.models import offload_layers
from harness.engine.tuning.memory_ladder import can_checkpoint, later, list_restarts
from harness.engine.tuning.staged_optimizer import StagedOptimizer
from harness.types import MEMORY_STEPS, LadderPlace, Strategy, TrainSpec
from tests.engine.tuning.small_trainings import LORA, gpt2, llama, train_small

CHECKPOINTED = 4  # how many times more tokens the device below can hold without the activations of layers


class SmallDevice:
    """A device with memory for so many tokens at once; `shrinks_after` batches, for half of them."""

    def __init__(self, tokens, shrinks_after=1e9):
        self.tokens, self.shrinks_after = tokens, shrinks_after
        self.batches, self.failures = 0, 0

    def use(self, monkeypatch):
        from harness.engine.tuning import trainer

        compute = trainer.batch_loss

        def compute_if_it_fits(model, examples, *arguments):
            self.batches += model.training
            limit = self.tokens / 2 if self.batches > self.shrinks_after else self.tokens
            if any(getattr(module, "gradient_checkpointing", False) for module in model.modules()):
                limit *= CHECKPOINTED
            if model.training and len(examples) * max(example.length for example in examples) > limit:
                self.failures += 1
                raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            return compute(model, examples, *arguments)

        monkeypatch.setattr(trainer, "batch_loss", compute_if_it_fits)
        return self


@pytest.mark.parametrize(("tokens", "step"), [(1000, "as-planned"), (20, "smaller-micro-batches"), (8, "gradient-checkpointing")])
@pytest.mark.parametrize("make", [llama, gpt2])
def test_the_first_step_that_fits_is_taken_and_changes_no_loss(tmp_path, monkeypatch, make, tokens, step):
    _, _, plenty = train_small(tmp_path / "plenty", make)
    device = SmallDevice(tokens).use(monkeypatch)
    model, summary, losses = train_small(tmp_path / "small", make)
    assert summary.memory.step == step
    assert losses == pytest.approx(plenty, abs=1e-5)
    assert summary.memory.micro_batch_tokens <= tokens * (CHECKPOINTED if step == "gradient-checkpointing" else 1)
    assert bool(device.failures) is (step != "as-planned")
    assert not any(getattr(module, "gradient_checkpointing", False) for module in model.modules())


def test_the_speed_as_planned_is_known_if_memory_ran_out_later(tmp_path, monkeypatch):
    SmallDevice(70, shrinks_after=2).use(monkeypatch)
    _, late, _ = train_small(tmp_path / "late")
    assert late.memory.step == "smaller-micro-batches"
    assert late.memory.tokens_per_second > 0 and late.memory.tokens_per_second_before > 0
    SmallDevice(20).use(monkeypatch)
    _, early, _ = train_small(tmp_path / "early")
    assert early.memory.tokens_per_second > 0 and early.memory.tokens_per_second_before is None


def test_memory_that_is_too_small_for_one_example_is_an_error(tmp_path, monkeypatch):
    SmallDevice(2).use(monkeypatch)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        train_small(tmp_path / "a")
    SmallDevice(8).use(monkeypatch)
    with pytest.raises(torch.cuda.OutOfMemoryError):  # the strategy forbids the step with which it would fit
        train_small(tmp_path / "b", gradient_checkpointing="off")


def test_a_plan_may_begin_with_a_later_step(tmp_path, monkeypatch):
    device = SmallDevice(8).use(monkeypatch)
    _, summary, _ = train_small(tmp_path, epochs=1, place=LadderPlace("gradient-checkpointing"), micro_batch_tokens=32)
    assert device.failures == 0
    assert (summary.memory.step, summary.memory.micro_batch_tokens) == ("gradient-checkpointing", 32)


@pytest.mark.parametrize("optimizer", ["adamw", "adafactor"])
def test_states_on_the_cpu_change_nothing_and_a_training_resumes_with_them_there(tmp_path, monkeypatch, optimizer):
    made, settle = [], StagedOptimizer.settle
    monkeypatch.setattr(StagedOptimizer, "settle", lambda self, *arguments: (made.append(self), settle(self, *arguments)))
    _, _, whole = train_small(tmp_path / "whole", optimizer=optimizer)
    assert not made
    with pytest.raises(KeyboardInterrupt):
        train_small(tmp_path / "moved", optimizer=optimizer, stop_at=2, checkpoint_every=0.0)
    _, summary, losses = train_small(tmp_path / "moved", optimizer=optimizer, place=LadderPlace("offloaded-optimizer"))
    assert losses == pytest.approx(whole, abs=1e-5)
    assert summary.memory.step == "offloaded-optimizer" and made
    assert not any(stand_in.numel() for _, stand_in in made[0]._inner.values()), "copies are freed"


def test_weights_that_visit_the_device_change_nothing(tmp_path):
    stored, seen = {}, []

    def offloaded():
        model = llama()
        held = offload_layers(model, "cpu")
        stored.update({name: p for name, p in model.named_parameters() if "layers" in name and p.ndim == 2})
        assert held == 4 * sum(p.numel() for p in stored.values())
        model.model.layers[1].mlp.up_proj.register_forward_hook(lambda module, *_: seen.append(module.weight), prepend=True)
        return model

    _, _, whole = train_small(tmp_path / "whole", adapter=LORA)
    model, summary, losses = train_small(tmp_path / "visiting", offloaded, adapter=LORA, place=LadderPlace("offloaded-weights"))
    assert losses == pytest.approx(whole, abs=1e-5)
    assert summary.memory.step == "offloaded-weights"
    ours = stored["model.layers.1.mlp.up_proj.weight"]
    assert seen and all(weight is not ours and torch.equal(weight, ours) for weight in seen)
    after = [p for name, p in model.named_parameters() if name.endswith("layers.1.mlp.up_proj.base_layer.weight")]
    assert after == [ours]
    with torch.no_grad():
        assert model(input_ids=torch.tensor([[1, 2, 3]])).logits.isfinite().all()


def strategy(adapter=None, quantization=None, **train):
    return Strategy(name="s", method="peft" if adapter else "full", adapter=adapter or {}, quantization=quantization, train=train)


def test_which_steps_need_a_new_start():
    both = ["offloaded-optimizer", "offloaded-weights"]
    assert list_restarts(strategy(LORA), "cuda") == both
    assert list_restarts(strategy(LORA | {"use_dora": True}), "cuda") == both[:1], "DoRA reads weights outside of their layer"
    assert list_restarts(strategy(LORA, {"type": "nf4"}), "cuda") == both[:1]
    assert list_restarts(strategy(), "cuda") == both[:1], "weights that are trained cannot stay away"
    assert list_restarts(strategy(optimizer="paged_adamw_8bit"), "cuda") == []
    assert not list_restarts(strategy(LORA), "cpu")
    assert not list_restarts(Strategy(name="base", method="prompt"), "cuda")


def test_the_order_of_steps():
    assert [later("gradient-checkpointing", step) for step in MEMORY_STEPS[:4]] == ["gradient-checkpointing"] * 3 + ["offloaded-optimizer"]
    assert can_checkpoint(TrainSpec(), llama()) and not can_checkpoint(TrainSpec(gradient_checkpointing="off"), llama())
