"""The loss of every shape equals that of transformers on the target alone, whatever the micro-batches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from tiny_models import save_model

from harness.engine.inference import Predictor
from harness.engine.models import LoadedModel, find_device, load_model, resolve_model
from harness.engine.tuning import EncodedExample, encode_examples, micro_batches
from harness.engine.tuning.loss import batch_loss
from harness.errors import BenchError
from harness.types import DataSpec, DecodeSpec, Example, Strategy, Task

pytestmark = pytest.mark.usefixtures("own_cache")

LABELS = ("card", "refund", "pin")
FAMILIES = ["t5", "bart", "bert", "roberta", "distilbert", "llama"]
EXAMPLES = [
    Example(f"{i}", {"input": "where is my card " * (1 + i * 5 % 4) + "é 🩺"}, (LABELS[i % 3],), LABELS) for i in range(9)
]  # fmt: skip


@pytest.fixture(params=FAMILIES)
def loaded(request: Any, tmp_path: Any) -> LoadedModel:
    folder = save_model(tmp_path / request.param, request.param)
    return load_model(resolve_model(str(folder)), find_device("float32"), labels=LABELS)


def encode(
    loaded: LoadedModel, examples: Any = EXAMPLES, *, max_length: int = 64, output: int = 4, no_answer: str | None = None
) -> tuple[list[EncodedExample], int]:
    """Encode for a task that generates. `output` tokens of `max_length` are kept free behind a decoder's prompt."""
    decode = DecodeSpec(max_new_tokens=output)
    task = Task(
        name="t", kind="qa", data=DataSpec(path="x.csv"), prompt="{{ input }}", prompt_format="plain", metrics=("x",), primary="x",
        decode=decode, max_length=max_length, no_answer=no_answer,
    )  # fmt: skip
    return encode_examples(Predictor(task, Strategy(name="base", method="prompt"), loaded, LABELS), examples)


def reference(loaded: LoadedModel, rows: list[EncodedExample]) -> torch.Tensor:
    """The sum of the losses of single rows through the model's own loss."""
    total = torch.zeros(())
    for row in rows:
        ids, labels = row.prompt, row.target
        if loaded.shape == "decoder":
            ids, labels = row.prompt + row.target, (-100,) * len(row.prompt) + row.target
        inputs = {"input_ids": torch.tensor([ids]), "labels": torch.tensor([labels])}
        total = total + loaded.model(**inputs).loss * len(row.target)
    return total


def test_loss_and_gradients_equal_those_of_transformers(loaded: LoadedModel) -> None:
    rows, cut = encode(loaded)
    assert cut == 0
    loss = batch_loss(loaded.model, rows, loaded.tokenizer.pad_token_id, "cpu", loaded.shape)
    assert loss.shape == () and loss.dtype == torch.float32
    loss.backward()
    ours = {name: p.grad.clone() for name, p in loaded.model.named_parameters() if p.grad is not None}
    loaded.model.zero_grad()
    expected = reference(loaded, rows)
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-5)
    expected.backward()
    theirs = {name: p.grad for name, p in loaded.model.named_parameters() if p.grad is not None}
    assert ours.keys() == theirs.keys()
    for name, gradient in ours.items():
        torch.testing.assert_close(gradient, theirs[name], rtol=1e-3, atol=1e-4, msg=name)


def test_micro_batches_do_not_change_the_loss(loaded: LoadedModel) -> None:
    rows, _ = encode(loaded)
    pad = loaded.tokenizer.pad_token_id
    with torch.no_grad():
        whole = batch_loss(loaded.model, rows, pad, "cpu", loaded.shape)
        pieces = list(micro_batches(rows, 40))
        cut = sum(batch_loss(loaded.model, piece, pad, "cpu", loaded.shape) for piece in pieces)
    assert len(pieces) > 3
    torch.testing.assert_close(whole, cut, rtol=1e-5, atol=1e-5)


def test_length_counts_the_tokens_that_the_model_reads_and_writes(loaded: LoadedModel) -> None:
    rows, _ = encode(loaded)
    written = 0 if loaded.shape == "encoder" else 1
    assert all(row.length == len(row.prompt) + written * len(row.target) for row in rows)
    if loaded.shape == "encoder":
        assert [row.target for row in rows] == [(i % 3,) for i in range(9)]


@pytest.mark.parametrize("loaded", ["t5", "bart", "llama"], indirect=True)
def test_target_that_does_not_fit_loses_its_end(loaded: LoadedModel) -> None:
    """For an encoder-decoder prompt and target each have all of the length; for a decoder they share it."""
    end = loaded.tokenizer.eos_token_id
    example = Example("1", {"input": "where is my card"}, ("refund " * 9,))
    (whole,), cut = encode(loaded, [example])
    assert (whole.target[-1], cut) == (end, 0)
    exact = len(whole.target) if loaded.shape == "encoder-decoder" else whole.length
    written = len(whole.target)
    assert encode(loaded, [example], max_length=exact, output=written) == ([whole], 0)
    (short,), cut = encode(loaded, [example], max_length=exact - 1, output=written - 1)
    assert (short.target, cut) == (whole.target[:-1], 1)


def test_question_without_an_answer_is_trained_towards_the_text_for_no_answer(loaded: LoadedModel) -> None:
    example = Example("1", {"input": "who?"}, (), LABELS)
    (row,), _ = encode(loaded, [example], no_answer="pin")
    if loaded.shape == "encoder":
        assert row.target == (2,)
    else:
        assert loaded.tokenizer.decode(row.target, skip_special_tokens=True) == "pin"
    assert row.size == len("pin") + len("who?")


@pytest.mark.parametrize("loaded", ["bert"], indirect=True)
def test_target_of_an_encoder_must_be_a_label(loaded: LoadedModel) -> None:
    with pytest.raises(BenchError, match="example '0': its target 'cash' is not one of the labels: card, refund, pin"):
        encode(loaded, [replace(EXAMPLES[0], targets=("cash",))])


def test_target_may_contain_the_padding_token(tmp_path: Any) -> None:
    """Some models use their end token as padding; its position has a loss anyway."""
    loaded = load_model(resolve_model(str(save_model(tmp_path / "t5", "t5"))), find_device("float32"))
    rows = [EncodedExample((20, 1), (30, 31, 0)), EncodedExample((20, 1), (30, 31))]
    with torch.no_grad():
        both = batch_loss(loaded.model, rows, 0, "cpu", "encoder-decoder")
        torch.testing.assert_close(both, reference(loaded, rows), rtol=1e-5, atol=1e-5)
