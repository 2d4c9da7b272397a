"""Noise on the embeddings of training examples (NEFTune; Jain et al., "NEFTune: Noisy Embeddings Improve Instruction Finetuning", 2023)."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

from harness.engine.tuning.keyed_dropout import KeyedRandom


@contextlib.contextmanager
def noisy_embeddings(model: Any, strength: float | None, random: KeyedRandom) -> Iterator[None]:
    """Inside this context, each number of an example's embeddings gets uniform noise of at most α / √(L·d) while the model trains.

    α is `strength`, L the tokens of the example without padding, d the width of an embedding. Of an encoder-decoder, the encoder alone gets
    noise.
    """
    if strength is None:
        yield
        return

    def add_noise(module: Any, _args: tuple[Any, ...], embeddings: Any) -> Any:
        import torch

        lengths = random.take_lengths() if module.training and torch.is_grad_enabled() else ()
        if not lengths:
            return embeddings
        highest = [strength / math.sqrt(length * embeddings.shape[-1]) for length in lengths]
        scale = torch.tensor(highest, dtype=embeddings.dtype, device=embeddings.device).view(-1, 1, 1)
        return embeddings + random.uniform_noise(embeddings) * scale  # (B, T, d)

    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    reader = base.get_encoder() if base.config.is_encoder_decoder else base
    handle = reader.get_input_embeddings().register_forward_hook(add_noise)
    try:
        yield
    finally:
        handle.remove()
