"""Decoders whose layers do not keep all keys and values: sliding windows, convolutions, recurrences."""

import pytest
import torch
import transformers

from harness.engine.adapters import adapt
from harness.engine.inference import generate
from harness.engine.inference.choose import LabelScorer
from harness.errors import BenchError
from harness.types import Strategy

SIZES = {
    "vocab_size": 128, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "initializer_range": 0.3, "bos_token_id": None, "eos_token_id": 1, "pad_token_id": 0,
}  # fmt: skip
KINDS = {
    "window": ("Mistral", {"sliding_window": 6}),
    "windows-and-all": (
        "Gemma3", {"sliding_window": 6, "head_dim": 16, "layer_types": ["sliding_attention", "full_attention"]},
    ),
    "convolution": ("Lfm2", {"layer_types": ["conv", "full_attention"], "block_ff_dim": 96}),
    "recurrence": (
        "FalconH1", {"mamba_d_ssm": 64, "mamba_n_heads": 4, "mamba_d_head": 16, "mamba_d_state": 16, "mamba_chunk_size": 8},
    ),
}  # fmt: skip
PROMPTS = [torch.randint(3, 128, (n,), generator=torch.Generator().manual_seed(n)).tolist() for n in (4, 17, 2, 9, 11)]


@pytest.fixture(params=KINDS, scope="module")
def model(request):
    family, options = KINDS[request.param]
    config = getattr(transformers, f"{family}TextConfig" if family == "Gemma3" else f"{family}Config")
    torch.manual_seed(0)
    return getattr(transformers, f"{family}ForCausalLM")(config(**SIZES, **options)).eval()


def reference(model, prompt):
    ids = torch.tensor([prompt])
    out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False, eos_token_id=None, pad_token_id=0)
    return out[0, len(prompt) :].tolist()


def test_batch_equals_transformers_row_by_row(model):
    free = [reference(model, prompt) for prompt in PROMPTS]
    stops = {free[1][3], free[3][5]}  # rows end early and are taken out of the batch, with what their layers keep
    expected = [next((row[:i] for i, token in enumerate(row) if token in stops), row) for row in free]
    assert [output.ids for output in generate(model, PROMPTS, max_new_tokens=12, stop_ids=stops, pad_id=0)] == expected


def test_label_likelihoods_equal_full_passes(model):
    """Short prompts come first: a tree that works for them may not work behind longer ones."""
    labels = [[5, 6, 1], [5, 7, 1], [9, 1]]
    scorer = LabelScorer(model, labels, 0)
    found = [row for prompts in ([PROMPTS[2]], PROMPTS) for row in scorer(prompts)]
    expected = []
    for prompt in [PROMPTS[2], *PROMPTS]:
        row = []
        for label in labels:
            with torch.no_grad():
                chances = model(torch.tensor([prompt + label])).logits[0].log_softmax(-1)
            row.append(sum(chances[len(prompt) - 1 + i, token].item() for i, token in enumerate(label)))
        expected.append(row)
    torch.testing.assert_close(torch.tensor(found), torch.tensor(expected), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING"])
def test_virtual_tokens_are_refused(model, kind):
    soft = Strategy(name="soft", method="peft", adapter={"peft_type": kind, "num_virtual_tokens": 4}, train={})
    with pytest.raises(BenchError, match=rf"strategy 'soft': {kind} .*every layer sees all tokens.*{model.config.model_type}"):
        adapt(model, soft, 0)
