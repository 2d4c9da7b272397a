"""Processes that each hold a part of the layers answer as one process does: the same texts, labels and losses."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch

from harness.engine.adapters import adapt, load_adapter, save_artifact
from harness.engine.distributed import ProcessGroup, stage
from harness.engine.inference import Predictor
from harness.engine.models import LoadedModel, ModelSource, find_device, load_model
from harness.engine.tuning import general_loss
from harness.types import Example, Prediction, Strategy, Task
from tests.engine.distributed.conftest import strategy_of
from tests.tiny_models import DECODERS, save_model

ANSWERS = {"metrics": ("rouge",), "primary": "rougeL", "decode": {"max_new_tokens": 6}}
CHOICES = {"metrics": ("classification",), "primary": "macro_f1", "labels": ("card", "refund", "pin")}
EXAMPLES = [
    Example(f"e{i}", {"input": "my card has not arrived yet, where is the card " + "that I ordered " * (i % 3) + str(i)}, ("card",))
    for i in range(7)
]  # a shared beginning, and rows that end at different times


def predict(loaded: LoadedModel, strategy: Strategy, kind: str) -> list[Prediction]:
    options = ANSWERS if kind == "generation" else CHOICES
    task = Task(name="t", kind=kind, data={"source": "clinic"}, prompt="{{ input }}\n", **options)  # type: ignore[arg-type]
    return Predictor(task, strategy, loaded, task.labels).predict(EXAMPLES)


def answer(loaded: LoadedModel, strategy: Strategy) -> dict[str, Any]:
    """Texts and labels of the model, its loss on general text, and the bytes of its weights in this process."""
    results: dict[str, Any] = {}
    for kind in ("generation", "classification"):
        predictions = predict(loaded, strategy, kind)
        results[kind] = [each.output for each in predictions]
        results[f"{kind}, likelihoods"] = [value for each in predictions for value in each.label_logprobs or [each.mean_logprob]]
    loss = general_loss(loaded.model, loaded.tokenizer, context=256, pad_id=0, device="cpu", on_tokens=lambda count: None)
    held = {p.untyped_storage().data_ptr(): p.untyped_storage().nbytes() for p in loaded.model.parameters() if p.device.type != "meta"}
    parts = [p for name, p in loaded.model.named_parameters() if re.search(r"\.(layers|h)\.", name)]
    layers = {p.untyped_storage().data_ptr(): p.untyped_storage().nbytes() for p in parts if p.device.type != "meta"}
    return results | {"loss": loss, "bytes": sum(held.values()), "bytes of layers": sum(layers.values())}


def load(source: ModelSource, kind: str, artifact: Any, *, to_divide: bool) -> LoadedModel:
    loaded = load_model(source, find_device("float32"), quantization=strategy_of(kind).quantization, to_divide=to_divide)
    if kind != "full":
        loaded.model = load_adapter(loaded.model, artifact)
    return loaded


def check(source: ModelSource, kind: str, together: Callable[..., Any], folder: Any, processes: int = 2) -> None:
    strategy = strategy_of(kind)
    if kind != "full":  # an adapter with random weights
        model = adapt(load_model(source, find_device("float32"), quantization=strategy.quantization).model, strategy, 3, steps=6)
        torch.manual_seed(5)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.data.normal_(std=0.05)
        save_artifact(model, load_model(source, find_device("float32")).tokenizer, folder, origin="llama", revision=None)

    def work(group: ProcessGroup) -> dict[str, Any]:
        loaded = load(source, kind, folder, to_divide=True)
        stage(loaded.model, group)
        return answer(loaded, strategy)

    parts = together(processes, work)  # before this process uses threads, which its forks would not have
    whole = answer(load(source, kind, folder, to_divide=False), strategy)
    for part in parts:
        for name, value in whole.items():
            if not name.startswith("bytes"):
                assert part[name] == pytest.approx(value, rel=1e-4) if name == "loss" or "," in name else part[name] == value, name
    held = [part["bytes of layers"] for part in parts]
    assert max(held) < whole["bytes of layers"] * (1 / processes + 0.02), "each process has its part of the layers"
    assert all(part["bytes"] < whole["bytes"] for part in parts)


def test_two_processes_answer_as_one(llama: ModelSource, together: Any, tmp_path: Any) -> None:
    check(llama, "qlora", together, tmp_path / "adapter")


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["full", "lora", "dora"])
def test_every_kind_of_weights_is_divided(llama: ModelSource, together: Any, tmp_path: Any, kind: str) -> None:
    check(llama, kind, together, tmp_path / "adapter")


@pytest.mark.soak
@pytest.mark.parametrize("family", DECODERS)
def test_families_are_divided(together: Any, tmp_path: Any, family: str) -> None:
    """Windows, experts, layers that return tuples; three processes for five layers."""
    sizes = {"layer_types": [*["sliding_attention"] * 3, *["full_attention"] * 2]} if family == "gemma3_text" else {}
    folder = save_model(tmp_path / "model", family, num_hidden_layers=5, **sizes)
    source = ModelSource(family, family, folder, "0" * 64)
    strategy = strategy_of("full")

    def work(group: ProcessGroup) -> dict[str, Any]:
        loaded = load(source, "full", None, to_divide=True)
        stage(loaded.model, group)
        return answer(loaded, strategy)

    parts = together(3, work)
    whole = answer(load(source, "full", None, to_divide=False), strategy)
    assert all(part[name] == whole[name] for part in parts for name in ("generation", "classification"))
    assert sum(part["bytes of layers"] for part in parts) == whole["bytes of layers"]


def test_a_failure_of_one_process_is_one_of_all(llama: ModelSource, together: Any) -> None:
    """A lack of memory halves the batch on all of them; any other error ends all of them."""

    def work(group: ProcessGroup) -> dict[str, Any]:
        loaded = load(llama, "full", None, to_divide=True)
        stage(loaded.model, group)
        last, rows = loaded.model.model.layers[1].mlp, [0]
        compute = last.forward

        def run_out(hidden: Any) -> Any:
            if len(hidden) > 3:
                raise torch.cuda.OutOfMemoryError("as if there were no more")
            rows.append(len(hidden))
            return compute(hidden)

        if not group.is_first:  # it has the last layer
            last.forward = run_out
        return {"outputs": [each.output for each in predict(loaded, strategy_of("full"), "generation")], "rows": max(rows)}

    first, second = together(2, work)
    whole = predict(load(llama, "full", None, to_divide=False), strategy_of("full"), "generation")
    assert second["rows"] == 3 and first["outputs"] == second["outputs"] == [each.output for each in whole]


@pytest.mark.soak
def test_an_error_in_one_process_is_one_in_all(llama: ModelSource, together: Any) -> None:
    def work(group: ProcessGroup) -> str:
        loaded = load(llama, "full", None, to_divide=True)
        stage(loaded.model, group)
        if not group.is_first:
            loaded.model.model.layers[1].mlp = None
        try:
            answer(loaded, strategy_of("full"))
        except Exception as error:
            return str(error)
        return ""

    assert together(2, work) == ["process 2 of 2 could not compute its layers", "'NoneType' object is not callable"]


@pytest.mark.soak
def test_a_model_that_cannot_be_divided_is_refused(llama: ModelSource, together: Any) -> None:
    def work(group: ProcessGroup) -> str:
        try:
            stage(load(llama, "full", None, to_divide=True).model, group)
        except RuntimeError as error:
            return str(error)
        return ""

    assert together(3, work) == ["LlamaForCausalLM has 2 layers, which cannot be divided among 3 processes"] * 3
