"""What a device or a model cannot do is found before anything is spent, and said with what to do instead."""

import pytest
import torch

from harness.engine.models import Device
from harness.engine.tuning import check_training_device, list_training_problems
from harness.errors import BenchError
from harness.types import Strategy

CPU = Device("cpu", "cpu", "float32")
SIZES = {"vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 24}


def full(**train):
    return Strategy(name="mine", method="full", train=train)


@pytest.fixture(scope="module")
def decoder():
    from transformers import LlamaConfig, LlamaForCausalLM

    with torch.device("meta"):
        return LlamaForCausalLM(LlamaConfig(**SIZES))


@pytest.mark.parametrize(
    ("strategy", "device", "problem"),
    [
        (full(attention="flash"), CPU, r"^strategy 'mine': train\.attention: flash needs an NVIDIA or AMD GPU\. Use sdpa or auto"),
        (full(attention="flash"), Device("cuda", "T4", "float32"), "computes in bfloat16 or float16, not in float32"),
        (full(weights="bfloat16"), Device("cuda", "T4", "float16"), r"train\.weights: bfloat16 .* this GPU does not compute in"),
    ],
)
def test_a_device_that_cannot(strategy, device, problem):
    with pytest.raises(BenchError, match=problem):
        check_training_device(strategy, device)


def test_everything_else_works_on_a_cpu():
    for optimizer in ("adamw_8bit", "paged_adamw_8bit", "adafactor"):
        check_training_device(full(optimizer=optimizer, weights="bfloat16", gradient_checkpointing=True, attention="sdpa"), CPU)
    check_training_device(Strategy(name="base", method="prompt"), CPU)


def test_a_model_that_cannot(decoder):
    prefix = Strategy(name="mine", method="peft", adapter={"peft_type": "PREFIX_TUNING"}, train={"gradient_checkpointing": "on"})
    assert "PREFIX_TUNING passes its trained vectors to the layers" in list_training_problems(decoder, "decoder", prefix)[0]
    decoder.supports_gradient_checkpointing = False
    try:
        (problem,) = list_training_problems(decoder, "decoder", full(gradient_checkpointing="on"))
    finally:
        del decoder.supports_gradient_checkpointing
    assert problem == "strategy 'mine': train.gradient_checkpointing: LlamaForCausalLM does not support it. Use auto or off"
    assert "flash does not work for LlamaForCausalLM" in list_training_problems(decoder, "decoder", full(attention="flash"))[0]
    (problem,) = list_training_problems(decoder, "encoder-decoder", full(completion_only=False))
    assert problem == "strategy 'mine': train.completion_only: false is for decoders, and this model is an encoder-decoder: remove it"
    (problem,) = list_training_problems(decoder, "encoder-decoder", full(loss_on="assistant"))
    assert problem.startswith("strategy 'mine': train.loss_on: assistant is for decoders, and this model is an encoder-decoder")
    (problem,) = list_training_problems(decoder, "encoder", full(objective="dpo"))
    assert problem == "strategy 'mine': train.objective: dpo is for decoders, and this model is an encoder: leave the strategy out"
    assert "trained in float32" in list_training_problems(decoder, "encoder", full(weights="bfloat16"))[0]


def test_a_model_that_can(decoder):
    strategy = full(gradient_checkpointing="on", attention="sdpa", completion_only=False, weights="bfloat16")
    assert list_training_problems(decoder, "decoder", strategy) == []
    assert decoder.config._attn_implementation == "sdpa"


@pytest.mark.parametrize(
    ("method", "adapter", "train", "problem"),
    [
        ("peft", {"peft_type": "LORA"}, {"weights": "bfloat16"}, "trains an adapter, which stays in float32"),
        ("full", {}, {"updates": "compensated"}, "'train.updates: compensated' is for 'train.weights: bfloat16'"),
        ("peft", {"peft_type": "LORA"}, {"updates": "compensated"}, "'train.updates: compensated' is for"),
        ("peft", {"peft_type": "VERA"}, {"lora_plus": 4}, "'train.lora_plus' needs an adapter with 'peft_type: LORA'"),
        ("full", {}, {"lora_plus": 4}, "'train.lora_plus' needs an adapter"),
        ("full", {}, {"optimizer": "sgd"}, "adamw_8bit"),
        ("full", {}, {"neftune": 0}, "greater than 0"),
        ("full", {}, {"beta": 0.2}, "'beta' is for 'objective: dpo': remove it, or set the objective"),
        ("full", {}, {"objective": "dpo", "beta": 0}, "greater than 0"),
        ("full", {}, {"objective": "dpo", "loss_on": "assistant"}, "compares whole answers: remove 'loss_on: assistant'"),
        ("full", {}, {"loss_on": "assistant", "completion_only": False}, "puts the loss on the whole prompt: remove it"),
        ("full", {}, {"max_length": 0}, "greater than or equal to 1"),
    ],
)
def test_a_strategy_that_makes_no_sense(method, adapter, train, problem):
    with pytest.raises(ValueError, match=problem):
        Strategy(name="s", method=method, adapter=adapter, train=train)


def test_yaml_reads_on_and_off_as_true_and_false():
    assert [full(gradient_checkpointing=value).train.gradient_checkpointing for value in (True, False, "auto")] == ["on", "off", "auto"]
