"""Dropout whose masks depend on the seed, the step, the example and the layer, and on nothing else.

torch draws masks from one generator, in the order in which tensors arrive: cutting a batch differently, or computing a layer a second time
for gradient checkpointing, changes them. Here `torch.nn.functional.dropout` and the attention function are replaced while a model trains;
modules, adapters of PEFT and the models of transformers all call them. A layer is identified by the number of the call in the forward pass.

Not covered, and still drawn from torch's generator: dropout inside recurrent layers (the encoder of P-tuning), and what PEFT draws itself
(`rank_dropout` and `module_dropout` of LoHa and LoKr). In layers that see tokens without the dimension of the examples (experts of a
mixture that have dropout of their own), masks depend on the place of a token in the tensor instead of its example.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

from harness.engine.tuning.keyed_random import BITS, draw, draw_below, mix_key

_HALF = 1 << (BITS - 1)
_NOISE = -1  # the number of the layer of `uniform_noise`


class KeyedRandom:
    """The random choices of a training with this seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        # Of the micro-batch, each example's seed, step, and place in the training set; empty: no training is going on.
        self._examples: tuple[tuple[int, int, int], ...] = ()
        self._lengths: tuple[int, ...] = ()
        self._calls = 0  # of dropout in this forward pass

    def begin(self, step: int, examples: Sequence[int], lengths: Sequence[int] = ()) -> None:
        """Begin the forward pass of a micro-batch, as part of this step.

        Args:
            examples: their places in the training set.
            lengths: the tokens of each that the model reads first.
        """
        self._begin([(self._seed, step, example) for example in examples], lengths)

    def begin_several(self, examples: Sequence[tuple[int, int, int]]) -> None:
        """Begin the forward pass of a micro-batch with examples of several trainings: the seed, the step, and the place in the training set
        of each."""
        self._begin(examples, ())

    def _begin(self, examples: Sequence[tuple[int, int, int]], lengths: Sequence[int]) -> None:
        self._examples, self._lengths, self._calls = tuple(examples), tuple(lengths), 0

    @property
    def step(self) -> tuple[int, int] | None:
        """The seed and the step of the micro-batch that was announced last; None if none was."""
        return self._examples[0][:2] if self._examples else None

    def take_lengths(self) -> tuple[int, ...]:
        """The lengths of the examples, once in each forward pass; then empty."""
        lengths, self._lengths = self._lengths, ()
        return lengths

    @contextlib.contextmanager
    def replacing_dropout(self) -> Iterator[None]:
        """Inside this context, every model in this process uses these masks in the passes that `begin` announces."""
        import torch.nn.functional as F

        originals = F.dropout, F.scaled_dot_product_attention

        def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
            if not training or p == 0.0 or not self._examples:
                return originals[0](input, p, training, inplace)
            return self._dropped(input, p)

        def attention(query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, *args: Any, **options: Any) -> Any:
            if dropout_p == 0.0 or not self._examples:
                return originals[1](query, key, value, attn_mask, dropout_p, *args, **options)
            return self._attention(query, key, value, attn_mask, dropout_p, *args, **options)

        F.dropout, F.scaled_dot_product_attention = dropout, attention
        try:
            yield
        finally:
            F.dropout, F.scaled_dot_product_attention = originals
            self._examples = ()

    def recomputation(self) -> tuple[Any, Any]:
        """The contexts of a part that is computed once now and once in the backward pass, with the same masks: for `torch.utils.checkpoint`
        as its `context_fn`."""
        return contextlib.nullcontext(), self._again_from(self._calls)

    def uniform_noise(self, like: Any) -> Any:
        """Numbers between -1 and 1 of the shape and the format of `like`, (examples, ...)."""
        return (draw(*self._places(like, _NOISE)).view(like.shape).to(like.dtype) + 0.5) / _HALF

    @contextlib.contextmanager
    def _again_from(self, calls: int) -> Iterator[None]:
        current, self._calls = self._calls, calls
        try:
            yield
        finally:
            self._calls = current

    def choose_dropped(self, values: Any, p: float) -> tuple[Any, float] | None:
        """What the next dropout of this forward pass takes away: a mask of the shape of `values`, True with the probability p, and the
        factor of the other values, with which their mean stays. None where torch's own dropout is used: no pass was announced, or nothing
        would be left.
        """
        threshold = round(p * 2 * _HALF)
        if not self._examples or threshold >= 2 * _HALF:
            return None
        layer, self._calls = self._calls, self._calls + 1
        keys, shape = self._places(values, layer)
        return draw_below(keys, shape, threshold - _HALF).view(values.shape), 1 / (1 - threshold / (2 * _HALF))

    def _dropped(self, values: Any, p: float) -> Any:
        """Values that are 0 with the probability p, and otherwise scaled so that their mean stays."""
        import torch

        chosen = self.choose_dropped(values, p)
        if chosen is None:
            return torch.zeros_like(values) * values  # with a gradient, as torch has it
        dropped, factor = chosen
        return values.masked_fill(dropped, 0.0).mul_(factor)

    def _places(self, values: Any, layer: int) -> tuple[Any, tuple[int, ...]]:
        """The keys of the examples, and the shape of their numbers; one key for everything if the tensor has no dimension of examples."""
        import torch

        shape = tuple(values.shape)
        if len(shape) > 1 and shape[0] == len(self._examples):
            keys = [mix_key(seed, step, layer, 1 + example) for seed, step, example in self._examples]
        else:
            seed, step, _ = self._examples[0]
            shape, keys = (1, *(shape or (1,))), [mix_key(seed, step, layer, 0)]
        return torch.tensor(keys, device=values.device), shape

    def _attention(
        self,
        query: Any,
        key: Any,
        value: Any,
        mask: Any,
        p: float,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Any:
        """`torch.nn.functional.scaled_dot_product_attention` as its documentation defines it, with dropout of the attention weights."""
        import torch

        if enable_gqa:
            key, value = (t.repeat_interleave(query.shape[-3] // t.shape[-3], -3) for t in (key, value))
        scores = query @ key.transpose(-2, -1) * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)  # (B, heads, T, S)
        if is_causal:
            mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
        if mask is not None:
            # The lowest finite number, because nothing would be left of a row that is hidden completely.
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min) if mask.dtype == torch.bool else scores + mask
        return self._dropped(scores.softmax(-1), p) @ value
