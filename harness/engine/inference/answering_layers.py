"""The layers of a model as they compute while it answers: without gradients, and in fewer steps than those of PEFT and torch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from harness.engine.inference.lora_answers import answering_forwards
from harness.engine.models import arranged_forward, is_faster_linear, product_forward, replaced_forwards


@contextlib.contextmanager
def answering(model: Any, *, arranges: bool = False) -> Iterator[None]:
    """Inside this context, a model computes without gradients, its layers of LoRA, AdaLoRA and DoRA as `lora_answers` says, and its
    linear layers by `product_forward` or `arranged_forward`.

    Args:
        arranges: whether linear layers arrange their weights, which must not change inside the context; see `arranged_size`.
    """
    import torch

    forward = arranged_forward if arranges else product_forward
    linear = [each for each in model.modules() if is_faster_linear(each) and "forward" not in vars(each)]
    with replaced_forwards(answering_forwards(model) | {each: forward(each) for each in linear}), torch.no_grad():
        yield
