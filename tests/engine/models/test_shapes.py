"""Models of every shape: recognized, loaded completely, with the head for the labels."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tiny_models import save_model

from harness.engine.models import find_device, load_model, resolve_model
from harness.engine.models.load import load_skeleton, shape_of_model
from harness.engine.models.shape import shape_of
from harness.errors import BenchError
from harness.types import QuantizationSpec

pytestmark = pytest.mark.usefixtures("own_cache")

LABELS = ("card", "refund", "pin")
DECODING = {"t5": "encoder-decoder", "bart": "encoder-decoder", "llama": "decoder"}
SHAPES = DECODING | dict.fromkeys(("bert", "roberta", "distilbert"), "encoder")
ENCODERS = [family for family, shape in SHAPES.items() if shape == "encoder"]


@pytest.fixture
def device() -> Any:
    return find_device("float32")


def source(folder: Path) -> Any:
    return resolve_model(str(folder))


def logits(model: Any) -> torch.Tensor:
    ids = torch.tensor([[2, 20, 21, 22, 1], [2, 30, 31, 1, 0]])
    with torch.no_grad():
        return model(input_ids=ids, attention_mask=(ids != 0).long()).logits


# ------------------------------------------------------------------------------------------------------------ recognised


@pytest.mark.parametrize(
    ("family", "saved_as", "shape"),
    [
        ("t5", None, "encoder-decoder"),
        ("bart", "BartModel", "encoder-decoder"),
        ("marian", None, "encoder-decoder"),
        ("bert", "BertModel", "encoder"),
        ("bert", "BertForMaskedLM", "encoder"),
        ("bert", "BertLMHeadModel", "decoder"),
        ("roberta", "RobertaForMaskedLM", "encoder"),
        ("roberta", "RobertaModel", "encoder"),
        ("pegasus", "PegasusForConditionalGeneration", "encoder-decoder"),
        ("xlm", "XLMWithLMHeadModel", "encoder"),
        ("modernbert", "ModernBertForMaskedLM", "encoder"),
        ("deberta-v2", "DebertaV2ForSequenceClassification", "encoder"),
        ("gpt2", "GPT2LMHeadModel", "decoder"),
        ("llama", "LlamaModel", "decoder"),
        ("qwen2", "Qwen2ForSequenceClassification", "encoder"),
    ],
)
def test_shape_follows_from_the_configuration(family: str, saved_as: str | None, shape: str) -> None:
    config = transformers.AutoConfig.for_model(family)
    config.architectures = [saved_as] if saved_as else None
    assert shape_of(config) == shape


@pytest.mark.parametrize(("family", "named"), [("vit", "ViTForImageClassification"), ("whisper", "whisper"), ("clip", "CLIPModel")])
def test_models_of_images_and_sounds_are_refused(family: str, named: str) -> None:
    config = transformers.AutoConfig.for_model(family)
    config.architectures = [named] if named != family else None
    with pytest.raises(BenchError, match=f"{named} is not a language model; bench supports decoders"):
        shape_of(config)


@pytest.mark.parametrize(("family", "saved_as"), [("roberta", "RobertaForCausalLM"), ("rwkv", "RwkvForCausalLM"), ("rwkv", None)])
def test_decoders_that_padding_changes_are_refused(family: str, saved_as: str | None) -> None:
    config = transformers.AutoConfig.for_model(family)
    config.architectures = [saved_as] if saved_as else None
    with pytest.raises(BenchError, match=f"as a decoder, {family} answers a prompt differently in a batch than alone.*another model"):
        shape_of(config)
    config.auto_map = {"AutoModelForCausalLM": "modeling_mine.Mine"}
    assert shape_of(config) == "decoder", "its own code may mask padding"


def test_error_names_the_refused_model(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "pictures", "bert")
    (folder / "config.json").write_text(json.dumps({"model_type": "vit", "architectures": ["ViTModel"]}))
    with pytest.raises(BenchError, match="the model 'pictures' cannot be loaded: ViTModel is not a language model"):
        shape_of_model(source(folder))


# ---------------------------------------------------------------------------------------------------------------- loaded


@pytest.mark.parametrize(("family", "shape"), SHAPES.items())
def test_each_shape_loads_without_warnings(family: str, shape: str, tmp_path: Path, device: Any, capfd: pytest.CaptureFixture[str]) -> None:
    folder = save_model(tmp_path / family, family)
    capfd.readouterr()
    loaded = load_model(source(folder), device, labels=LABELS)
    skeleton = load_skeleton(source(folder), labels=LABELS)
    assert capfd.readouterr() == ("", "")
    assert (loaded.shape, skeleton.shape, shape_of_model(source(folder))) == (shape,) * 3
    assert (loaded.context, loaded.parameters) == (skeleton.context, skeleton.parameters)
    assert next(skeleton.model.parameters()).is_meta


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "bart"])
def test_context_is_the_longest_sequence_that_the_model_reads(family: str, tmp_path: Path, device: Any) -> None:
    loaded = load_model(source(save_model(tmp_path / family, family)), device, labels=LABELS)
    read = loaded.model.get_encoder() if loaded.shape == "encoder-decoder" else loaded.model

    def run(length: int) -> None:
        with torch.no_grad():
            read(input_ids=torch.full((1, length), 20), attention_mask=torch.ones(1, length, dtype=torch.long))

    run(loaded.context)
    with pytest.raises((IndexError, RuntimeError)):
        run(loaded.context + 1)


def test_context_of_a_model_without_positions_is_the_tokenizers(tmp_path: Path, device: Any) -> None:
    folder = save_model(tmp_path / "t5", "t5")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    for said, context in ((512, 512), (10**30, 2048)):
        (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"model_max_length": said}))
        assert load_model(source(folder), device).context == context


def test_model_with_missing_weights_is_refused(tmp_path: Path, device: Any) -> None:
    trunk = save_model(tmp_path / "trunk", "llama", saved_as="LlamaModel")
    reason = r"trunk: its weights do not make a complete LlamaForCausalLM: missing, or of another size: lm_head\.weight$"
    with pytest.raises(BenchError, match=reason):
        load_model(source(trunk), device)
    config = json.loads((trunk / "config.json").read_text())
    (trunk / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": True, "vocab_size": 300}))
    with pytest.raises(BenchError, match=r"or of another size: model\.embed_tokens\.weight"):
        load_model(source(trunk), device)
    shallow = save_model(tmp_path / "shallow", "bert")
    config = json.loads((shallow / "config.json").read_text())
    (shallow / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(BenchError, match=r"BertForSequenceClassification: missing, .*: bert\.encoder\.layer\.2\S+ and \d+ more$"):
        load_model(source(shallow), device, labels=LABELS)
    (shallow / "config.json").write_text(json.dumps(config | {"vocab_size": 300}))
    with pytest.raises(BenchError, match=r"or of another size: bert\.embeddings\.word_embeddings\.weight$"):
        load_model(source(shallow), device, labels=LABELS)


# -------------------------------------------------------------------------------------------------------------- the head


def test_encoder_without_labels_is_refused(tmp_path: Path, device: Any) -> None:
    found = source(save_model(tmp_path / "mine", "bert"))
    for load in (lambda: load_model(found, device), lambda: load_skeleton(found)):
        with pytest.raises(BenchError, match=r"the model 'mine' is an encoder \(bert\): it can only choose among labels"):
            load()


@pytest.mark.parametrize("family", ENCODERS)
def test_new_head_is_the_same_each_time_in_every_precision(family: str, tmp_path: Path, device: Any) -> None:
    found = source(save_model(tmp_path / family, family))
    torch.manual_seed(1)
    first = load_model(found, device, labels=LABELS).model
    torch.manual_seed(2)
    other = [load_model(found, device, labels=LABELS).model]
    other.append(load_model(found, replace(device, dtype="bfloat16"), labels=LABELS, quantization=QuantizationSpec()).model)
    assert torch.equal(logits(first), logits(other[0]))
    for model in other:
        for name, parameter in model.named_parameters():
            if "classifier" in name:
                assert torch.equal(parameter, first.get_parameter(name)), name
                assert parameter.dtype == torch.float32
    assert 0 < first.get_parameter("classifier.out_proj.weight" if family == "roberta" else "classifier.weight").std() < 0.1
    assert first.config.id2label == dict(enumerate(LABELS))


def saved_classifier(folder: Path, labels: tuple[str, ...]) -> Path:
    names = {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}
    return save_model(folder, "bert", saved_as="BertForSequenceClassification", **names)


def test_stored_head_is_kept_in_the_order_of_the_labels(tmp_path: Path, device: Any) -> None:
    """A published classifier orders and writes its labels in its own way."""
    found = source(saved_classifier(tmp_path / "mine", ("PIN", "CARD", "REFUND")))
    plain = transformers.AutoModelForSequenceClassification.from_pretrained(found.folder).eval()
    loaded = load_model(found, device, labels=LABELS)
    torch.testing.assert_close(logits(loaded.model), logits(plain)[:, [1, 2, 0]])
    again = tmp_path / "again"
    loaded.model.save_pretrained(again)
    loaded.tokenizer.save_pretrained(again)
    assert torch.equal(logits(load_model(source(again), device, labels=LABELS).model), logits(loaded.model)), "and once stored, again"


@pytest.mark.parametrize("labels", [("card", "refund", "cash"), ("card", "refund"), ("LABEL_0", "LABEL_1", "LABEL_2")])
def test_head_for_other_labels_is_not_used(labels: tuple[str, ...], tmp_path: Path, device: Any) -> None:
    loaded = load_model(source(saved_classifier(tmp_path / "mine", labels)), device, labels=LABELS)
    fresh = load_model(source(save_model(tmp_path / "fresh", "bert")), device, labels=LABELS)
    assert torch.equal(loaded.model.classifier.weight, fresh.model.classifier.weight)
    assert not loaded.model.classifier.bias.any()


def test_head_is_not_quantized(tmp_path: Path, device: Any) -> None:
    found = source(save_model(tmp_path / "mine", "roberta"))
    packed = load_model(found, device, labels=LABELS, quantization=QuantizationSpec())
    kinds = {name: type(module).__name__ for name, module in packed.model.named_modules() if hasattr(module, "in_features")}
    assert {name for name, kind in kinds.items() if kind == "Linear"} == {"classifier.dense", "classifier.out_proj"}
    assert {kind for name, kind in kinds.items() if not name.startswith("classifier")} == {"Linear4bit"}
    assert packed.parameters == load_model(found, device, labels=LABELS).parameters


def test_decoder_with_a_head_reads_the_last_token_before_padding(tmp_path: Path, device: Any) -> None:
    folder = save_model(tmp_path / "mine", "llama", saved_as="LlamaForSequenceClassification", num_labels=2)
    config = json.loads((folder / "config.json").read_text())
    del config["pad_token_id"]
    (folder / "config.json").write_text(json.dumps(config))
    loaded = load_model(source(folder), device, labels=LABELS)
    with torch.no_grad():
        alone = loaded.model(input_ids=torch.tensor([[2, 30, 31, 1]])).logits
    torch.testing.assert_close(logits(loaded.model)[1:], alone, rtol=1e-4, atol=1e-5)
