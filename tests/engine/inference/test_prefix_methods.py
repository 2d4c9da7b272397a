"""Virtual tokens: inference with a cached prefix equals PEFT's own forward pass, which training uses."""

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from harness.engine.adapters import adapt, load_adapter, save_artifact
from harness.engine.inference import generate
from harness.engine.inference.choose import LabelScorer, score_continuations, score_labels
from harness.engine.inference.shared_prefix import Prefix
from harness.engine.models import find_device, load_model, resolve_model
from harness.engine.tuning.batches import EncodedExample
from harness.engine.tuning.loss import batch_loss
from harness.types import QuantizationSpec, Strategy

KINDS = {
    "prompt": {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 5},
    "prompt-of-words": {"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 5, "prompt_tuning_init": "SAMPLE_VOCAB"},
    "p-tuning": {"peft_type": "P_TUNING", "num_virtual_tokens": 3, "encoder_hidden_size": 16},
    "p-tuning-lstm": {
        "peft_type": "P_TUNING", "num_virtual_tokens": 3, "encoder_hidden_size": 16, "encoder_reparameterization_type": "LSTM",
    },
    "prefix": {"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 5},
    "prefix-projected": {"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 5, "prefix_projection": True, "encoder_hidden_size": 16},
    "cartridge": {"peft_type": "CARTRIDGE", "num_virtual_tokens": 5, "num_frozen_tokens": 1},
    "one-token": {"peft_type": "PREFIX_TUNING", "num_virtual_tokens": 1},
}  # fmt: skip
PROMPTS = [[5, 9, 33, 20], [7], list(range(40, 59)), [60, 61, 62]]
LABELS = [[10, 11, 1], [10, 12, 13, 1], [40, 1], [10, 11, 14, 15, 16, 1]]


def small(kind, **config):
    """A model of random weights far from uniform, so that a wrong mask or position shows, with a random soft prompt on it."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 128, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    special = {"bos_token_id": None, "eos_token_id": 1, "pad_token_id": 0, "initializer_range": 0.2}
    base = LlamaForCausalLM(LlamaConfig(**sizes, **special, num_key_value_heads=2, **config)).eval()
    return adapt(base, Strategy(name="soft", method="peft", adapter=KINDS[kind], train={}), 1).eval()


def loss_of(model, prompt, completion):
    with torch.no_grad():
        return batch_loss(model, [EncodedExample(tuple(prompt), tuple(completion))], 0, "cpu", "decoder").item()


def recomputed(model, prompt, length):
    """Greedy search by PEFT's own forward pass over the whole sequence, again for every token."""
    ids = list(prompt)
    for _ in range(length):
        with torch.no_grad():
            ids.append(int(model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
    return ids[len(prompt) :]


@pytest.mark.parametrize("kind", KINDS)
def test_likelihood_of_a_completion_is_minus_its_training_loss(kind):
    model = small(kind)
    expected = torch.tensor([[-loss_of(model, prompt, label) for label in LABELS] for prompt in PROMPTS])
    scorer = LabelScorer(model, LABELS, 0)
    tree = torch.tensor(scorer(PROMPTS))  # prompts of different lengths: padded on the left
    assert scorer._tree_works
    torch.testing.assert_close(tree, expected, rtol=1e-5, atol=1e-4)
    plain = torch.tensor([score_labels(model, prompt, LABELS, 0, rows=3) for prompt in PROMPTS])
    shared = torch.tensor([score_continuations(model, prompt, LABELS, 0) for prompt in PROMPTS])
    torch.testing.assert_close(shared, plain, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(plain, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_loss_of_a_batch_is_the_sum_over_its_examples(kind):
    """Right padding behind, virtual tokens in front: neither moves the places where a loss is taken."""
    model = small(kind)
    rows = [EncodedExample(tuple(p), tuple(label)) for p, label in zip(PROMPTS, LABELS, strict=True)]
    with torch.no_grad():
        together = batch_loss(model, rows, 0, "cpu", "decoder").item()
    assert together == pytest.approx(sum(loss_of(model, p, label) for p, label in zip(PROMPTS, LABELS, strict=True)), rel=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_generation_equals_recomputing_every_step(kind):
    model = small(kind)
    free = [recomputed(model, prompt, 12) for prompt in PROMPTS]
    stops = {free[0][2], free[1][5]}  # rows end at different steps and are dropped from the batch
    expected = [next((row[:i] for i, token in enumerate(row) if token in stops), row) for row in free]
    outputs = generate(model, PROMPTS, max_new_tokens=12, stop_ids=stops, pad_id=0)
    assert [output.ids for output in outputs] == expected
    assert len({len(row) for row in expected}) > 1


def test_prefix_changes_the_outputs():
    model = small("prefix")
    with_prefix = torch.tensor(LabelScorer(model, LABELS, 0)(PROMPTS))
    without = torch.tensor(LabelScorer(model.get_base_model(), LABELS, 0)(PROMPTS))
    assert (with_prefix - without).abs().max() > 0.1


def test_batches_do_not_change_the_prefix():
    model = small("prefix")
    assert generate(model, PROMPTS, max_new_tokens=6, stop_ids={1}, pad_id=0) == generate(
        model, PROMPTS, max_new_tokens=6, stop_ids={1}, pad_id=0
    )
    assert Prefix.of(model).layers[0][0].shape == (1, 2, 5, 16)


def test_models_without_virtual_tokens_have_an_empty_prefix():
    base = small("prefix").get_base_model()
    prefix = Prefix.of(base)
    assert (prefix.model, prefix.length, prefix.layers) == (base, 0, {})
    lora = adapt(base, Strategy(name="s", method="peft", adapter={"peft_type": "LORA"}, train={}), 1)
    assert Prefix.of(lora).model is lora


@pytest.mark.parametrize("kind", ["prompt", "prefix"])
@pytest.mark.parametrize("base", ["bfloat16", "four-bit"])
def test_prefix_on_a_four_bit_or_sixteen_bit_base(kind, base, tmp_path):
    """The vectors stay in float32 whatever the base computes in, and come back from disk as they were."""
    device = find_device("bfloat16" if base == "bfloat16" else "float32")
    quantization = QuantizationSpec() if base == "four-bit" else None
    soft = Strategy(name="soft", method="peft", adapter=KINDS[kind], quantization=quantization, train={})
    loaded = load_model(resolve_model("tiny"), device, quantization=quantization)
    model = adapt(loaded.model, soft, 1).eval()
    assert {p.dtype for p in model.parameters() if p.requires_grad} == {torch.float32}
    found = torch.tensor(LabelScorer(model, LABELS, 0)(PROMPTS))
    expected = torch.tensor([[-loss_of(model, prompt, label) for label in LABELS] for prompt in PROMPTS])
    tolerance = 0.02 if base == "bfloat16" else 1e-4
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=10 * tolerance)
    save_artifact(model, loaded.tokenizer, tmp_path, origin="tiny", revision=None)
    again = load_adapter(load_model(resolve_model("tiny"), device, quantization=quantization).model, tmp_path)
    assert torch.equal(torch.tensor(LabelScorer(again, LABELS, 0)(PROMPTS)), found)
