"""What training and generation both need to know of an encoder-decoder."""

from __future__ import annotations

from typing import Any

from harness.errors import BenchError


def decoder_start(model: Any) -> int:
    """The token in front of every target: the decoder's first input.

    Raises:
        BenchError: when the model names none.
    """
    for name in ("decoder_start_token_id", "bos_token_id"):
        for config in (model.config, model.generation_config):
            token = getattr(config, name, None)
            if isinstance(token, int):
                return token
    raise BenchError("the model's configuration names no decoder_start_token_id, so that its decoder cannot begin")
