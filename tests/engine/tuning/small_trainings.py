"""Trainings of small random models of several architectures, with dropout, in this process."""

import json

import torch

from harness.engine.adapters import adapt
from harness.engine.models import Device
from harness.engine.tuning import EncodedExample, train
from harness.measure import Meter
from harness.types import AS_PLANNED, Strategy, TrainSpec

CPU = Device("cpu", "cpu", "float32")
LORA = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "lora_dropout": 0.2, "target_modules": "all-linear"}
SMALL = {"vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}


def llama(**changes):
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(LlamaConfig(**SMALL | changes, num_key_value_heads=1, max_position_embeddings=64))


def llama_with_dropout():
    return llama(attention_dropout=0.3)


def gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    drops = {"resid_pdrop": 0.1, "embd_pdrop": 0.1, "attn_pdrop": 0.1}
    return GPT2LMHeadModel(GPT2Config(vocab_size=60, n_positions=64, n_embd=16, n_layer=2, n_head=2, **drops))


def t5():
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(vocab_size=60, d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, dropout_rate=0.1, decoder_start_token_id=0)
    return T5ForConditionalGeneration(config)


def bert():
    from transformers import BertConfig, BertForSequenceClassification

    return BertForSequenceClassification(BertConfig(**SMALL, max_position_embeddings=64, num_labels=3))


SHAPES = {t5: "encoder-decoder", bert: "encoder"}
ROWS = [
    EncodedExample(tuple(3 + (i * k) % 50 for k in range(1, 4 + i % 5)), tuple(5 + (i + k) % 40 for k in range(2 + i % 3)), size=i)
    for i in range(8)
]
LABELLED = [EncodedExample(row.prompt, (i % 3,), size=i, labelled=True) for i, row in enumerate(ROWS)]


def train_small(
    folder,
    make=llama,
    *,
    adapter=None,
    stop_at=None,
    checkpoint_every=1e9,
    rows=None,
    prepare=lambda model: None,
    place=AS_PLANNED,
    **recipe,
):
    """Train a small random model, 4 steps; returns it with its summary and the losses of its steps and validations."""
    spec = TrainSpec(**{"epochs": 2, "batch_size": 4, "learning_rate": 1e-2, "micro_batch_tokens": 1000} | recipe)
    strategy = Strategy(name="s", method="peft" if adapter else "full", adapter=adapter or {}, train=spec)
    torch.manual_seed(5)
    model = make()
    if spec.weights == "bfloat16":
        model.to(torch.bfloat16)
    shape = SHAPES.get(make, "decoder")
    model = adapt(model, strategy, 3, shape=shape)
    prepare(model)
    rows = rows or (LABELLED if shape == "encoder" else ROWS)

    def progress(now):
        if now.step == stop_at:
            raise KeyboardInterrupt

    summary = train(
        model, rows, rows[:4], spec, parameters=0, seed=3, pad_id=0, device=CPU, shape=shape, meter=Meter("cpu", "cpu", None),
        curve=folder / "training.jsonl", checkpoint=folder / "checkpoint", progress=progress, checkpoint_every=checkpoint_every,
        place=place,
    )  # fmt: skip
    lines = [json.loads(line) for line in (folder / "training.jsonl").read_text().splitlines()]
    return model, summary, [line["loss"] if "loss" in line else line["validation_loss"] for line in lines]
