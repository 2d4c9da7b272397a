"""The first pass of a batch: its prompts, in groups of similar length, so that short ones are not padded to the longest.

The groups' keys and values then stand side by side in one cache, right-aligned, with room for the tokens to come. Each following step
writes its tokens into that room, where a cache that grows by concatenation would copy all of its tokens at every step.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.engine.inference.last_positions import last_positions
from harness.engine.inference.row_groups import group_by_length
from harness.engine.inference.shared_prefix import Prefix, plain_cache

if TYPE_CHECKING:
    from transformers import Cache

# What a pass costs beside its tokens, counted in tokens: reading the weights, and starting the kernels of a GPU.
_PASS_TOKENS = {"cpu": 64}
_PASS_TOKENS_ELSEWHERE = 2048
# Models that take the places of two tokens in the cache for their distance: no padding may stand between a beginning and the rest.
_DISTANCES_IN_THE_CACHE = frozenset({"gpt_neo", "mpt", "roformer"})


@dataclass
class Prefilled:
    """A batch whose prompts have passed through the model.

    Attributes:
        logits: of the token behind each prompt, (B, V).
        mask: the attention mask, (B, n + T), with T tokens of the longest prompt.
        positions: the position of each prompt's last token, (B, 1).
    """

    logits: Any
    cache: Cache
    mask: Any
    positions: Any


def prefill(prefix: Prefix, prompts: Sequence[Sequence[int]], pad_id: int, room: int, *, at_once: bool = False) -> Prefilled:
    """Pass prompts (B) through a model, whose cache then has room for so many more tokens of each.

    Models whose layers keep something else than keys and values of each position take the whole batch at once, and their cache grows.

    Args:
        at_once: these tokens pass together. A batch of one group then keeps its cache, which grows once and needs no copy with room.
    """
    device = next(prefix.model.parameters()).device
    if not plain_cache(prefix.model.config):
        return _prefill_at_once(prefix, prompts, pad_id, device)
    groups = list_groups(prefix.model.config, [len(prompt) for prompt in prompts], device.type, prefix.length)
    if len(groups) == 1:
        whole = _prefill_at_once(prefix, prompts, pad_id, device)
        return whole if at_once else _with_room([(range(len(prompts)), whole)], len(prompts), whole.mask.shape[1], room)
    parts = ((group, _prefill_at_once(prefix, [prompts[i] for i in group], pad_id, device)) for group in groups)
    return _with_room(parts, len(prompts), prefix.length + max(map(len, prompts)), room)


def list_groups(config: Any, lengths: Sequence[int], device: str, shared: int = 0) -> list[list[int]]:
    """The prompts that a model of this configuration reads at once, of prompts of these lengths, by number and in their order.

    Args:
        shared: how many tokens precede all of them.
    """
    if not plain_cache(config):
        return [list(range(len(lengths)))]
    needs_no_padding = shared and config.model_type in _DISTANCES_IN_THE_CACHE
    return group_by_length(lengths, 0 if needs_no_padding else _PASS_TOKENS.get(device, _PASS_TOKENS_ELSEWHERE))


def count_read(config: Any, lengths: Sequence[int], device: str, shared: int = 0) -> int:
    """The tokens that pass through a model of this configuration when it reads prompts of these lengths, their padding included.

    Args:
        shared: see `list_groups`.
    """
    return sum(len(group) * max(lengths[i] for i in group) for group in list_groups(config, lengths, device, shared))


def left_padded(rows: Sequence[Sequence[int]], pad_id: int, device: Any) -> tuple[Any, Any]:
    """Token ids and attention mask (B, T), padded on the left, so that every row ends where generation begins."""
    import torch

    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for i, row in enumerate(rows):
        ids[i, width - len(row) :] = torch.tensor(row)
        mask[i, width - len(row) :] = 1
    return ids.to(device), mask.to(device)


def _prefill_at_once(prefix: Prefix, prompts: Sequence[Sequence[int]], pad_id: int, device: Any) -> Prefilled:
    ids, mask = left_padded(prompts, pad_id, device)  # (B, T), (B, T)
    positions = prefix.positions(mask)  # (B, T)
    mask = prefix.mask(mask)  # (B, n + T)
    cache = prefix.cache(len(prompts))
    last = last_positions(1)
    passed = prefix.model(input_ids=ids, attention_mask=mask, position_ids=positions, cache=cache, use_cache=True, logits_to_keep=last)
    return Prefilled(passed.logits[:, -1], cache, mask, positions[:, -1:])


def _with_room(parts: Iterable[tuple[Sequence[int], Prefilled]], rows: int, width: int, room: int) -> Prefilled:
    """The batch of so many rows and of tokens of the longest, of these parts, each with the numbers of its rows.

    A layer of a part is dropped once its keys and values are copied: no more than one layer of them is in memory twice.
    """
    import torch
    from transformers import Cache

    layers: list[Any] = []
    logits: Any = None
    positions: Any = None
    mask: Any = None
    for numbers, part in parts:
        if logits is None:
            logits, positions = (each.new_zeros(rows, each.shape[1]) for each in (part.logits, part.positions))
            mask = part.mask.new_zeros(rows, width)
        index = torch.tensor(list(numbers), device=mask.device)
        logits[index], positions[index] = part.logits, part.positions
        mask[index, width - part.mask.shape[1] :] = part.mask
        of_part, part.cache.layers = part.cache.layers[::-1], []
        for number in range(len(of_part)):
            own = of_part.pop()
            if number == len(layers):
                layers.append(_room_like(own, rows, width, room))
            if own.is_initialized:
                layers[number].put(index.to(own.keys.device), own.keys, own.values)
            del own  # else the last one stays in memory while the next part is computed
        del part
    assert logits is not None, "a batch has rows"
    return Prefilled(logits, Cache(layers=layers), mask, positions)


def _room_like(layer: Any, rows: int, width: int, room: int) -> Any:
    from transformers.cache_utils import DynamicLayer

    from harness.engine.inference.roomy_layer import RoomyLayer

    if not layer.is_initialized:  # a layer that reads the keys and values of another one
        return DynamicLayer()
    return RoomyLayer(layer.keys, layer.values, rows, width, room)
