"""Trainings that share their steps: each has the losses and the weights that it has alone."""

from __future__ import annotations

import gc
import json
import weakref
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from small_trainings import CPU, LORA, ROWS, gpt2, llama, llama_with_dropout

from harness.engine.adapters import adapt
from harness.engine.models import share_weights
from harness.engine.tuning import JointSteps, Steps, StepTaken, take_alone, training_steps
from harness.engine.tuning.trainer import DivergedError
from harness.measure import Meter
from harness.types import Strategy, TrainingSummary, TrainSpec


@dataclass(frozen=True)
class Plan:
    """One of several trainings."""

    seed: int
    adapter: dict[str, Any] = field(default_factory=dict)
    recipe: dict[str, Any] = field(default_factory=dict)
    rows: int = len(ROWS)


PLANS = (
    Plan(3),
    Plan(4, {"r": 2, "use_rslora": True}, {"learning_rate": 3e-2, "schedule": "linear"}),
    Plan(5, {"lora_alpha": 1}, {"epochs": 1, "batch_size": 3}, rows=5),
)


def start(
    plan: Plan, model: Any, folder: Any, *, joint: JointSteps | None = None, checkpoint_every: float = 1e9, spoil: bool = False
) -> Steps[TrainingSummary]:
    recipe = {"epochs": 3, "batch_size": 4, "learning_rate": 1e-2, "micro_batch_tokens": 40, "max_grad_norm": 0.1} | plan.recipe
    spec = TrainSpec(**recipe)
    strategy = Strategy(name="s", method="peft", adapter=LORA | plan.adapter, train=spec)
    adapted = adapt(model, strategy, plan.seed)
    if spoil:
        next(each for each in adapted.parameters() if each.requires_grad).data.fill_(float("nan"))
    return training_steps(
        adapted, ROWS[: plan.rows], ROWS[:4], spec, parameters=0, seed=plan.seed, pad_id=0, device=CPU,
        meter=Meter("cpu", "cpu", None), curve=folder / "training.jsonl", checkpoint=folder / "checkpoint",
        checkpoint_every=checkpoint_every, shared_random=None if joint is None else joint.random,
    )  # fmt: skip


def take_together(joint: JointSteps, trainings: dict[Any, Steps[TrainingSummary]], most: int = 1000) -> dict[Any, Any]:
    """Carry out trainings together, at most so many steps of each; returns by training its summary, or why it ended."""
    ended: dict[Any, Any] = {}
    with joint.random.replacing_dropout():
        waiting = {name: next(steps) for name, steps in trainings.items()}
        for _ in range(most):
            if not waiting:
                break
            taken = joint.take(list(waiting.values()))
            names, waiting = list(waiting), {}
            for name, outcome in zip(names, taken, strict=True):
                try:
                    steps = trainings[name]
                    waiting[name] = steps.send(outcome) if isinstance(outcome, StepTaken) else steps.throw(outcome)
                except StopIteration as end:
                    ended[name] = end.value
                except DivergedError as error:
                    ended[name] = error
    return ended


def losses(folder: Any) -> list[float]:
    lines = [json.loads(line) for line in (folder / "training.jsonl").read_text().splitlines()]
    return [line.get("loss", line.get("validation_loss")) for line in lines]


def base(make: Any) -> Any:
    torch.manual_seed(5)
    return make()


def packed_llama() -> Any:
    """With weights in 4 bits, and products that are computed in float32."""
    from bitsandbytes.nn import Linear4bit

    model = llama(hidden_size=64, intermediate_size=64)
    for layer in model.model.layers:
        for name in ("gate_proj", "up_proj", "down_proj"):
            plain = getattr(layer.mlp, name)
            four_bit = Linear4bit(plain.in_features, plain.out_features, False, torch.float32, quant_type="nf4")
            four_bit.load_state_dict(plain.state_dict())
            four_bit.support_avx512bf16_for_cpu = False
            setattr(layer.mlp, name, four_bit.to("cpu"))
    return model.requires_grad_(False)


@pytest.mark.parametrize(("make", "tokens"), [(llama_with_dropout, 20), (gpt2, 1000), (packed_llama, 1000)])
def test_trainings_that_share_steps_have_the_losses_that_they_have_alone(tmp_path, make, tokens):
    plans = [Plan(plan.seed, plan.adapter, plan.recipe | {"micro_batch_tokens": tokens}, plan.rows) for plan in PLANS]
    alone = [take_alone(start(plan, base(make), tmp_path / f"alone-{plan.seed}")) for plan in plans]
    joint, model = JointSteps(), base(make)
    trainings = {plan.seed: start(plan, share_weights(model), tmp_path / f"joint-{plan.seed}", joint=joint) for plan in plans}
    together = take_together(joint, trainings)
    for plan, summary in zip(plans, alone, strict=True):
        here, there = losses(tmp_path / f"alone-{plan.seed}"), losses(tmp_path / f"joint-{plan.seed}")
        assert there == pytest.approx(here, rel=1e-5) and len(here) > 2
        assert len(set(here)) == len(here)
        assert together[plan.seed].best_step == summary.best_step
        assert together[plan.seed].best_validation_loss == pytest.approx(summary.best_validation_loss, rel=1e-5)


