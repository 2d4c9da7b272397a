"""Logits of the last tokens, of models with frozen weights, as those with an adapter have them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from cpu_allocations import peak_of

from harness.engine.inference import LabelScorer
from harness.engine.inference.choose import score_labels
from harness.engine.inference.generate import generate
from harness.engine.models import Device, load_model, resolve_model

PROMPTS = [[5 + i, *range(7, 60)] for i in range(24)]
LABELS = [[10 + i, 9, 8] for i in range(24)]


def score_by_tree(model: Any) -> None:
    LabelScorer(model, LABELS[:2], 0)._by_tree(PROMPTS)


WAYS: dict[str, Callable[[Any], Any]] = {
    "writing": partial(generate, prompts=PROMPTS, max_new_tokens=2, stop_ids=(), pad_id=0),
    "choosing by a tree": score_by_tree,
    "choosing label by label": partial(score_labels, prompt=PROMPTS[0], labels=LABELS, pad_id=0, rows=24),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_weights_are_copied(way: str) -> None:
    """The included model has 2.6 MB of output weights. torch copies them for each row of a batch whose hidden states are a slice."""
    model = load_model(resolve_model("tiny"), Device("cpu", "a CPU", "bfloat16")).model.requires_grad_(False).eval()
    copies = len(PROMPTS) * model.get_output_embeddings().weight.nbytes
    assert peak_of(lambda: WAYS[way](model)) < copies / 2
