"""Rotary positions of queries and keys (Su et al. 2021) as one function of autograd, in place of the function that the code of a model in
transformers has for them (`apply_rotary_pos_emb`)."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias

from harness.engine.distributed import is_sharded
from harness.engine.tuning.token_functions import TokenFunctions, without_autocast

_NAME = "apply_rotary_pos_emb"
_Rotation: TypeAlias = Callable[..., tuple[Any, Any]]
# The modules of transformers that are changed, with what each had before: trainings of one process may end in any order.
_changed: dict[str, list[_Rotation]] = {}


@contextlib.contextmanager
def fused_rotations(model: Any, functions: TokenFunctions) -> Iterator[None]:
    """Inside this context, models of the same code as this one rotate queries and keys in one function, if theirs is this one."""
    names = [] if is_sharded(model) else sorted({type(module).__module__ for module in model.modules()})
    changed = [name for name in names if name in _changed or _rotates(getattr(sys.modules[name], _NAME, None))]
    for name in changed:
        before = _changed[name][0] if name in _changed else getattr(sys.modules[name], _NAME)
        _changed.setdefault(name, []).append(before)
        setattr(sys.modules[name], _NAME, _replacement(before, functions))
    try:
        yield
    finally:
        for name in changed:
            before = _changed[name].pop()
            if not _changed[name]:
                del _changed[name]
                setattr(sys.modules[name], _NAME, before)


@lru_cache(maxsize=64)
def _rotates(rotation: Any) -> bool:
    """Whether a function rotates queries and keys as `rotate` of `token_functions` does, and returns the format that torch chooses: tried
    with numbers of its own."""
    import torch

    if not callable(rotation):
        return False
    generator = torch.Generator().manual_seed(0)
    query, key = (torch.randn(2, heads, 3, 8, generator=generator) for heads in (4, 2))
    cos, sin = (torch.randn(2, 3, 8, generator=generator) for _ in range(2))
    try:
        rotated = rotation(query, key, cos, sin)
        expected = [(x * cos.unsqueeze(1)) + (torch.cat((-x[..., 4:], x[..., :4]), -1) * sin.unsqueeze(1)) for x in (query, key)]
        is_same = len(rotated) == 2 and all(torch.equal(one, other) for one, other in zip(rotated, expected, strict=True))
        return is_same and all(each.dtype == torch.float32 for each in rotation(query.bfloat16(), key.bfloat16(), cos, sin))
    except Exception:  # whatever the code of a model raises
        return False


def _replacement(original: _Rotation, functions: TokenFunctions) -> _Rotation:
    last: list[Any] = []  # cos, sin, and what was made of them: all layers of a pass have the same

    def rotate_both(query: Any, key: Any, cos: Any, sin: Any, *args: Any, **options: Any) -> tuple[Any, Any]:
        """Queries (B, heads, T, D) and keys (B, heads that share, T, D) at positions whose cos and sin are (B or 1, T, D)."""
        if args or options or query.dim() != 4 or cos.dim() != 3 or cos.shape[-1] != query.shape[-1]:
            return original(query, key, cos, sin, *args, **options)
        size = (query.shape[0], *cos.shape[1:])
        if not (last and last[0] is cos and last[1] is sin and last[2] == size):
            last[:] = [cos, sin, size, [each.expand(size).reshape(-1, size[-1]) for each in (cos, sin)]]
        return _rotate(query, last[3], functions), _rotate(key, last[3], functions)

    return rotate_both


def _rotate(x: Any, angles: list[Any], functions: TokenFunctions) -> Any:
    """x (B, heads, T, D), rotated by cos and sin (B·T, D)."""
    by_token = x.transpose(1, 2)  # as projections write it
    return rotation().apply(by_token.reshape(-1, *by_token.shape[2:]), *angles, functions).view(by_token.shape).transpose(1, 2)


@lru_cache(maxsize=1)
def rotation() -> Any:
    """The function of autograd."""
    import torch
    from torch.autograd.function import once_differentiable

    class Rotation(torch.autograd.Function):
        """For x (N, heads, D), cos and sin (N, D)."""

        @staticmethod
        def forward(ctx: Any, x: Any, cos: Any, sin: Any, functions: TokenFunctions) -> Any:
            ctx.save_for_backward(cos, sin)
            ctx.functions, ctx.dtype = functions, x.dtype
            with without_autocast(x):
                return functions.rotate(x, cos, sin)

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, gradient: Any) -> Any:
            """The rotation back: what the first half gave to the second returns with its sine, and the other way round."""
            cos, sin = ctx.saved_tensors
            with without_autocast(gradient):
                back = sin.roll(sin.shape[-1] // 2, -1).neg_()
                return ctx.functions.rotate(gradient.contiguous(), cos, back).to(ctx.dtype), None, None, None

    return Rotation