def test_a_training_that_diverges_leaves_the_others_as_they_are(tmp_path):
    joint, model = JointSteps(), base(llama)
    trainings = {
        plan.seed: start(plan, share_weights(model), tmp_path / f"joint-{plan.seed}", joint=joint, spoil=plan.seed == 4) for plan in PLANS
    }
    together = take_together(joint, trainings)
    assert isinstance(together[4], DivergedError)
    for plan in (PLANS[0], PLANS[2]):
        take_alone(start(plan, base(llama), tmp_path / f"alone-{plan.seed}"))
        assert losses(tmp_path / f"joint-{plan.seed}") == pytest.approx(losses(tmp_path / f"alone-{plan.seed}"), rel=1e-5)


def test_trainings_that_are_interrupted_continue_each_alone(tmp_path):
    joint, model = JointSteps(), base(llama_with_dropout)
    folders = {plan.seed: tmp_path / str(plan.seed) for plan in PLANS[:2]}
    trainings = {plan.seed: start(plan, share_weights(model), folders[plan.seed], joint=joint, checkpoint_every=0.0) for plan in PLANS[:2]}
    assert not take_together(joint, trainings, most=4)
    for plan in PLANS[:2]:
        trainings[plan.seed].close()
        assert len(list((folders[plan.seed] / "checkpoint").glob("step-*"))) == 1
        resumed = take_alone(start(plan, base(llama_with_dropout), folders[plan.seed]))
        alone = take_alone(start(plan, base(llama_with_dropout), tmp_path / f"alone-{plan.seed}"))
        assert (resumed.trained_together, alone.trained_together) == (2, 1), "some of its costs were shared"
        assert losses(folders[plan.seed]) == pytest.approx(losses(tmp_path / f"alone-{plan.seed}"), rel=1e-5)


def test_smaller_micro_batches_are_taken_when_memory_is_full(tmp_path, monkeypatch):
    from harness.engine.tuning import joint_steps

    read, original = [], joint_steps.completion_loss

    def completion_loss(model: Any, batch: Any, *rest: Any) -> Any:
        if batch.input_ids.numel() > 60:
            raise MemoryError("DefaultCPUAllocator: not enough memory")
        read.append(batch.input_ids.numel())
        return original(model, batch, *rest)

    monkeypatch.setattr(joint_steps, "completion_loss", completion_loss)
    joint, model = JointSteps(), base(llama)
    plans = [Plan(plan.seed, plan.adapter, plan.recipe | {"micro_batch_tokens": 1000}, plan.rows) for plan in PLANS[:2]]
    trainings = {plan.seed: start(plan, share_weights(model), tmp_path / f"joint-{plan.seed}", joint=joint) for plan in plans}
    together = take_together(joint, trainings)
    places = {(summary.memory.step, summary.memory.micro_batch_tokens) for summary in together.values()}
    assert places == {("smaller-micro-batches", 62)}, "each says what was done"
    for plan in plans:
        take_alone(start(plan, base(llama), tmp_path / f"alone-{plan.seed}"))
        assert losses(tmp_path / f"joint-{plan.seed}") == pytest.approx(losses(tmp_path / f"alone-{plan.seed}"), rel=1e-5)


def test_a_training_that_has_ended_is_not_kept_in_memory(tmp_path):
    joint, model = JointSteps(), base(llama)
    ended, longer = share_weights(model), share_weights(model)
    watched = weakref.ref(ended)
    trainings = {
        "ended": start(PLANS[2], ended, tmp_path / "a", joint=joint),
        "longer": start(PLANS[0], longer, tmp_path / "b", joint=joint),
    }
    del ended
    take_together(joint, trainings)
    gc.collect()
    assert watched() is None


@pytest.mark.parametrize("make", [llama, packed_llama])
def test_shared_weights_are_in_memory_once(make):
    model = base(make)
    other = share_weights(model)
    pairs = list(zip(model.parameters(), other.parameters(), strict=True))
    assert all(one is two for one, two in pairs)
    states = [(one.quant_state, two.quant_state) for one, two in pairs if hasattr(one, "quant_state")]
    assert bool(states) == (make is packed_llama) and all(one is two for one, two in states)
    assert all(one is not two for one, two in zip(model.modules(), other.modules(), strict=True))


def test_layers_that_read_tokens_without_examples_are_refused(tmp_path):
    joint, model = JointSteps(), base(llama)
    for layer in model.model.layers:  # as experts of a mixture do
        layer.mlp = Flattened(layer.mlp)
    trainings = {plan.seed: start(plan, share_weights(model), tmp_path / str(plan.seed), joint=joint) for plan in PLANS[:2]}
    with pytest.raises(ValueError, match=r"trainings cannot share the passes of this model: a layer reads \(\d+, 16\) for \d examples"):
        take_together(joint, trainings)
    for steps in trainings.values():
        steps.close()


def test_adapters_on_other_layers_than_linear_ones_are_refused(tmp_path):
    joint, model = JointSteps(), base(llama)
    adapter = {"target_modules": ["q_proj", "embed_tokens"]}  # the embeddings of the first would read the tokens of all
    plans = [Plan(plan.seed, plan.adapter | adapter, plan.recipe) for plan in PLANS[:2]]
    trainings = {plan.seed: start(plan, share_weights(model), tmp_path / str(plan.seed), joint=joint) for plan in plans}
    with pytest.raises(ValueError, match=r"trainings cannot share the passes of this model: .*embed_tokens.* is not of a linear layer"):
        take_together(joint, trainings)
    for steps in trainings.values():
        steps.close()


class Flattened(torch.nn.Module):
    """Reads all tokens as one list."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.inner(x.reshape(-1, x.shape[-1])).view(x.shape)
        return output
