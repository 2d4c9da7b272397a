"""Predictions of every model shape: order, batches, stop texts and missing answers."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from typing import Any

import pytest
import torch
from tiny_models import save_model

from harness.engine.inference import Predictor
from harness.engine.inference import predictor as predictor_module
from harness.engine.models import LoadedModel, find_device, load_model, resolve_model
from harness.engine.prompts import PromptEncoder
from harness.engine.prompts.budget import prompt_budget
from harness.engine.prompts.rendering import render_inputs
from harness.errors import BenchError
from harness.measure import Meter
from harness.types import DataSpec, DecodeSpec, Example, Prediction, Strategy, Task

pytestmark = pytest.mark.usefixtures("own_cache")

LABELS = ("card", "refund", "pin")


def task(kind: str = "summarization", **more: Any) -> Task:
    values = {"prompt": "{{ input }}", "metrics": ("x",), "primary": "x", "decode": DecodeSpec(max_new_tokens=5)} | more
    return Task(name="t", kind=kind, data=DataSpec(path="x.csv"), **values)


def examples(n: int = 40, choices: tuple[str, ...] = ()) -> list[Example]:
    return [Example(f"row {i}", {"input": f"Item {i} " * (1 + i * 7 % 9)}, ("card",), choices) for i in range(n)]


@pytest.fixture
def make(tmp_path: Any) -> Any:

    def _make(family: str) -> LoadedModel:
        folder = save_model(tmp_path / family, family, spread=0.7)
        return load_model(resolve_model(str(folder)), find_device("float32"), labels=LABELS)

    return _make


def run(
    loaded: LoadedModel, spec: Task, rows: list[Example], *, done: Any = None, stop_after: int | None = None
) -> tuple[list[Prediction], dict[str, Prediction], Any]:
    predictor = Predictor(spec, Strategy(name="base", method="prompt"), loaded, rows[0].choices)
    kept: dict[str, Prediction] = {}

    def on_batch(batch: Any) -> None:
        kept.update({p.example_id: p for p in batch})
        if stop_after is not None and len(kept) >= stop_after:
            raise KeyboardInterrupt

    meter = Meter("cpu", "cpu", None)
    predictions: list[Prediction] = []
    with meter.phase("predict"), contextlib.suppress(KeyboardInterrupt):
        predictions = predictor.predict(rows, done=done, on_batch=on_batch, on_tokens=meter.count_tokens)
    return predictions, kept, meter.costs()[0]


@pytest.mark.parametrize(
    ("family", "kind"), [("t5", "summarization"), ("bart", "classification"), ("t5", "classification"), ("bert", "classification")]
)
def test_interrupted_prediction_resumes_with_the_same_result(family: str, kind: str, make: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(predictor_module, "BATCH_ROWS", 16)
    loaded = make(family)
    rows, spec = examples(choices=LABELS if kind == "classification" else ()), task(kind)
    whole, _, cost = run(loaded, spec, rows)
    assert [p.example_id for p in whole] == [r.id for r in rows]
    assert cost.tokens == sum(p.tokens_in + p.tokens_out for p in whole)
    _, part, _ = run(loaded, spec, rows, stop_after=1)
    assert len(part) == 16
    again, new, _ = run(loaded, spec, rows, done=part)
    assert again == whole
    assert len(new) == len(rows) - len(part), "what was done is not done again"


@pytest.mark.parametrize("family", ["t5", "bart", "bert", "llama"])
def test_most_likely_label_is_predicted(family: str, make: Any) -> None:
    found, _, _ = run(make(family), task("classification"), examples(6, LABELS))
    for p in found:
        assert p.extracted == p.output == LABELS[max(range(3), key=p.label_logprobs.__getitem__)]
        assert p.finish == "choice"
        assert all(score < 0 for score in p.label_logprobs)
        assert (p.tokens_out == 0) == (family == "bert"), "an encoder writes nothing"
    if family == "bert":
        assert all(abs(sum(torch.tensor(p.label_logprobs).exp().tolist()) - 1) < 1e-5 for p in found)


@pytest.mark.parametrize("family", ["bart", "llama"])
def test_question_with_labels_is_answered_by_choosing(family: str, make: Any) -> None:
    found, _, _ = run(make(family), task("qa", labels=LABELS), examples(2, LABELS))
    assert {p.finish for p in found} == {"choice"}


@pytest.mark.parametrize("family", ["roberta", "distilbert"])
def test_encoder_batch_equals_single_examples(family: str, make: Any) -> None:
    loaded = make(family)
    rows = [replace(e, inputs={"input": e.inputs["input"][:40]}) for e in examples(30, LABELS)]
    found, _, _ = run(loaded, task("classification"), rows)
    for row, p in zip(rows, found, strict=True):
        ids = torch.tensor([loaded.tokenizer(row.inputs["input"])["input_ids"]])
        with torch.no_grad():
            alone = loaded.model(input_ids=ids).logits[0].log_softmax(-1)
        torch.testing.assert_close(torch.tensor(p.label_logprobs), alone, rtol=1e-4, atol=1e-4)
        assert p.tokens_in == ids.shape[1]


@pytest.mark.parametrize("family", ["t5", "bart", "llama"])
def test_answer_ends_before_a_stop_text_and_the_output_is_kept(family: str, make: Any) -> None:
    loaded, rows = make(family), examples(8)
    free, _, _ = run(loaded, task(decode=DecodeSpec(max_new_tokens=8)), rows)
    stop = next(found.group() for p in free if (found := re.search(r"(?<=..)\w{2}", p.output)))
    found, _, _ = run(loaded, task(decode=DecodeSpec(max_new_tokens=8, stop=(stop,))), rows)
    assert any(stop in p.output for p in found)
    for before, p in zip(free, found, strict=True):
        assert before.output.startswith(p.output)
        assert p.extracted == p.output.split(stop)[0].strip()
        if stop in p.output:
            assert p.finish == "stop" and p.tokens_out <= before.tokens_out


def test_text_for_no_answer_becomes_the_empty_answer(make: Any) -> None:
    loaded, rows = make("t5"), examples(1)
    (free,), _, _ = run(loaded, task("qa"), rows)
    (found,), _, _ = run(loaded, task("qa", no_answer=free.output.strip()), rows)
    assert (found.output, found.extracted, found.answer) == (free.output, "", "")


def test_batch_that_exceeds_memory_is_split(make: Any) -> None:
    """For an encoder-decoder as for a decoder, the GPU's memory decides how many rows go at once, not the result."""
    loaded, rows = make("t5"), examples(9)
    whole, _, _ = run(loaded, task(), rows)
    encode = loaded.model.get_encoder()
    sizes: list[int] = []

    def too_much(_module: Any, _args: Any, inputs: dict[str, Any]) -> None:
        sizes.append(len(inputs["input_ids"]))
        if sizes[-1] > 2:
            raise torch.cuda.OutOfMemoryError

    encode.register_forward_pre_hook(too_much, with_kwargs=True)
    assert run(loaded, task(), rows)[0] == whole
    assert max(sizes) == 9 and min(sizes) <= 2


