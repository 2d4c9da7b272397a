"""The loss of TRL's DPOTrainer on the same batch. TRL is no dependency: `pip install trl` to run this."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.engine.models import load_model
from harness.engine.tuning import EncodedExample
from harness.engine.tuning.preference_loss import pair_margins, preference_losses

pytestmark = pytest.mark.soak

TEXTS = [
    ("What is your name?", " My name is Mary.", " I have no name, and I never had one."),
    ("Which colour has the sky?", " Blue, in most countries and on most days.", " Green."),
    ("Is water wet?", " Yes.", " No."),
    ("Name a drug for pain.", " Ibuprofen, 400 mg.", " None."),
]


@pytest.mark.parametrize("beta", [0.1, 0.5])
def test_loss_equals_that_of_trl(tiny: Any, device: Any, tmp_path: Path, beta: float) -> None:
    trl = pytest.importorskip("trl")
    from datasets import Dataset

    reference, policy = load_model(tiny, device), load_model(tiny, device)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weight in policy.model.parameters():
            weight.add_(0.02 * torch.randn(weight.shape, generator=generator) * weight.std())
    rows = [{"prompt": prompt, "chosen": chosen, "rejected": rejected} for prompt, chosen, rejected in TEXTS]
    options = {"per_device_train_batch_size": 4, "report_to": [], "use_cpu": True, "bf16": False, "gradient_checkpointing": False}
    trainer = trl.DPOTrainer(
        model=policy.model,
        ref_model=reference.model,
        args=trl.DPOConfig(output_dir=str(tmp_path), beta=beta, **options),
        train_dataset=Dataset.from_list(rows),
        processing_class=policy.tokenizer,
    )
    batch = next(iter(trainer.get_train_dataloader()))
    policy.model.eval()
    with torch.no_grad():
        theirs = trainer.compute_loss(policy.model, batch)
        pairs = read_pairs(batch)
        margins = pair_margins(reference.model, pairs, policy.tokenizer.pad_token_id, "cpu")
        referred = [replace(pair, reference=float(margin)) for pair, margin in zip(pairs, margins, strict=True)]
        losses, _ = preference_losses(policy.model, referred, policy.tokenizer.pad_token_id, "cpu", beta)
    assert len(pairs) == 4
    assert abs(float(theirs) - 0.6931) > 1e-3, "the models differ"
    assert float(losses.mean()) == pytest.approx(float(theirs), abs=1e-4)


def read_pairs(batch: Any) -> list[EncodedExample]:
    """The pairs of a batch of TRL, whose first half are the preferred answers."""
    rows = []
    for ids, attention, mask in zip(batch["input_ids"], batch["attention_mask"], batch["completion_mask"], strict=True):
        kept = [(int(i), bool(m)) for i, a, m in zip(ids, attention, mask, strict=True) if a]
        rows.append((tuple(i for i, m in kept if not m), tuple(i for i, m in kept if m)))
    half = len(rows) // 2
    assert all(rows[i][0] == rows[half + i][0] for i in range(half))
    return [EncodedExample(*rows[i], rejected=rows[half + i][1]) for i in range(half)]
