"""The common beginning of prompts passes through the model once, without any effect on the results."""

import pytest
import torch
from transformers import MllamaForCausalLM
from transformers.models.mllama import MllamaTextConfig

from harness.engine.inference.choose import LabelScorer, score_labels
from harness.engine.inference.generate import generate
from harness.engine.inference.shared_prefix import Prefix
from harness.engine.models.device import Device
from harness.engine.models.load import load_model
from harness.engine.models.resolve import resolve_model

LABELS = [[40, 41, 2], [40, 2], [50, 2]]
SHARED = [5 + i % 90 for i in range(60)]
PROMPTS = [[*SHARED, 100 + i, *range(200, 200 + 3 * i)] for i in range(5)]


@pytest.fixture(scope="module")
def model():
    return load_model(resolve_model("tiny"), Device("cpu", "test", "float32")).model


@pytest.fixture
def passes(model):
    """The shapes of the token ids that went through the model."""
    seen = []
    handle = model.register_forward_pre_hook(lambda _m, _a, kwargs: seen.append(tuple(kwargs["input_ids"].shape)), with_kwargs=True)
    yield seen
    handle.remove()


def outputs(model, prompts):
    return [g.ids for g in generate(model, prompts, max_new_tokens=12, stop_ids={2}, pad_id=0)]


def test_generation_is_unchanged_and_the_beginning_is_computed_once(model, passes):
    together = outputs(model, PROMPTS)
    assert passes[0] == (1, 60)
    assert passes[1] == (5, max(len(p) for p in PROMPTS) - 60)
    assert together == [outputs(model, [prompt])[0] for prompt in PROMPTS]


def test_models_with_layers_that_read_an_image_answer_texts():
    """Without an image these layers keep no keys and values, also in the middle of the others."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96}
    rope = {"rope_type": "default", "rope_theta": 10_000.0}
    config = MllamaTextConfig(**sizes, vocab_size=320, pad_token_id=0, cross_attention_layers=[1], rope_parameters=rope)
    model = MllamaForCausalLM(config).eval()
    together = outputs(model, PROMPTS)
    assert together == [outputs(model, [prompt])[0] for prompt in PROMPTS]
    assert len({tuple(ids) for ids in together}) > 1, "the outputs depend on the prompts"


def test_likelihoods_are_unchanged(model):
    together = LabelScorer(model, LABELS, 0)(PROMPTS)
    alone = [score_labels(model, prompt, LABELS, 0) for prompt in PROMPTS]
    torch.testing.assert_close(torch.tensor(together), torch.tensor(alone), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("prompts", "shared"),
    [
        ([SHARED, SHARED], 59),  # the same prompt twice: something must be left
        ([SHARED, [*SHARED, 7]], 59),  # one is the beginning of the other
        ([SHARED, SHARED[:10]], 0),  # too little to pay for a pass
        ([SHARED, [9, *SHARED]], 0),
        ([SHARED], 0),  # a single prompt shares nothing
    ],
)
def test_length_of_the_shared_beginning(model, prompts, shared):
    prefix, rest = Prefix.of(model).with_beginning(prompts)
    assert prefix.length == shared
    assert [list(prompt) for prompt in rest] == [prompt[shared:] for prompt in prompts]
    assert outputs(model, prompts) == [outputs(model, [prompt])[0] for prompt in prompts]
