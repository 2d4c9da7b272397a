"""Prompts of different lengths in one batch: groups of similar length, and a cache with room for the outputs."""

import itertools
import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, BloomConfig, FalconConfig, GPTNeoConfig, LlamaConfig, MistralConfig, MptConfig

from harness.engine.inference.generate import generate
from harness.engine.inference.prefill import list_groups, prefill
from harness.engine.inference.roomy_layer import RoomyLayer
from harness.engine.inference.row_groups import group_by_length
from harness.engine.inference.shared_prefix import Prefix

DRAW = random.Random(4)
SIZES = {"vocab_size": 96, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
PROMPTS = [[DRAW.randrange(3, 90) for _ in range(length)] for length in (5, 150, 6, 140, 1, 70, 149, 6)]


def cost(lengths, groups, overhead):
    return sum(overhead + len(group) * max(lengths[i] for i in group) for group in groups)


def partitions(rows):
    """All ways to divide a list into groups."""
    if not rows:
        yield []
        return
    for size in range(len(rows)):
        for others in itertools.combinations(rows[1:], size):
            for rest in partitions([row for row in rows[1:] if row not in others]):
                yield [[rows[0], *others], *rest]


@given(st.lists(st.integers(1, 200), min_size=1, max_size=6), st.integers(0, 300))
def test_no_other_groups_cost_fewer_tokens(lengths, overhead):
    groups = group_by_length(lengths, overhead)
    assert sorted(itertools.chain(*groups)) == list(range(len(lengths)))
    assert cost(lengths, groups, overhead) == min(cost(lengths, each, overhead) for each in partitions(list(range(len(lengths)))))


def tiny_decoder(config_class=LlamaConfig, **changed):
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config_class(**SIZES, num_key_value_heads=2, max_position_embeddings=512, **changed)).eval()


DECODERS = [
    LlamaConfig(**SIZES, num_key_value_heads=2),
    BloomConfig(vocab_size=96, hidden_size=32, n_layer=2, n_head=4),
    FalconConfig(vocab_size=96, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, alibi=True),
    # In these, distances are those in the cache.
    MptConfig(vocab_size=96, d_model=32, n_heads=4, n_layers=2, max_seq_len=512),
    GPTNeoConfig(vocab_size=96, hidden_size=32, num_layers=2, num_heads=4, window_size=16, attention_types=[[["global", "local"], 1]]),
]


@pytest.mark.parametrize("config", DECODERS, ids=[each.model_type for each in DECODERS])
@pytest.mark.parametrize("beginning", [0, 20], ids=["no-beginning", "shared-beginning"])
def test_rows_are_as_if_each_had_passed_alone(config, beginning):
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config).eval()
    prompts = [[7] * beginning + prompt for prompt in PROMPTS]
    assert len(list_groups(config, [len(prompt) for prompt in prompts], "cpu", beginning)) > 1
    with torch.no_grad():
        prefix, rest = Prefix.of(model).with_beginning(prompts)
        batch = prefill(prefix, rest, 0, room=3)
        for i, prompt in enumerate(prompts):
            alone = model(input_ids=torch.tensor([prompt])).logits[0, -1]
            torch.testing.assert_close(batch.logits[i], alone, rtol=1e-4, atol=1e-5)
            assert int(batch.positions[i]) == len(prompt) - 1
        following = torch.full((len(prompts), 1), 9)
        later = prefix.model(
            input_ids=following,
            attention_mask=torch.cat([batch.mask, torch.ones_like(following)], dim=1),
            position_ids=batch.positions + 1,
            cache=batch.cache,
            use_cache=True,
        ).logits[:, -1]
        for i, prompt in enumerate(prompts):
            torch.testing.assert_close(later[i], model(input_ids=torch.tensor([[*prompt, 9]])).logits[0, -1], rtol=1e-4, atol=1e-5)
    together = generate(model, prompts, max_new_tokens=9, stop_ids={5, 11}, pad_id=0)
    assert together == [generate(model, [prompt], max_new_tokens=9, stop_ids={5, 11}, pad_id=0)[0] for prompt in prompts]


def test_new_tokens_do_not_copy_the_old_ones():
    model = tiny_decoder()
    with torch.no_grad():
        batch = prefill(Prefix.of(model), PROMPTS, 0, room=2)
        place = batch.cache.layers[0].keys.data_ptr()
        for tokens in (151, 152):
            batch.mask = torch.cat([batch.mask, batch.mask.new_ones(len(PROMPTS), 1)], dim=1)
            batch.positions = batch.positions + 1
            ids = torch.full((len(PROMPTS), 1), 9)
            model(input_ids=ids, attention_mask=batch.mask, position_ids=batch.positions, cache=batch.cache, use_cache=True)
            assert batch.cache.get_seq_length() == tokens
            assert batch.cache.layers[0].keys.data_ptr() == place


def test_layers_with_a_window_take_the_batch_at_once():
    model = tiny_decoder(MistralConfig, sliding_window=8)
    together = generate(model, PROMPTS, max_new_tokens=6, stop_ids={5}, pad_id=0)
    assert together == [generate(model, [prompt], max_new_tokens=6, stop_ids={5}, pad_id=0)[0] for prompt in PROMPTS]


@pytest.mark.parametrize(("prompts", "copied"), [([[5, 6, 7], [8, 9, 10]], False), ([[5] * 400, [6, 7]], True)])
def test_a_batch_of_one_group_is_not_copied_for_tokens_that_pass_together(prompts, copied):
    model = AutoModelForCausalLM.from_config(LlamaConfig(**SIZES)).eval()
    with torch.no_grad():
        batch = prefill(Prefix.of(model), prompts, 0, room=3, at_once=True)
    layer = batch.cache.layers[0]
    assert isinstance(layer, RoomyLayer) is copied
    assert layer.keys.shape[2] == batch.mask.shape[1] == len(prompts[0])
