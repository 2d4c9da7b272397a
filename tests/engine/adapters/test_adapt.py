"""A strategy applied to a model: what is trained, what is stored, what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

from harness.catalog import shipped_folder
from harness.engine.adapters import adapt, check_adapter, load_adapter, save_artifact, trainable_parameters
from harness.engine.models import load_model
from harness.engine.tuning.batches import collate
from harness.engine.tuning.loss import completion_loss
from harness.errors import BenchError
from harness.types import Strategy

SHIPPED = [Strategy.model_validate(yaml.safe_load(f.read_text())) for f in sorted(Path(shipped_folder("strategies")).glob("*.yaml"))]
TRAINING = [s for s in SHIPPED if s.train is not None]


def peft(**adapter):
    return Strategy(name="mine", method="peft", adapter={"peft_type": "LORA"} | adapter, train={})


@pytest.mark.parametrize("strategy", TRAINING, ids=lambda s: s.name)
def test_every_shipped_strategy_learns_and_survives_storing(strategy, tiny, device, rows, tmp_path):
    full = strategy.method == "full"
    loaded = load_model(tiny, device, full_precision=full, quantization=strategy.quantization)
    batch = collate(rows[:4], loaded.tokenizer.pad_token_id, "cpu")
    model = adapt(loaded.model, strategy, 0).eval()
    with torch.no_grad():
        before = completion_loss(model, batch)
    rate = strategy.train.learning_rate_for(loaded.parameters) / 4
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=rate)
    model.train()
    for _ in range(3):
        completion_loss(model, batch).backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval()
    with torch.no_grad():
        after = completion_loss(model, batch)
    assert after < before
    assert (trainable_parameters(model) == loaded.parameters) == full
    assert save_artifact(model, loaded.tokenizer, tmp_path / "artifact", origin="org/model", revision="abc") > 0
    suffixes = {f.suffix for f in (tmp_path / "artifact").rglob("*") if f.is_file()}
    assert ".safetensors" in suffixes
    assert not suffixes & {".bin", ".pt", ".pth", ".pkl"}
    written = "".join(f.read_text() for f in (tmp_path / "artifact").glob("*.json"))
    assert str(tiny.folder) not in written, "the path of this machine stays out"
    source = replace(tiny, folder=tmp_path / "artifact") if full else tiny
    again = load_model(source, device, quantization=strategy.quantization).model
    if not full:
        again = load_adapter(again, tmp_path / "artifact")
    with torch.no_grad():
        torch.testing.assert_close(completion_loss(again, batch), after, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("strategy", SHIPPED, ids=lambda s: s.name)
def test_peft_accepts_every_shipped_adapter(strategy):
    check_adapter(strategy)


def test_unknown_fields_and_methods_are_refused_with_a_hint():
    with pytest.raises(BenchError, match=r"adapter\.lora_alfa: LoraConfig has no such field\. Did you mean 'lora_alpha'"):
        check_adapter(peft(lora_alfa=3))
    with pytest.raises(BenchError, match=r"unknown method 'LORRA'\. Did you mean 'LORA'"):
        check_adapter(peft(peft_type="LORRA"))


def test_adapter_for_missing_layers_is_refused(loaded):
    with pytest.raises(BenchError, match=r"adapter\.target_modules: the model has no module 'no_such_layer'\. Known: down_proj, embed"):
        adapt(loaded.model, peft(target_modules=["no_such_layer"]), 0)


def test_gradient_checkpointing_stays_off(loaded):
    assert not adapt(loaded.model, peft(target_modules="all-linear"), 0).get_base_model().is_gradient_checkpointing


def test_prompt_tuning_can_start_from_a_text(loaded, tmp_path):
    """The words are read by the model's own tokenizer, whose path on this machine is not stored."""
    text = "Classify the message of a customer:"
    words = {"prompt_tuning_init": "TEXT", "prompt_tuning_init_text": text}
    model = adapt(loaded.model, peft(peft_type="PROMPT_TUNING", num_virtual_tokens=6, **words), 0)
    ids = loaded.tokenizer(text)["input_ids"]
    expected = loaded.model.get_input_embeddings()(torch.tensor((ids * 6)[:6])).float()
    assert torch.equal(model.prompt_encoder["default"].embedding.weight, expected)
    folder = loaded.tokenizer.name_or_path
    save_artifact(model, loaded.tokenizer, tmp_path, origin="org/model", revision=None)
    assert folder not in (tmp_path / "adapter_config.json").read_text()


def test_routers_of_experts_are_left_alone():
    """Phi-3.5-MoE has one that is a linear layer by inheritance, and gives weights and numbers of experts."""
    from transformers import PhimoeConfig, PhimoeForCausalLM

    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 48}
    model = adapt(PhimoeForCausalLM(PhimoeConfig(vocab_size=60, num_local_experts=4, **sizes)), peft(), 0)
    adapted = {name.split(".")[-4] for name, p in model.named_parameters() if p.requires_grad}
    assert adapted == {"q_proj", "k_proj", "v_proj", "o_proj"}
    assert model(input_ids=torch.tensor([[5, 6, 7]])).logits.isfinite().all()
