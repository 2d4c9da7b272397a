"""Every shape in the training loop: it learns, is stored, and computes the same after loading."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_models import TEXTS, save_model

from harness.engine.adapters import adapt, load_adapter, save_artifact, trainable_parameters
from harness.engine.inference import Predictor
from harness.engine.models import LoadedModel, ModelSource, find_device, load_model, resolve_model
from harness.engine.tuning import encode_examples, train
from harness.measure import Meter
from harness.types import DataSpec, DecodeSpec, Example, Prediction, QuantizationSpec, Strategy, Task, TrainSpec

pytestmark = pytest.mark.usefixtures("own_cache")

LABELS = ("card", "refund", "pin", "urgent care")
EXAMPLES = [Example(f"{i}", {"input": text}, (LABELS[i // 2],), LABELS) for i, text in enumerate(TEXTS)]
LORA = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": "all-linear"}
RECIPE = {"batch_size": 8, "epochs": 40, "learning_rate": 1e-2, "schedule": "constant", "patience": None, "validations_per_epoch": 1}
FULL = Strategy(name="full", method="full", train=RECIPE | {"learning_rate": 4e-3})
TUNED = Strategy(name="lora", method="peft", adapter=LORA, train=RECIPE)
PACKED = Strategy(name="qlora", method="peft", adapter=LORA, quantization=QuantizationSpec(), train=RECIPE)
# Without dropout, and with an output layer of its own, so that few steps are enough.
CONFIGS: dict[str, dict[str, Any]] = {
    "t5": {"dropout_rate": 0.0, "tie_word_embeddings": False},
    "bart": {"dropout": 0.0, "spread": 0.1},
    "bert": {"hidden_dropout_prob": 0.0},
}


def task(kind: str) -> Task:
    values = {
        "prompt": "{{ input }}",
        "prompt_format": "plain",
        "max_length": 64,
        "metrics": ("x",),
        "primary": "x",
        "decode": DecodeSpec(max_new_tokens=12),
    }
    return Task(name="t", kind=kind, data=DataSpec(path="x.csv"), **values)


@dataclass
class Trained:
    """A trained model, and how it was loaded."""

    loaded: LoadedModel
    source: ModelSource
    strategy: Strategy
    folder: Path

    def predictions(self, kind: str = "classification", model: Any = None) -> list[Prediction]:
        loaded = self.loaded if model is None else replace(self.loaded, model=model)
        return Predictor(task(kind), self.strategy, loaded, LABELS).predict(EXAMPLES)

    def stored(self) -> Any:
        """The model as it comes back from disk."""
        artifact = self.folder / "artifact"
        save_artifact(self.loaded.model, self.loaded.tokenizer, artifact, origin="org/model", revision=None)
        assert not {f.suffix for f in artifact.rglob("*") if f.is_file()} & {".bin", ".pt", ".pkl"}
        full = self.strategy.method == "full"
        source = replace(self.source, folder=artifact) if full else self.source
        again = load_model(source, find_device("float32"), quantization=self.strategy.quantization, labels=LABELS).model
        return again if full else load_adapter(again, artifact)


@pytest.fixture
def trained(tmp_path: Path) -> Any:

    def _trained(family: str, strategy: Strategy, **recipe: Any) -> Trained:
        device = find_device("float32")
        source = resolve_model(str(save_model(tmp_path / family, family, **CONFIGS.get(family, {}))))
        full = strategy.method == "full"
        loaded = load_model(source, device, full_precision=full, quantization=strategy.quantization, labels=LABELS)
        predictor = Predictor(task("classification"), strategy, loaded, LABELS)
        rows, _ = encode_examples(predictor, EXAMPLES)
        loaded.model = adapt(loaded.model, strategy, 0, shape=loaded.shape)
        spec = TrainSpec(**(strategy.train.model_dump() | recipe))
        train(
            loaded.model, rows, rows, spec, parameters=0, seed=0, pad_id=predictor.encoder.pad_id, device=device,
            shape=loaded.shape, meter=Meter("cpu", "cpu", None), curve=tmp_path / "training.jsonl", checkpoint=tmp_path / "checkpoint",
        )  # fmt: skip
        return Trained(loaded, source, strategy, tmp_path)

    return _trained


def right(predictions: list[Prediction]) -> int:
    return sum(p.answer == e.targets[0] for p, e in zip(predictions, EXAMPLES, strict=True))


@pytest.mark.parametrize(
    ("family", "strategy"),
    [("bert", FULL), ("bert", PACKED), ("roberta", FULL), ("roberta", TUNED), ("distilbert", TUNED)],
    ids=lambda value: getattr(value, "name", value),
)
def test_encoder_learns_its_labels_and_survives_storing(family: str, strategy: Strategy, trained: Any) -> None:
    tuned = trained(family, strategy)
    found = tuned.predictions()
    assert right(found) == len(EXAMPLES)
    again = tuned.predictions(model=tuned.stored())
    for a, b in zip(found, again, strict=True):
        torch.testing.assert_close(torch.tensor(b.label_logprobs), torch.tensor(a.label_logprobs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("family", "strategy"),
    [("t5", FULL), ("t5", PACKED), ("bart", FULL), ("bart", TUNED)],
    ids=lambda value: getattr(value, "name", value),
)
def test_encoder_decoder_learns_to_write_and_to_choose(family: str, strategy: Strategy, trained: Any) -> None:
    tuned = trained(family, strategy)
    written, chosen = tuned.predictions("summarization"), tuned.predictions()
    assert {p.finish for p in written} == {"stop"}
    assert (right(written), right(chosen)) == (len(EXAMPLES), len(EXAMPLES))
    again = tuned.stored()
    assert tuned.predictions("summarization", again) == written


def test_only_adapter_and_head_are_trained(trained: Any) -> None:
    tuned = trained("bert", TUNED, epochs=1)
    base = load_model(tuned.source, find_device("float32"), labels=LABELS).model
    changed = {}
    for name, parameter in tuned.loaded.model.named_parameters():
        if "lora_" not in name:
            plain = name.replace("base_model.model.", "").replace("modules_to_save.default.", "").replace("original_module.", "")
            changed[name] = not torch.equal(parameter, base.get_parameter(plain.replace("base_layer.", "")))
    moved = {name for name, was in changed.items() if was}
    assert moved and all("modules_to_save.default" in name for name in moved)
    assert any("classifier" in name for name in moved)
    assert trainable_parameters(tuned.loaded.model) < sum(p.numel() for p in base.parameters()) / 2
