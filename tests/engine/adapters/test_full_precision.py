"""Copies of whole layers are trained in float32 inside a 16-bit model, and are stored without rounding."""

import pytest
import torch

from harness.engine.adapters import adapt, load_adapter, save_artifact
from harness.engine.models import find_device, load_model
from harness.engine.tuning.batches import collate
from harness.engine.tuning.loss import completion_loss
from harness.types import Strategy

ADAPTERS = {
    "norms": {"peft_type": "LN_TUNING"},
    "output-layer": {"peft_type": "LORA", "r": 4, "modules_to_save": ["lm_head"]},
    "embeddings": {"peft_type": "LORA", "r": 4, "modules_to_save": ["embed_tokens"]},
    "ranks-too": {"peft_type": "ADALORA", "init_r": 4, "target_r": 2, "modules_to_save": ["norm"]},
}


@pytest.mark.parametrize("kind", ADAPTERS)
def test_copies_are_trained_and_stored_in_float32(kind, tiny, rows, tmp_path):
    device = find_device("bfloat16")
    strategy = Strategy(name="s", method="peft", adapter=ADAPTERS[kind], train={})
    loaded = load_model(tiny, device)
    model = adapt(loaded.model, strategy, 0)
    trained = [p for p in model.parameters() if p.requires_grad]
    assert {p.dtype for p in trained} == {torch.float32}
    batch = collate(rows[:4], 0, "cpu")
    optimizer = torch.optim.AdamW(trained, lr=1e-4)  # steps that bfloat16 would round away beside weights of 1
    before = [p.detach().clone() for p in trained]
    for autocast in (True, False):
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            loss = completion_loss(model, batch)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert any(not torch.equal(p, old) for p, old in zip(trained, before, strict=True))
    model.eval()
    with torch.no_grad():
        expected = completion_loss(model, batch)
    save_artifact(model, loaded.tokenizer, tmp_path, origin="tiny", revision=None)
    again = load_adapter(load_model(tiny, device).model, tmp_path)
    with torch.no_grad():
        assert torch.equal(completion_loss(again, batch), expected)
    # What is trained alone: outputs of 16 bits would hide a small difference.
    stored = {name: p for name, p in again.named_parameters() if ".default" in name}
    ours = {name: p for name, p in model.named_parameters() if ".default" in name}
    assert stored.keys() == ours.keys()
    assert all(torch.equal(stored[name], ours[name]) for name in ours)
