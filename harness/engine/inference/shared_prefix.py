"""What all prompts begin with, computed once as keys and values: virtual tokens, an instruction, the examples of a few-shot prompt.

Attention is causal, so nothing that follows changes a beginning: what later tokens see of it is a key-value cache. PEFT's prompt-learning
methods put n trained vectors in front of the prompt. Inference starts from a copy of their cache and calls the base model, because PEFT's
own forward pass would insert the virtual tokens again at every step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.engine.inference.answering_layers import answering
from harness.engine.inference.last_positions import last_positions

# A separate pass pays off for a shared beginning of at least so many tokens.
_WORTH_SHARING = 16


@dataclass(frozen=True)
class Prefix:
    """What inference starts from.

    `model` is the model to call. `length` counts the tokens of the prefix, and `layers` holds keys and values (1, heads, length, head size)
    by layer; some models have layers without them, such as those that read an image. Without virtual tokens, and before any prompt, the
    length is 0.
    """

    model: Any
    length: int = 0
    layers: Mapping[int, tuple[Any, Any]] = field(default_factory=dict)

    @staticmethod
    def of(model: Any) -> Prefix:
        """The prefix of a model, whether PEFT has wrapped it or not."""
        import torch
        from transformers import DynamicCache

        config = getattr(model, "active_peft_config", None)
        if config is None or not config.is_prompt_learning:
            return Prefix(model)
        base = model.get_base_model()
        with answering(model):
            cache = model.get_prompt(batch_size=1)  # prefix tuning: a cache; the other methods: embeddings (1, n, H)
            if isinstance(cache, torch.Tensor):
                embeddings = cache.to(model.word_embeddings.weight.dtype)
                cache = DynamicCache(config=base.config)
                base(inputs_embeds=embeddings, cache=cache, use_cache=True, logits_to_keep=last_positions(1))
        return Prefix(base, config.num_virtual_tokens, filled_layers(cache))

    def with_beginning(self, prompts: Sequence[Sequence[int]]) -> tuple[Prefix, Sequence[Sequence[int]]]:
        """Extend the prefix by the tokens that all prompts begin with.

        Returns:
            The prefix, and the rest of each prompt, which has at least one token. Nothing changes if the prompts share little, or if a
            layer keeps something else than keys and values of each position.
        """
        shared = count_shared(self.model.config, prompts)
        if not shared:
            return self, prompts
        return self.extended_by(prompts[0][:shared]), [prompt[shared:] for prompt in prompts]

    def extended_by(self, tokens: Sequence[int]) -> Prefix:
        """The prefix followed by these tokens, at least one. Only for models with a `plain_cache`.

        Raises:
            ValueError: the model leaves the cache empty.
        """
        import torch

        ids = torch.tensor([list(tokens)], device=next(self.model.parameters()).device)  # (1, S)
        mask = torch.ones_like(ids)
        cache = self.cache(1)
        with answering(self.model):
            self.model(
                input_ids=ids,
                attention_mask=self.mask(mask),
                position_ids=self.positions(mask),
                cache=cache,
                use_cache=True,
                logits_to_keep=last_positions(1),
            )
        layers = filled_layers(cache)
        if not layers:
            raise ValueError(f"{type(self.model).__name__} leaves its cache of keys and values empty")
        return Prefix(self.model, self.length + len(tokens), layers)

    def cache(self, rows: int) -> Any:
        """A fresh cache for a batch of so many rows; it begins with the prefix."""
        from transformers import DynamicCache

        cache = DynamicCache(config=self.model.config)
        for index, (keys, values) in self.layers.items():
            cache.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1), index)
        return cache

    def mask(self, mask: Any) -> Any:
        """An attention mask (B, T), extended by the prefix: (B, length + T)."""
        import torch

        return torch.cat([mask.new_ones(len(mask), self.length), mask], dim=1)

    def positions(self, mask: Any) -> Any:
        """The position ids (B, T) of the tokens behind the prefix, for a mask (B, T) without it; padding does not count."""
        return self.length + (mask.cumsum(dim=1) - 1).clamp(min=0)


def filled_layers(cache: Any) -> dict[int, tuple[Any, Any]]:
    """Keys and values of the layers of a cache that have some, by index."""
    return {index: (layer.keys, layer.values) for index, layer in enumerate(cache.layers) if layer.is_initialized}


def count_shared(config: Any, prompts: Sequence[Sequence[int]]) -> int:
    """The tokens at the beginning of all prompts of a batch that are computed once; 0 if they share little, or the model does not allow
    it."""
    if len(prompts) < 2:
        return 0
    first, last = min(prompts, key=list), max(prompts, key=list)  # in the order of lists: what these two share, all share
    shared = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    shared = min(shared, *(len(prompt) - 1 for prompt in prompts))
    return shared if shared >= _WORTH_SHARING and plain_cache(config) else 0


def plain_cache(config: Any) -> bool:
    """Whether every layer of a model keeps all keys and values, as a prefix needs it: no sliding windows, no recurrences."""
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    layers = DynamicCache(config=config).layers
    return bool(layers) and all(type(layer) is DynamicLayer for layer in layers)
