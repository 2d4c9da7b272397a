"""What layers compute for each token by itself, as functions of tensors: plain, or compiled by torch for this processor or GPU.

A layer of transformers composes them of operations that each read and write all numbers. A compiled function reads and writes them once:
on a CPU, a norm of 1,024 tokens in bfloat16 takes a sixth of the time, and turning queries and keys a third (torch 2.13, a Xeon with AMX).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias, cast

from harness.cache import cache_folder

FOLDER = "compiled-functions"
_VARIABLE = "TORCHINDUCTOR_CACHE_DIR"
# In this process alone, without what torch keeps as pickles, and without headers compiled in advance: 150 MB, which torch reads from the
# folder for temporary files wherever its cache is.
_OPTIONS: dict[str, str | int | bool | Callable[..., Any]] = {
    "compile_threads": 1,
    "fx_graph_cache": False,
    "cpp_cache_precompile_headers": False,
}
_MOST_FORMATS = 64  # of a function: in one process, the steps of several models may be tried
_DEVICES = ("cpu", "cuda")
_TOLERANCE = {2: 2.0**-6, 4: 1e-4, 8: 1e-9}  # of a compiled function's results, by the bytes of a number, as a share of the largest one

_Function: TypeAlias = Callable[..., Any]


class TokenFunctions(NamedTuple):
    """The functions below, or what computes the same."""

    norm: _Function
    norm_gradient: _Function
    gate: _Function
    gate_gradients: _Function
    rotate: _Function


def norm(x: Any, weight: Any, epsilon: float) -> tuple[Any, Any]:
    """w·x/sqrt(mean(x²) + ε) of x (N, d) for w (d), and 1/sqrt(mean(x²) + ε) in float32, (N, 1). The sum of x² is computed as x is read."""
    import torch

    root = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
    inverse = root.square_().div_(x.shape[-1]).add_(epsilon).rsqrt_()
    return weight * (x * inverse).to(x.dtype), inverse


def norm_gradient(gradient: Any, x: Any, weight: Any, inverse: Any) -> Any:
    """The gradient of x from that of the output, (N, d). With n = x·inverse and g = gradient·w, it is inverse·(g - n·mean(g·n))."""
    import torch

    scaled = gradient * weight
    mean = (scaled * x).sum(-1, keepdim=True, dtype=torch.float32).mul_(inverse).div_(x.shape[-1])  # of g·n
    return (scaled * inverse).addcmul_(x.to(torch.float32), mean.mul_(inverse).mul_(inverse), value=-1).to(x.dtype)


def gate(gates: Any, values: Any) -> Any:
    """silu(g)·v for g and v (M)."""
    import torch

    return torch.nn.functional.silu(gates) * values


def gate_gradients(gradient: Any, gates: Any, values: Any) -> tuple[Any, Any]:
    """The gradients of g and v from that of silu(g)·v, (M) each."""
    import torch

    return torch.ops.aten.silu_backward(gradient * values, gates), torch.nn.functional.silu(gates) * gradient


def rotate(x: Any, cos: Any, sin: Any) -> Any:
    """Rotary positions (Su et al. 2021) of x (N, heads, D), whose halves a and b become a·cos - b·sin and b·cos + a·sin, for cos and sin
    (N, D) of the same numbers in each half, or of others in each."""
    import torch

    half = x.shape[-1] // 2
    a, b, cos, sin = x[..., :half], x[..., half:], cos.unsqueeze(1), sin.unsqueeze(1)
    return torch.cat((a * cos[..., :half] - b * sin[..., :half], b * cos[..., half:] + a * sin[..., half:]), -1)


PLAIN = TokenFunctions(norm, norm_gradient, gate, gate_gradients, rotate)


def without_autocast(x: Any) -> Any:
    """A context without torch's autocast on the device of x."""
    import torch

    return torch.autocast(x.device.type if x.device.type in _DEVICES else "cpu", enabled=False)


