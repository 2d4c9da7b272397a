"""Adapters that cannot work are refused with a reason, before any cell starts if the strategy alone shows it."""

import re

import pytest
from peft import PeftType
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Lfm2Config,
    Lfm2ForCausalLM,
    OlmoConfig,
    OlmoForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

from harness.catalog import shipped_folder
from harness.engine.adapters import adapt, check_adapter
from harness.engine.adapters.peft_methods import _FOUR_BIT, _REFUSED, adapter_config
from harness.engine.models.load import load_skeleton
from harness.engine.models.resolve import resolve_model
from harness.engine.prompts import virtual_tokens
from harness.errors import BenchError
from harness.types import QuantizationSpec, Strategy


def peft(kind, quantization=None, **fields):
    return Strategy(name="mine", method="peft", adapter={"peft_type": kind} | fields, quantization=quantization, train={})


@pytest.mark.parametrize("kind", sorted(_REFUSED))
def test_unsupported_methods_are_refused(kind):
    with pytest.raises(BenchError, match=rf"strategy 'mine': adapter\.peft_type: {kind} cannot be used here: it "):
        check_adapter(peft(kind.lower()))


@pytest.mark.parametrize("kind", ["LOHA", "LOKR", "HRA", "DELORA", "OSF", "PEANUT"])
def test_methods_unsupported_on_four_bits_are_refused(kind):
    check_adapter(peft(kind))
    with pytest.raises(BenchError, match=rf"{kind} does not work on a base model in 4 bits"):
        check_adapter(peft(kind, QuantizationSpec()))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        *((value, "looks at data") for value in ("eva", "corda", "loftq", "lora_ga", "EVA")),
        ("pissa_niter_4", "changes the base model at random"),
    ],
)
def test_initializations_that_need_data_or_randomness_are_refused(value, reason):
    with pytest.raises(BenchError, match=rf"adapter\.init_lora_weights: {value} cannot be used here: it {reason}"):
        check_adapter(peft("LORA", init_lora_weights=value))
    check_adapter(peft("LORA", init_lora_weights="pissa"))


@pytest.mark.parametrize("name", ["task_type", "inference_mode", "base_model_name_or_path"])
def test_fields_set_by_bench_are_refused(name):
    with pytest.raises(BenchError, match=rf"adapter\.{name}: bench sets this field; leave it out"):
        check_adapter(peft("LORA", **{name: "SEQ_CLS"}))


def test_all_unknown_fields_are_named_at_once():
    with pytest.raises(BenchError) as caught:
        check_adapter(peft("VERA", rank=3, d_intial=0.2, vera_dropout=0.1))
    assert len(caught.value.problems) == 2
    assert "adapter.rank: VeraConfig has no such field" in caught.value.problems[0]
    assert "adapter.d_intial: VeraConfig has no such field. Did you mean 'd_initial'" in caught.value.problems[1]


@pytest.mark.parametrize("count", [0, -3, 2.5, "20", True, None])
@pytest.mark.parametrize("kind", ["PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING"])
def test_invalid_number_of_virtual_tokens_is_refused(kind, count):
    with pytest.raises(BenchError, match=rf"adapter\.num_virtual_tokens: must be the number of trained tokens.*not {count!r}"):
        check_adapter(peft(kind, num_virtual_tokens=count))


def test_number_of_virtual_tokens_is_required():
    with pytest.raises(BenchError, match=r"adapter\.num_virtual_tokens: must be the number of trained tokens, a whole number from 1$"):
        check_adapter(peft("PROMPT_TUNING"))
    assert virtual_tokens(peft("PREFIX_TUNING", num_virtual_tokens=7)) == 7
    assert virtual_tokens(peft("LORA", r=7)) == 0
    assert virtual_tokens(Strategy(name="base", method="prompt")) == 0


SMALL = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 32, "num_attention_heads": 2}


def test_unknown_model_type_requires_named_layers():
    """PEFT knows the layers of IA3 for some types of models alone; others have them under the same names, or do not."""
    olmo = adapt(OlmoForCausalLM(OlmoConfig(num_hidden_layers=1, **SMALL)), peft("IA3"), 0)
    assert olmo.peft_config["default"].target_modules == {"k_proj", "v_proj", "down_proj"}
    lfm2 = Lfm2ForCausalLM(Lfm2Config(num_hidden_layers=1, num_key_value_heads=1, layer_types=["full_attention"], **SMALL))
    with pytest.raises(BenchError, match=r"which layers IA3 adapts in models of the type lfm2: name them as adapter\.target_modules"):
        adapt(lfm2, peft("IA3"), 0)


def test_adapter_that_could_not_be_read_again_is_refused(loaded):
    with pytest.raises(BenchError, match=r"'mine' does not fit this model: .*feedforward_modules"):
        adapt(loaded.model, peft("IA3", target_modules="all-linear"), 0)


