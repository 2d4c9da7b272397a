"""The loss of each validation example: together they are the validation loss of the training loop."""

import pytest

from harness.engine.models import load_model
from harness.engine.tuning import EncodedExample, batch_order, example_losses
from harness.engine.tuning.loss import batch_loss
from harness.measure import Meter


@pytest.fixture
def loaded(tiny, device):
    return load_model(tiny, device)


def losses_of(loaded, device, examples):
    meter = Meter("cpu", "cpu", None)
    pad_id = loaded.tokenizer.pad_token_id
    return example_losses(loaded.model, examples, pad_id=pad_id, device=device, shape="decoder", meter=meter), meter


def test_each_example_has_its_own_loss_in_the_order_given(loaded, device, rows):
    examples = [rows[i] for batch in batch_order([1] * len(rows), 3, 0, 0) for i in batch]  # of mixed lengths, in no order
    losses, meter = losses_of(loaded, device, examples)
    pad_id = loaded.tokenizer.pad_token_id
    alone = [batch_loss(loaded.model, [example], pad_id, "cpu", "decoder").item() for example in examples]
    assert [loss for loss, _ in losses] == pytest.approx(alone, rel=1e-4)
    assert [tokens for _, tokens in losses] == [len(example.target) for example in examples]
    (cost,) = meter.costs()
    assert cost.phase == "validate" and cost.tokens == sum(example.length for example in examples)


def test_equal_examples_and_examples_without_a_prompt(loaded, device, rows):
    bare = EncodedExample((), rows[0].target)
    (first, second, third), _ = losses_of(loaded, device, [rows[0], bare, EncodedExample(rows[0].prompt, rows[0].target)])
    assert first == pytest.approx(third) and second[1] == len(rows[0].target) - 1
