"""Order, size and padding of batches; the loss on the completion alone."""

from operator import itemgetter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.engine.tuning.batches import EncodedExample, batch_order, collate, cut_with_least_work, micro_batches
from harness.engine.tuning.loss import completion_loss
from harness.engine.tuning.schedule import rate_factor, validation_steps
from harness.types import TrainSpec

LENGTHS = st.lists(st.integers(1, 400), min_size=1, max_size=300)


@given(LENGTHS, st.integers(1, 17), st.integers(0, 3), st.integers(0, 3))
def test_every_example_occurs_once_per_epoch(lengths, size, seed, epoch):
    batches = batch_order(lengths, size, seed, epoch)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert all(len(batch) <= size for batch in batches)
    assert batches == batch_order(lengths, size, seed, epoch)


def test_seed_and_epoch_change_the_order():
    lengths = list(range(100))
    orders = [batch_order(lengths, 4, seed, epoch) for seed in (0, 1) for epoch in (0, 1)]
    assert all(a != b for i, a in enumerate(orders) for b in orders[:i])


def test_examples_of_similar_length_share_a_batch():
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(10, 500, (800,), generator=generator).tolist()

    def padded(batches):
        return sum(len(batch) * max(lengths[i] for i in batch) for batch in batches)

    in_order = [list(range(i, i + 8)) for i in range(0, 800, 8)]
    assert padded(batch_order(lengths, 8, 0, 0)) < 1.15 * sum(lengths)
    assert padded(in_order) > 1.6 * sum(lengths)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(1, 200))
def test_micro_batches_keep_every_example_and_the_budget(lengths, budget):
    rows = [EncodedExample((1,), tuple(range(n))) for n in lengths]
    pieces = list(micro_batches(rows, budget))
    assert sorted(r.length for piece in pieces for r in piece) == sorted(r.length for r in rows)
    assert all(len(piece) == 1 or len(piece) * max(r.length for r in piece) <= budget for piece in pieces)


def test_collate_pads_right_and_marks_what_predicts_a_target():
    batch = collate([EncodedExample((5, 6, 7), (8, 9)), EncodedExample((5,), (4,)), EncodedExample((), (3, 2))], 0, "cpu")
    assert batch.input_ids.tolist() == [[5, 6, 7, 8, 9], [5, 4, 0, 0, 0], [3, 2, 0, 0, 0]]
    assert batch.attention_mask.sum(dim=1).tolist() == [5, 2, 2]
    assert batch.predicts.nonzero().tolist() == [[0, 2], [0, 3], [1, 0], [2, 0]]
    assert batch.targets.tolist() == [8, 9, 4, 2]


def test_loss_equals_that_of_transformers_on_the_completion(loaded, rows):
    """The same rows with labels -100 on prompt and padding, through the model's own loss."""
    batch = collate(rows[:8], loaded.tokenizer.pad_token_id, "cpu")
    labels = torch.full_like(batch.input_ids, -100)
    for i, row in enumerate(rows[:8]):
        labels[i, len(row.prompt) : row.length] = torch.tensor(row.target)
    with torch.no_grad():
        ours = completion_loss(loaded.model, batch) / len(batch.targets)
        theirs = loaded.model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, labels=labels).loss
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_logits_are_computed_only_where_there_is_a_loss(loaded, rows):
    batch = collate(rows[:8], loaded.tokenizer.pad_token_id, "cpu")
    seen = []
    handle = loaded.model.get_output_embeddings().register_forward_hook(lambda _m, _a, out: seen.append(tuple(out.shape)))
    with torch.no_grad():
        completion_loss(loaded.model, batch)
    handle.remove()
    assert seen == [(len(batch.targets), loaded.model.config.vocab_size)]
    with torch.no_grad():  # and the model is as it was
        assert loaded.model(input_ids=batch.input_ids).logits.shape[:2] == batch.input_ids.shape


def test_learning_rate_rises_then_falls():
    recipe = TrainSpec(warmup=0.1, schedule="cosine")
    factors = [rate_factor(recipe, step, 100) for step in range(100)]
    assert 0 < factors[0] < factors[9] <= 1.0
    assert factors[10] == 1.0
    assert factors[10:] == sorted(factors[10:], reverse=True)
    assert factors[99] < 0.01
    assert {rate_factor(TrainSpec(warmup=0, schedule="constant"), s, 10) for s in range(10)} == {1.0}
    assert rate_factor(TrainSpec(warmup=0, schedule="linear"), 5, 10) == 0.5


def test_validations_are_spread_over_each_epoch_and_follow_the_last_step():
    assert validation_steps(10, 30, 2) == {5, 10, 15, 20, 25, 30}
    assert validation_steps(3, 3, 2) == {2, 3}
    assert validation_steps(1, 4, 4) == {1, 2, 3, 4}
    assert validation_steps(10, 25, 1) == {10, 20, 25}


def cut_lengths(lengths, budget):
    rows = [(length, i) for i, length in enumerate(lengths)]
    return [[length for length, _ in part] for part in cut_with_least_work(rows, budget, itemgetter(0))]


def test_rows_of_other_lengths_are_cut_apart_where_padding_costs_more_than_a_pass():
    assert cut_lengths([100, 10, 10, 10, 10, 100], 600) == [[10, 10, 10, 10], [100, 100]], (
        "40 + 200 + 2 passes of 100 are less than 600 + 100"
    )
    assert cut_lengths([12, 10, 11, 10], 600) == [[10, 10, 11, 12]]
    assert cut_lengths([300, 300, 300], 600) == [[300], [300, 300]]
    assert cut_lengths([900, 5], 600) == [[5], [900]], "a row that is longer than the budget is alone"
    assert cut_lengths([], 600) == []


def test_no_other_cut_has_less_work():
    lengths, budget = [3, 7, 8, 15, 16, 40, 41, 90, 120], 300

    def work(parts):
        return sum(budget / 6 + len(part) * max(part) for part in parts)

    def cuts(rows):
        if not rows:
            yield []
        for end in range(1, len(rows) + 1):
            if end == 1 or end * rows[end - 1] <= budget:
                for rest in cuts(rows[end:]):
                    yield [rows[:end], *rest]

    assert work(cut_lengths(lengths[::-1], budget)) == pytest.approx(min(map(work, cuts(lengths))))