def test_adapter_without_trained_weights_is_refused(loaded):
    with pytest.raises(BenchError, match="the adapter of 'mine' trains nothing of this model"):
        adapt(loaded.model, peft("TRAINABLE_TOKENS"), 0)


def test_silent_failures_of_peft_are_clear_errors(loaded):
    with pytest.raises(BenchError, match="the adapter of 'mine' does not fit this model: StopIteration"):
        adapt(loaded.model, peft("LN_TUNING", target_modules=["rotary_emb"]), 0)
    with pytest.raises(BenchError, match=r"adapter\.adapter_len: ADAPTION_PROMPT needs it"):
        check_adapter(peft("ADAPTION_PROMPT", adapter_layers=1))


@pytest.mark.parametrize("kind", ["PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING"])
def test_virtual_tokens_are_refused_for_other_shapes_than_decoders(kind):
    sizes = {"vocab_size": 64, "num_layers": 1, "d_model": 32, "d_ff": 32, "d_kv": 16, "num_heads": 2}
    t5 = T5ForConditionalGeneration(T5Config(**sizes))
    config = BertConfig(vocab_size=64, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2)
    bert = BertForSequenceClassification(config)
    for model, shape in ((t5, "encoder-decoder"), (bert, "encoder")):
        with pytest.raises(BenchError, match=f"works on decoders only; this model is an {shape}"):
            adapt(model, peft(kind, num_virtual_tokens=3), 0, shape=shape)


NEEDS = {
    "ADAPTION_PROMPT": {"adapter_len": 3, "adapter_layers": 1},
    "C3A": {"block_size": 64},
    "SHIRA": {"r": 8},
    "TRAINABLE_TOKENS": {"token_indices": [3]},
    "VBLORA": {"vector_length": 32},
}


@pytest.mark.parametrize("kind", sorted({t.value for t in PeftType} - set(_REFUSED)))
def test_every_method_can_be_checked_on_a_model_without_weights(kind, tiny):
    """So it is found out before the first cell whether an adapter fits; what is made from the weights themselves is left open."""
    soft = {"num_virtual_tokens": 3} if kind in ("CARTRIDGE", "PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING") else {}
    adapt(load_skeleton(tiny).model, peft(kind, **soft, **NEEDS.get(kind, {})), 0)


def test_four_bit_methods_exist_in_peft():
    assert {t.value for t in PeftType} - set(_REFUSED) >= _FOUR_BIT


def test_readme_lists_the_supported_and_refused_methods():
    text = (shipped_folder("strategies") / "README.md").read_text(encoding="utf-8")
    tested, four_bit = (set(re.findall(r"[A-Z][A-Z0-9_]+", block)) for block in re.findall(r"(?:^> .*\n)+", text, re.MULTILINE))
    assert tested == {t.value for t in PeftType} - set(_REFUSED)
    assert four_bit == _FOUR_BIT
    refused = text.split("| refused | why |")[1].split("## ")[0]
    assert all(f"`{kind}`" in refused for kind in _REFUSED)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"r": "abc"}, r"adapter\.r: must be a valid integer.*, not 'abc'"),
        ({"r": 8.5}, r"adapter\.r: must be a valid integer.*, not 8\.5"),
        ({"r": [8]}, r"adapter\.r: must be a valid integer, not \[8\]"),
        ({"use_dora": "maybe"}, r"adapter\.use_dora: must be a valid boolean.*, not 'maybe'"),
        ({"lora_dropout": -1}, r"adapter\.lora_dropout: must be at least 0 and below 1, not -1"),
        ({"bias": "foo"}, r"adapter\.bias: must be 'none', 'all' or 'lora_only', not 'foo'"),
    ],
)
def test_values_of_the_wrong_type_are_refused(fields, said):
    with pytest.raises(BenchError, match=said):
        check_adapter(peft("LORA", **fields))


def test_number_that_yaml_reads_as_text_is_a_number():
    assert adapter_config(peft("LORA", lora_dropout="1e-1", r="8"), "decoder", None).lora_dropout == 0.1


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("LORA", {"target_modules": ["q_proj", "v_projj"]}, r"target_modules: the model has no module 'v_projj'\. Did you mean 'v_proj'"),
        ("LORA", {"modules_to_save": ["nope"]}, r"modules_to_save: the model has no module 'nope'"),
        ("LORA", {"rank_pattern": {"q_prj": 4}}, r"rank_pattern: no module of the model matches 'q_prj'\. Did you mean 'q_proj'"),
        ("LORA", {"rank_pattern": {"(": 4}}, r"rank_pattern: no module of the model matches '\('"),
        ("OFT", {"oft_block_size": 7}, r"Invalid `oft_block_size` \(7\)! Adjusted"),
    ],
)
def test_names_that_peft_would_silently_ignore_are_refused(kind, fields, said):
    with pytest.raises(BenchError, match=said):
        adapt(load_skeleton(resolve_model("tiny")).model, peft(kind, **fields), 0)
