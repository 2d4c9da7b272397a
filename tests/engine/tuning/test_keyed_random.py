"""Numbers that depend on keys and places alone, and that look like independent draws."""

import math

import pytest
import torch

from harness.engine.tuning.keyed_dropout import KeyedRandom
from harness.engine.tuning.keyed_random import draw, draw_below, mix_key
from harness.forecast.meta_tracker import MetaTracker

KEYS = torch.tensor([mix_key(3, i) for i in range(16)])


@pytest.mark.parametrize("shape", [(5, 7), (5, 6, 33), (5, 2, 9, 9)])
def test_padding_and_company_change_nothing(shape):
    numbers = draw(KEYS, (16, *(size + 3 for size in shape[1:])))
    inside = tuple(slice(size) for size in shape[1:])
    assert torch.equal(draw(KEYS[4:9], shape), numbers[4:9][(slice(None), *inside)])


def test_limits_are_those_of_the_numbers(monkeypatch):
    numbers = draw(KEYS, (16, 5, 9))
    whole = draw_below(KEYS, (16, 5, 9), -20_000)
    monkeypatch.setattr("harness.engine.tuning.keyed_random._AT_ONCE", {"cpu": 100})  # drawn in several parts
    assert torch.equal(whole, numbers < -20_000) and torch.equal(draw_below(KEYS, (16, 5, 9), -20_000), whole)


def test_a_gpu_starts_no_more_kernels_for_16_million_numbers_than_for_a_few():
    started = []
    for size in (4, 1024, 4, 1024):
        tracker = MetaTracker(is_full=True, on_cpu=False)
        keys = torch.empty(16, dtype=torch.int64, device="meta")
        with tracker.watch():
            draw_below(keys, (16, size, 1024), 0)
        started.append(tracker.counts.operations)
    assert started[0] == started[1] > 0 and started[2:] == started[:2], "what all rows share is made once, and is not counted"


def test_numbers_look_independent_and_uniform():
    numbers = draw(KEYS, (16, 256, 256)).double().flatten(0, 1)  # (4096 rows, 256 columns)
    assert (numbers.mean() + 0.5).abs().item() < 4 * 2**16 / math.sqrt(12 * numbers.numel())
    counts = torch.histc(numbers, 64, -(2**15), 2**15) / numbers.numel() * 64
    assert (counts - 1).abs().max().item() < 5 * math.sqrt(64 / numbers.numel())
    scaled = (numbers - numbers.mean()) / numbers.std()
    for rows in (scaled, scaled[:256].T):  # between columns, and between rows
        correlations = (rows.T @ rows / len(rows)).fill_diagonal_(0).abs().max().item()
        assert correlations < 6 / math.sqrt(len(rows))


def test_dropout_keeps_the_mean_and_scales_what_is_left():
    random = KeyedRandom(1)
    values = torch.ones(4, 50, 50, requires_grad=True)
    with random.replacing_dropout():
        random.begin(1, (0, 1, 2, 3))
        dropped = torch.nn.Dropout(0.2)(values)
        again = torch.nn.Dropout(0.2)(values)
        everything = torch.nn.Dropout(1.0)(values)
        dropped.sum().backward()
    assert torch.equal(values.grad, dropped.detach())
    assert sorted(dropped.unique().tolist()) == pytest.approx([0, 1.25], abs=1e-4)
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    assert not torch.equal(dropped, again), "the next layer has masks of its own"
    assert not everything.any()


def test_dropout_is_off_in_evaluation_and_torch_s_own_outside_of_training():
    values = torch.ones(4, 50)
    layer = torch.nn.Dropout(0.5)
    with KeyedRandom(1).replacing_dropout():
        torch.manual_seed(1)
        inside = layer(values)  # no pass has begun: a model that is not trained here
        assert torch.equal(layer.eval()(values), values)
    torch.manual_seed(1)
    assert torch.equal(inside, layer.train()(values))


def test_attention_with_dropout_equals_torch_s_but_for_the_mask():
    torch.manual_seed(0)
    query, key, value = torch.randn(2, 4, 5, 8), torch.randn(2, 2, 5, 8), torch.randn(2, 2, 5, 8)
    hidden = torch.ones(2, 1, 5, 5, dtype=torch.bool).tril()
    random = KeyedRandom(1)
    attention = torch.nn.functional.scaled_dot_product_attention
    cases = [{"is_causal": True}, {"attn_mask": hidden, "scale": 0.5}, {"attn_mask": hidden.float().log()}, {}]
    for options in cases:
        expected = attention(query, key, value, enable_gqa=True, **options)
        with random.replacing_dropout():
            random.begin(1, (0, 1))
            given = torch.nn.functional.scaled_dot_product_attention(query, key, value, dropout_p=1e-9, enable_gqa=True, **options)
            differing = torch.nn.functional.scaled_dot_product_attention(query, key, value, dropout_p=0.5, enable_gqa=True, **options)
        torch.testing.assert_close(given, expected)
        assert not torch.allclose(differing, expected)