def test_budget_depends_on_the_shape(make: Any) -> None:
    """A decoder shares its context with the answer; an encoder-decoder does not, and an encoder has none."""
    budgets = {}
    for family in ("llama", "bart", "bert"):
        loaded = make(family)
        encoder = PromptEncoder(loaded.tokenizer, "plain", loaded.shape)
        budgets[family] = prompt_budget(task("qa"), encoder, 96, (), loaded.shape)
        assert prompt_budget(task("qa", max_length=20), encoder, 96, (), loaded.shape) == (15 if family == "llama" else 20)
    assert budgets == {"llama": 91, "bart": 96, "bert": 96}
    loaded = make("t5")
    encoder = PromptEncoder(loaded.tokenizer, "plain", loaded.shape)
    long = task("qa", decode=DecodeSpec(max_new_tokens=97))
    with pytest.raises(BenchError, match=r"an output of 97 tokens exceeds the 96 .*: lower decode\.max_new_tokens"):
        prompt_budget(long, encoder, 96, (), "encoder-decoder")


@pytest.mark.parametrize("family", ["bart", "roberta", "bert"])
def test_longest_allowed_prompt_is_predicted(family: str, make: Any) -> None:
    loaded = make(family)
    rows = [replace(e, inputs={"input": "long é " * 300}) for e in examples(2, LABELS)]
    found, _, _ = run(loaded, task("classification"), rows)
    assert {p.tokens_in for p in found} <= {loaded.context, loaded.context - 1, loaded.context - 2}


def test_no_examples_give_no_predictions(make: Any) -> None:
    assert Predictor(task(), Strategy(name="base", method="prompt"), make("bert"), LABELS).predict([]) == []


def test_encoder_reads_the_inputs_in_order() -> None:
    assert render_inputs(Example("1", {"question": "Who?", "passage": "A man.\n\nB"}, ("x",))) == "Who?\nA man.\n\nB"
