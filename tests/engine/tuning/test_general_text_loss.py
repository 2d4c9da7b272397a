"""The loss on general text equals that of transformers, and computing it changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from harness.engine.models import LoadedModel, find_device, load_model, resolve_model
from harness.engine.tuning.general_text_loss import general_loss, paragraphs


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return load_model(resolve_model("tiny"), find_device("float32"))


def measured(model: Any, loaded: LoadedModel, context: int = 1024) -> float | None:
    return general_loss(model, loaded.tokenizer, context=context, pad_id=0, device="cpu", on_tokens=lambda n: None)


def reference(loaded: LoadedModel, context: int) -> float:
    total, tokens = 0.0, 0
    for text in paragraphs():
        ids = torch.tensor([loaded.tokenizer(text)["input_ids"][:context]])
        with torch.no_grad():
            total += float(loaded.model(input_ids=ids, labels=ids).loss) * (ids.shape[1] - 1)
        tokens += ids.shape[1] - 1
    return total / tokens


@pytest.mark.parametrize("context", [1024, 20])
def test_loss_equals_that_of_transformers(loaded: LoadedModel, context: int) -> None:
    assert measured(loaded.model, loaded, context) == pytest.approx(reference(loaded, context), abs=1e-4)


def test_model_and_random_state_are_unchanged(loaded: LoadedModel) -> None:
    loaded.model.train()
    before, state = {n: p.clone() for n, p in loaded.model.named_parameters()}, torch.get_rng_state()
    first, second = measured(loaded.model, loaded), measured(loaded.model, loaded)
    assert first == second
    assert loaded.model.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(p, before[n]) and p.grad is None for n, p in loaded.model.named_parameters())


def test_worse_model_has_a_higher_loss_and_virtual_tokens_are_supported(loaded: LoadedModel) -> None:
    from copy import deepcopy

    from peft import PromptTuningConfig, get_peft_model

    good = measured(loaded.model, loaded)
    worse = deepcopy(loaded.model)
    with torch.no_grad():
        for weights in worse.parameters():
            weights.add_(torch.randn(weights.shape, generator=torch.Generator().manual_seed(0)) * 0.05)
    bad = measured(worse, loaded)
    prompted = get_peft_model(deepcopy(loaded.model), PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4))
    with_tokens = measured(prompted, loaded)
    assert good is not None and bad is not None and with_tokens is not None
    assert good < bad - 0.5
    assert abs(with_tokens - good) < 2


@pytest.mark.parametrize("dora", [False, True])
def test_adapted_model_has_the_loss_of_its_own_layers(loaded: LoadedModel, dora: bool) -> None:
    from copy import deepcopy

    from peft import LoraConfig, get_peft_model

    config = LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=16, use_dora=dora, target_modules="all-linear")
    adapted = get_peft_model(deepcopy(loaded.model), config)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, weights in adapted.named_parameters():
            if "lora_B" in name:
                weights.add_(torch.randn(weights.shape, generator=generator) * 0.05)
    adapted.eval()
    loss = measured(adapted, loaded)
    assert loss == pytest.approx(reference(replace(loaded, model=adapted), 1024), abs=1e-4)
    assert loss != pytest.approx(reference(loaded, 1024), abs=0.01)
    with adapted.disable_adapter():
        assert measured(adapted, loaded) == pytest.approx(reference(loaded, 1024), abs=1e-4)


def test_context_without_room_gives_none(loaded: LoadedModel) -> None:
    assert measured(loaded.model, loaded, context=1) is None


def test_text_is_unchanged() -> None:
    """Losses of two versions of the text cannot be compared."""
    import hashlib

    assert len(paragraphs()) == 16
    assert hashlib.sha256("\n\n".join(paragraphs()).encode()).hexdigest()[:16] == "5ccf817a36d49da4"
