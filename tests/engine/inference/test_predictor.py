"""Predictions are in the order of the examples, and the same after an interruption."""

import pytest
import torch

from harness.engine.inference import Predictor
from harness.engine.models import Device, find_device, load_model, resolve_model
from harness.engine.prompts import PromptEncoder
from harness.engine.prompts.budget import prompt_budget
from harness.engine.prompts.rendering import template_renderer
from harness.measure import Meter
from harness.types import DataSpec, DecodeSpec, Example, Strategy, Task

PRODUCTS = "harness.engine.models.products.has_onednn_products"
LABELS = ("billing", "urgent", "urgent care")


@pytest.fixture(scope="module")
def loaded():
    return load_model(resolve_model("tiny"), find_device("float32"))


def task(kind, **more):
    values = {"prompt": "Read this.\n\n{{ input }}\n", "metrics": ("x",), "primary": "x", "decode": DecodeSpec(max_new_tokens=4)} | more
    return Task(name="t", kind=kind, data=DataSpec(path="x.csv"), **values)


def examples(n=70, choices=()):
    return [Example(f"row {i}", {"input": f"Item {i} " * (1 + i * 7 % 30)}, ("x",), choices) for i in range(n)]


def run(loaded, spec, rows, done=None, stop_after=None):
    predictor = Predictor(spec, Strategy(name="base", method="prompt"), loaded, rows[0].choices)
    kept = {}

    def on_batch(batch):
        kept.update({p.example_id: p for p in batch})
        if stop_after is not None and len(kept) >= stop_after:
            raise KeyboardInterrupt

    meter = Meter("cpu", "cpu", None)
    with meter.phase("predict"):
        try:
            predictions = predictor.predict(rows, done=done, on_batch=on_batch, on_tokens=meter.count_tokens)
        except KeyboardInterrupt:
            return kept
    return predictions, kept, meter.costs()[0]


@pytest.mark.parametrize(("kind", "choices"), [("summarization", ()), ("classification", LABELS)])
def test_interrupted_prediction_resumes_with_the_same_result(loaded, kind, choices):
    rows, spec = examples(choices=choices), task(kind)
    whole, _, _ = run(loaded, spec, rows)
    assert [p.example_id for p in whole] == [r.id for r in rows]
    part = run(loaded, spec, rows, stop_after=1)
    assert 0 < len(part) < len(rows) or kind == "classification"
    again, new, _ = run(loaded, spec, rows, done=part)
    assert again == whole
    assert len(new) == len(rows) - len(part), "what was done is not done again"


def test_most_likely_label_is_predicted(loaded):
    rows = examples(6, LABELS)
    found, _, cost = run(loaded, task("classification"), rows)
    for p in found:
        assert p.extracted == p.output == LABELS[max(range(3), key=p.label_logprobs.__getitem__)]
        assert p.finish == "choice"
        assert all(score < 0 for score in p.label_logprobs)
    assert cost.tokens == sum(p.tokens_in + p.tokens_out for p in found)


def test_prompt_can_use_the_choices(loaded):
    assert (
        template_renderer("{{ choices|join('/') }}: {{ input }}")(Example("1", {"input": "a"}, ("x",), LABELS))
        == "billing/urgent/urgent care: a"
    )


def test_budget_leaves_room_for_the_output(loaded):
    encoder = PromptEncoder(loaded.tokenizer)
    assert prompt_budget(task("summarization"), encoder, 2048, ()) == 2044
    assert prompt_budget(task("summarization", max_length=100), encoder, 2048, ()) == 96
    longest = max(len(row) for row in encoder.completions(LABELS))
    assert prompt_budget(task("classification"), encoder, 2048, LABELS) == 2048 - longest


@pytest.mark.parametrize(
    ("kind", "choices", "tokens", "count"), [("summarization", (), 20, 1), ("summarization", (), 4, 0), ("classification", LABELS, 20, 0)]
)
@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch was built without oneDNN")
def test_weights_are_arranged_once_for_all_batches_of_long_outputs(monkeypatch, kind, choices, tokens, count):
    """And where all is done already, for none."""
    loaded = load_model(resolve_model("tiny"), Device("cpu", "a CPU", "float32"))
    spec, rows = task(kind, decode=DecodeSpec(max_new_tokens=tokens)), examples(choices=choices)
    monkeypatch.setattr(PRODUCTS, lambda: False)
    usual, _, _ = run(loaded, spec, rows)
    arranged = []

    def arrange(weight):
        arranged.append(weight.data_ptr())
        return torch.ops.mkldnn._reorder_linear_weight(weight, 32)

    monkeypatch.setattr(PRODUCTS, lambda: True)
    monkeypatch.setattr("harness.engine.models.arranged_products.arrange", arrange)
    outputs, _, _ = run(loaded, spec, rows)
    assert [each.output for each in outputs] == [each.output for each in usual]
    layers = [module.weight.data_ptr() for module in loaded.model.modules() if type(module) is torch.nn.Linear]
    assert sorted(arranged) == sorted(layers * count)
    arranged.clear()
    run(loaded, spec, rows, done={each.example_id: each for each in outputs})
    assert not arranged
    assert not any("forward" in vars(module) for module in loaded.model.modules())
