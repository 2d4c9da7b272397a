"""Attention of one new token: the same numbers in another way, for models in a 16-bit format on a CPU alone."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import DECODERS, load_decoder
from transformers import DynamicCache
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from harness.engine.inference import generate
from harness.engine.inference.one_token_attention import one_token_attention

FAMILIES = ["llama", *DECODERS]
PROMPTS = [[5, 6, 7, 8, 9, 10], [11, 12, 13, 14, 15, 16], [17, 18, 19, 20, 21, 22]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def load(folder: Path, family: str, dtype: torch.dtype = torch.bfloat16) -> Any:
    return load_decoder(folder, family, dtype)


def next_logits(model: Any, context: Any, *, padded: bool) -> torch.Tensor:
    """The logits (B, V) behind a prompt and one more token, which is read alone."""
    ids, cache = torch.tensor(PROMPTS), DynamicCache(config=model.config)
    mask = torch.ones(3, 7, dtype=torch.long)
    if padded:
        mask[1, :3] = mask[2, :1] = 0
    with torch.no_grad():
        model(input_ids=ids, attention_mask=mask[:, :6], cache=cache, use_cache=True)
        with context:
            last = torch.tensor([[30], [31], [32]])
            logits: torch.Tensor = model(input_ids=last, attention_mask=mask, cache=cache, use_cache=True).logits
    return logits[:, -1].float()


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_are_those_of_transformers(folder: Path, family: str, padded: bool) -> None:
    model = load(folder, family)
    usual = next_logits(model, contextlib.nullcontext(), padded=padded)
    ours = next_logits(model, one_token_attention(model), padded=padded)
    spread = float(usual.std())
    assert spread > 0 and float((usual - ours).abs().max()) < 0.05 * spread, "rounding of bfloat16"


@pytest.mark.parametrize("family", ["llama", "qwen2"])
@pytest.mark.parametrize("padded", [False, True])
def test_torch_is_never_given_one_vector_for_a_head(folder: Path, family: str, padded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four heads with keys of their own, and four that share two: with or without a mask."""
    model, given = load(folder, family), []
    attention = torch.nn.functional.scaled_dot_product_attention

    def note(query: torch.Tensor, key: torch.Tensor, *others: Any, **options: Any) -> torch.Tensor:
        given.append((query.shape[1] == key.shape[1], query.shape[2]))
        return attention(query, key, *others, **options)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", note)
    next_logits(model, one_token_attention(model), padded=padded)
    assert given[len(given) // 2 :] == [(True, 2)] * 2


def test_only_16_bit_formats_are_computed_so_and_everything_is_as_before_afterwards(folder: Path) -> None:
    before = ALL_ATTENTION_FUNCTIONS["sdpa"]
    with one_token_attention(load(folder, "llama", torch.float32)):
        assert ALL_ATTENTION_FUNCTIONS["sdpa"] is before
    context = one_token_attention(load(folder, "llama"))
    with context:
        assert ALL_ATTENTION_FUNCTIONS["sdpa"] is not before
    assert ALL_ATTENTION_FUNCTIONS["sdpa"] is before


def test_generation_uses_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, seen = load(folder, "llama"), set()
    attention = torch.nn.functional.scaled_dot_product_attention

    def note(query: torch.Tensor, *others: Any, **options: Any) -> torch.Tensor:
        seen.add(query.shape[2])
        return attention(query, *others, **options)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", note)
    outputs = generate(model, [PROMPTS[0], PROMPTS[1][:4]], max_new_tokens=4, stop_ids=(), pad_id=0)
    assert [len(each.ids) for each in outputs] == [4, 4]
    assert 2 in seen and 1 not in seen
