"""Attention of one new token on a CPU: the same numbers in another way, with rows of similar length together."""

from __future__ import annotations

import contextlib
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tiny_models import DECODERS, load_decoder
from transformers import DynamicCache
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from harness.engine.inference import generate
from harness.engine.inference import one_token_attention as module
from harness.engine.inference.one_token_attention import one_token_attention

FAMILIES = ["llama", *DECODERS]
DRAW = random.Random(3)
RAGGED = [[DRAW.randrange(3, 90) for _ in range(length)] for length in (60, 58, 9, 7, 8, 2)]
PROMPTS = [[5, 6, 7, 8, 9, 10], [11, 12, 13, 14, 15, 16], [17, 18, 19, 20, 21, 22]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def load(folder: Path, family: str, dtype: torch.dtype = torch.bfloat16) -> Any:
    return load_decoder(folder, family, dtype)


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows attend apart wherever that saves a key, as with larger heads than those of these models."""
    monkeypatch.setattr(module, "_GROUP_NUMBERS", 0)


def next_logits(model: Any, context: Any, *, padded: bool) -> torch.Tensor:
    """The logits (B, V) behind a prompt and one more token, which is read alone."""
    ids, cache = torch.tensor(PROMPTS), DynamicCache(config=model.config)
    mask = torch.ones(3, 7, dtype=torch.long)
    if padded:
        mask[1, :3] = mask[2, :1] = 0
    with torch.no_grad():
        model(input_ids=ids, attention_mask=mask[:, :6], cache=cache, use_cache=True)
        with context as attention:
            if attention is not None:
                attention.divide(mask)
            last = torch.tensor([[30], [31], [32]])
            logits: torch.Tensor = model(input_ids=last, attention_mask=mask, cache=cache, use_cache=True).logits
    return logits[:, -1].float()


@pytest.mark.usefixtures("small_groups")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_logits_are_those_of_transformers(folder: Path, family: str, padded: bool, dtype: torch.dtype) -> None:
    model = load(folder, family, dtype)
    usual = next_logits(model, contextlib.nullcontext(), padded=padded)
    ours = next_logits(model, one_token_attention(model), padded=padded)
    spread = float(usual.std())
    rounding = 1e-5 if dtype == torch.float32 else 0.05
    assert spread > 0 and float((usual - ours).abs().max()) < rounding * spread


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


def test_attention_is_as_before_afterwards_and_elsewhere(folder: Path) -> None:
    before = ALL_ATTENTION_FUNCTIONS["sdpa"]
    with one_token_attention(load(folder, "llama", torch.float32)):
        assert ALL_ATTENTION_FUNCTIONS["sdpa"] is not before
    assert ALL_ATTENTION_FUNCTIONS["sdpa"] is before
    with one_token_attention(SimpleNamespace(device=torch.device("meta"))) as attention:
        attention.divide(torch.ones(2, 3, device="meta"))
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


@pytest.fixture
def keys_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The positions of all rows that new tokens attend to, for each layer and group."""
    read, multiply = [], module._multiply

    def note(query: Any, key: Any, *others: Any) -> Any:
        read.append(key.shape[0] * key.shape[2])
        return multiply(query, key, *others)

    monkeypatch.setattr(module, "_multiply", note)
    return read


@pytest.mark.usefixtures("small_groups")
@pytest.mark.parametrize("beginning", [0, 20], ids=["no-beginning", "shared-beginning"])
@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_rows_of_any_length_and_any_end_write_what_they_write_alone(
    folder: Path, family: str, beginning: int, keys_read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load(folder, family, torch.float32)
    prompts = [[7] * beginning + prompt for prompt in RAGGED]
    stops = {generate(model, [prompt], max_new_tokens=6, stop_ids=(), pad_id=0)[0].ids[-1] for prompt in prompts[::2]}
    alone = [generate(model, [prompt], max_new_tokens=12, stop_ids=stops, pad_id=0)[0] for prompt in prompts]
    keys_read.clear()
    together = generate(model, prompts, max_new_tokens=12, stop_ids=stops, pad_id=0)
    assert together == alone
    assert len({len(each.ids) for each in alone}) > 1, "some rows should be removed earlier than others"
    apart = sum(keys_read)
    keys_read.clear()
    monkeypatch.setattr(module, "_GROUP_NUMBERS", 10**9)
    assert generate(model, prompts, max_new_tokens=12, stop_ids=stops, pad_id=0) == alone
    assert apart < 0.9 * sum(keys_read)


def test_rows_that_stay_alone_do_not_read_the_padding_of_those_that_ended(folder: Path, keys_read: list[int]) -> None:
    model = load(folder, "llama", torch.float32)
    attention = module.OneTokenAttention()
    mask = torch.zeros(3, 60, dtype=torch.long)
    mask[:, 52:] = 1
    attention.divide(mask)
    query, key = torch.randn(3, 4, 1, 8), torch.randn(3, 4, 60, 8)
    layer = model.model.layers[0].self_attn
    ours, _ = attention(ALL_ATTENTION_FUNCTIONS["sdpa"], layer, query, key, key, mask.bool()[:, None, None])
    assert keys_read == [3 * 8]
    torch.testing.assert_close(ours, ALL_ATTENTION_FUNCTIONS["sdpa"](layer, query, key, key, mask.bool()[:, None, None])[0])


def test_another_thread_attends_to_all_keys(folder: Path, keys_read: list[int]) -> None:
    """What is in the place of attention is that of all models of the process."""
    layer = load(folder, "llama", torch.float32).model.layers[0].self_attn
    attention = module.OneTokenAttention()
    mask = torch.zeros(2, 9, dtype=torch.long)
    mask[:, 5:] = 1
    attention.divide(mask)
    query, key, all_keys = torch.randn(2, 4, 1, 8), torch.randn(2, 4, 9, 8), torch.ones(2, 1, 1, 9, dtype=torch.bool)
    with ThreadPoolExecutor(1) as threads:
        ours, _ = threads.submit(attention, ALL_ATTENTION_FUNCTIONS["sdpa"], layer, query, key, key, all_keys).result()
    torch.testing.assert_close(ours, ALL_ATTENTION_FUNCTIONS["sdpa"](layer, query, key, key, all_keys)[0])


def test_rows_attend_together_where_that_takes_less_time(folder: Path, keys_read: list[int]) -> None:
    """The heads of this model are so small that another group costs more than padding."""
    model = load(folder, "llama", torch.float32)
    generate(model, RAGGED, max_new_tokens=2, stop_ids=(), pad_id=0)
    assert keys_read == [6 * 61] * model.config.num_hidden_layers


def test_options_of_other_models_are_left_to_transformers(folder: Path, keys_read: list[int]) -> None:
    layer = load(folder, "llama", torch.float32).model.layers[0].self_attn
    query, key = torch.randn(2, 4, 1, 8), torch.randn(2, 4, 5, 8)
    original = ALL_ATTENTION_FUNCTIONS["sdpa"]
    attention = module.OneTokenAttention()
    with pytest.raises(ValueError, match="softcap"):
        attention(original, layer, query, key, key, None, softcap=30.0)
    assert not keys_read
    ours, _ = attention(original, layer, query, key, key, None, scaling=0.3)
    assert keys_read
    torch.testing.assert_close(ours, original(layer, query, key, key, None, scaling=0.3)[0])
