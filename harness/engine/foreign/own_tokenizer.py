"""The tokenizer and the embeddings that a trainer wrote beside its adapter.

A trainer may add tokens, such as those of a chat template, and then stores the embeddings with the new rows. Where a folder has a
tokenizer, it is used, with its chat template: the adapter has learned with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.engine.foreign.adapter_config import ADAPTER_WEIGHTS
from harness.engine.models import LoadedModel, has_tokenizer, read_tensor_shapes, use_tokenizer_of
from harness.errors import BenchError

_MOST_NEW_ROWS = 100_000


def prepare_for_adapter(loaded: LoadedModel, folder: Path) -> LoadedModel:
    """The base model as the adapter in `folder` was trained on it: with its tokenizer, and with as many embeddings as it stores.

    Changes the model of `loaded`.

    Raises:
        BenchError: the tokenizer cannot be loaded, or it has more tokens than the embeddings have rows.
    """
    shapes = read_tensor_shapes(folder / ADAPTER_WEIGHTS)
    added = _resize(loaded.model, shapes, folder)
    if has_tokenizer(folder):
        loaded = use_tokenizer_of(folder, loaded)
    loaded = replace(loaded, added_tokens=added)
    rows, tokens = loaded.model.get_input_embeddings().weight.shape[0], len(loaded.tokenizer)
    if tokens > rows:
        raise BenchError(
            f"{folder}: its tokenizer has {tokens:,} tokens, and the model has embeddings for {rows:,}: tokens were added, and their "
            "embeddings were not stored. Save the adapter again with save_embedding_layers=True, or merge it and save the whole model."
        )
    return loaded


def embedding_names(model: Any) -> tuple[str, ...]:
    """The names under which PEFT stores the embeddings and the output layer of a model whose vocabulary has grown."""
    ends = [end for end in (model.get_input_embeddings(), model.get_output_embeddings()) if end is not None]
    return tuple(f"base_model.model.{name}.weight" for name, module in model.named_modules() if any(module is end for end in ends))


def _resize(model: Any, shapes: Mapping[str, tuple[int, ...]], folder: Path) -> int:
    """Give the model as many embeddings as are stored; returns how many were added."""
    rows = {shapes[name][0] for name in embedding_names(model) if shapes.get(name)}
    own = int(model.get_input_embeddings().weight.shape[0])
    if not rows or rows == {own}:
        return 0
    if len(rows) > 1 or not 0 < max(rows) <= own + _MOST_NEW_ROWS:
        counts = " and ".join(f"{count:,}" for count in sorted(rows))
        raise BenchError(f"{folder}: its embeddings have {counts} rows, and the base model has {own:,}. It was trained on another model.")
    model.resize_token_embeddings(max(rows), mean_resizing=False)
    return max(rows) - own
