"""What all prompts begin with, as keys and values that are computed once: virtual tokens, an instruction, the shots of a few-shot prompt.

Attention is causal, so nothing that follows changes a beginning: what later tokens see of it is a key-value cache. PEFT's prompt-learning
methods put n trained vectors before the prompt; inference starts from a copy of their cache and calls the base model, since PEFT's own
forward pass would put the virtual tokens in again at every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# A pass of its own pays for a beginning of so many tokens.
_WORTH_SHARING = 16


@dataclass(frozen=True)
class Prefix:
    """What inference starts from; without virtual tokens and before any prompt it has a length of 0.

    `model` is the model to call; `layers` holds keys and values (1, heads, length, head size) of each of its layers.
    """

    model: Any
    length: int = 0
    layers: tuple[tuple[Any, Any], ...] = ()

    @staticmethod
    def of(model: Any) -> Prefix:
        """The prefix of a model that PEFT has wrapped, or that stands alone."""
        import torch
        from transformers import DynamicCache

        config = getattr(model, "active_peft_config", None)
        if config is None or not config.is_prompt_learning:
            return Prefix(model)
        base = model.get_base_model()
        with torch.no_grad():
            cache = model.get_prompt(batch_size=1)  # prefix tuning: a cache; the others: embeddings (1, n, H)
            if isinstance(cache, torch.Tensor):
                embeddings = cache.to(model.word_embeddings.weight.dtype)
                cache = DynamicCache(config=base.config)
                base(inputs_embeds=embeddings, cache=cache, use_cache=True, logits_to_keep=1)
        return Prefix(base, config.num_virtual_tokens, tuple((layer.keys, layer.values) for layer in cache.layers))

    def with_beginning(self, prompts: Sequence[Sequence[int]]) -> tuple[Prefix, Sequence[Sequence[int]]]:
        """This prefix with the tokens that all the prompts begin with, and what is left of each prompt: one token at least.

        Where little is shared, or a layer keeps something else than keys and values of each place, nothing changes.
        """
        import torch

        first, last = min(prompts, key=list), max(prompts, key=list)  # in the order of lists: what these two share, all share
        shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
        shared = min(shared, *(len(prompt) - 1 for prompt in prompts))
        if len(prompts) < 2 or shared < _WORTH_SHARING or not plain_cache(self.model.config):
            return self, prompts
        device = next(self.model.parameters()).device
        ids = torch.tensor([list(first[:shared])], device=device)  # (1, S)
        seen = torch.ones_like(ids)
        cache = self.cache(1)
        with torch.no_grad():
            self.model(
                input_ids=ids,
                attention_mask=self.mask(seen),
                position_ids=self.positions(seen),
                cache=cache,
                use_cache=True,
                logits_to_keep=1,
            )
        layers = tuple((layer.keys, layer.values) for layer in cache.layers)
        return Prefix(self.model, self.length + shared, layers), [prompt[shared:] for prompt in prompts]

    def cache(self, rows: int) -> Any:
        """A fresh cache for a batch of so many rows; it begins with the prefix."""
        from transformers import DynamicCache

        cache = DynamicCache(config=self.model.config)
        for index, (keys, values) in enumerate(self.layers):
            cache.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1), index)
        return cache

    def mask(self, mask: Any) -> Any:
        """An attention mask (B, T) with the prefix in front (B, length + T)."""
        import torch

        return torch.cat([mask.new_ones(len(mask), self.length), mask], dim=1)

    def positions(self, mask: Any) -> Any:
        """Position ids (B, T) of the tokens behind the prefix, for a mask (B, T) without it; padding does not count."""
        return self.length + (mask.cumsum(dim=1) - 1).clamp(min=0)


def plain_cache(config: Any) -> bool:
    """Whether every layer of a model keeps all keys and values, as a prefix needs it: no sliding windows, no recurrences."""
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    layers = DynamicCache(config=config).layers
    return bool(layers) and all(type(layer) is DynamicLayer for layer in layers)