@lru_cache(maxsize=1)
def compiled() -> TokenFunctions:
    """The functions, each of which is compiled when it is called for the first time."""
    return TokenFunctions(*(_Compiled(function) for function in PLAIN))


class _Compiled:
    """A function that is compiled at its first call with numbers of a format, and compared with the plain one then. Where torch cannot
    compile, for instance without a C++ compiler or without Triton, or where the results differ, the plain one is called from then on.
    """

    def __init__(self, plain: _Function) -> None:
        self._plain = plain
        self._compiled: _Function | None = None
        self._works: dict[object, bool] = {}

    def __call__(self, *args: Any) -> Any:
        first = args[0]
        if first.device.type not in _DEVICES or first.shape[0] < 2:  # torch compiles sizes of 1 by themselves
            return self._plain(*args)
        formats = tuple((each.device, each.dtype, each.shape[1:]) if hasattr(each, "dtype") else None for each in args)
        works = self._works.get(formats)
        if works is None:
            return self._try(formats, args)
        if not works or self._compiled is None:
            return self._plain(*args)
        return self._compiled(*_as_compiled(args))

    def _try(self, formats: object, args: tuple[Any, ...]) -> Any:
        import torch

        expected = self._plain(*args)
        if not _are_finite(expected):  # anything might be near to them
            return expected
        try:
            with _compiling():
                self._compiled = self._compiled or _compile(self._plain)
                results = self._compiled(*_as_compiled(args))
            self._works[formats] = _is_near(results, expected)
        except torch.cuda.OutOfMemoryError:  # both results at once were too much; smaller micro-batches may follow
            return expected
        except Exception:  # torch raises whatever its compiler does
            self._works[formats] = False
        # A training that resumes in a new process has the numbers of one that was not interrupted.
        return results if self._works[formats] else expected


def _compile(function: _Function) -> _Function:
    import torch
    import torch._inductor.config as known

    _keep_files_in_cache()
    # torch refuses options that it does not know: older versions never compile headers in advance.
    options = {name: value for name, value in _OPTIONS.items() if hasattr(known, name)}
    return torch.compile(function, dynamic=True, fullgraph=True, options=options)


def _keep_files_in_cache() -> None:
    """Let torch write and read compiled files in the user's cache, unless the user has named a folder. torch names one itself as soon as
    parts of it are imported: a path in the folder for temporary files, which other users of the machine can guess."""
    from torch._inductor.runtime.cache_dir_utils import default_cache_dir

    if os.environ.get(_VARIABLE, default_cache_dir()) == default_cache_dir():
        folder = cache_folder() / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.environ[_VARIABLE] = str(folder)


def _compiling() -> ExitStack:
    """The settings of torch to compile with that are no options."""
    from torch._dynamo import config as dynamo
    from torch._functorch import config as autograd

    stack = ExitStack()
    stack.enter_context(cast(Any, dynamo).patch(recompile_limit=_MOST_FORMATS))
    stack.enter_context(cast(Any, autograd).patch(enable_autograd_cache=False))
    return stack


def _as_compiled(args: tuple[Any, ...]) -> list[Any]:
    """The arguments as torch knows them again: neither views nor with gradients, and one number behind the other. Of sizes only the first
    varies, the number of tokens. Whatever differs in a later call would be compiled once more."""
    import torch

    known = [each.data.contiguous() if hasattr(each, "data") else each for each in args]
    for each in known:
        for size in range(1, getattr(each, "ndim", 0)):
            torch._dynamo.mark_static(each, size)
    return known


def _are_finite(results: Any) -> bool:
    return all(bool(each.isfinite().all()) for each in (results if isinstance(results, tuple) else [results]))


def _is_near(results: Any, expected: Any) -> bool:
    """Whether results are the same to rounding."""
    pairs = zip(results, expected, strict=True) if isinstance(expected, tuple) else [(results, expected)]
    return all(
        one.dtype == other.dtype
        and one.shape == other.shape
        and float((one - other).abs().max()) <= _TOLERANCE[one.element_size()] * float(other.abs().max())
        for one, other in pairs
    )
