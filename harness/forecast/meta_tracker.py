"""Watches a model without weights compute: what it would allocate, multiply and move.

Tensors of torch's meta device have shapes and no values, so that a step of a 70B model takes a second and no memory. The same code runs as
in a real step, whatever the family of the model and the adapter on it; nothing about either is written down here.
"""

from __future__ import annotations

import contextlib
import functools
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.engine.models import has_amx

_CONVERTS_NOTHING = {"where", "masked_fill", "masked_fill_", "copy_"}  # these read each format as it is
_FEWEST_PACKED = 64  # queries, and keys, from which on fused attention packs keys and values for AMX (torch 2.13)
# The parts of a step: up to the loss; the backward pass of the output layer; that of the layers; that of the embeddings.
PARTS = ("forward", "head", "layers", "embeddings")


@dataclass
class StepCounts:
    """What one step takes, besides what existed before it.

    Attributes:
        peaks: bytes that are allocated at most, by part of the step.
        flops: operations of matrix products and attention, a multiplication and an addition counted as two.
        moved: bytes that all other operations read and write.
        product_bytes: bytes that matrix products read and write.
        operations: kernels that are started.
    """

    peaks: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    flops: float = 0.0
    moved: float = 0.0
    product_bytes: float = 0.0
    operations: float = 0.0

    @property
    def peak(self) -> float:
        """Bytes that are allocated at most in the whole step."""
        return max(self.peaks.values())

    def followed_by(self, other: StepCounts) -> StepCounts:
        """Both, one after the other."""
        return StepCounts(
            {part: max(self.peaks[part], other.peaks[part]) for part in PARTS},
            self.flops + other.flops,
            self.moved + other.moved,
            self.product_bytes + other.product_bytes,
            self.operations + other.operations,
        )

    def extrapolated(self, other: StepCounts, steps: float) -> StepCounts:
        """What a model has that differs from `self` by `steps` times as many layers as `other` does.

        Every number is linear in layers. A peak is, too, if the same moment allocates most for any number of layers. Moments for which this
        may not hold are stages of their own.
        """

        def along(a: float, b: float) -> float:
            return a + steps * (b - a)

        return StepCounts(
            {part: along(self.peaks[part], other.peaks[part]) for part in PARTS},
            along(self.flops, other.flops),
            along(self.moved, other.moved),
            along(self.product_bytes, other.product_bytes),
            along(self.operations, other.operations),
        )


class MetaTracker:
    """Counts what runs inside `watch`, by stage. `part` names the part of the step that is running.

    Args:
        is_full: the answer to a question about values, which models ask of masks only: is there no padding?
        on_cpu: whether the step is one on a CPU, else on a GPU.
    """

    def __init__(self, is_full: bool, *, on_cpu: bool) -> None:
        self.is_full, self.on_cpu = is_full, on_cpu
        self.counts = StepCounts()
        """Those of the stage that is running."""
        self.stages = {"": self.counts}
        self.part = PARTS[0]
        self._live = 0
        self._computing: Any = contextlib.nullcontext()
        self._seen: weakref.WeakKeyDictionary[Any, None] = weakref.WeakKeyDictionary()

    def begin_stage(self, name: str) -> None:
        """Count what follows apart. What is allocated stays so."""
        self.stages[name] = self.counts = StepCounts()
        self.hold(0)

    def ignore(self, tensors: Sequence[Any]) -> None:
        """Leave out what exists before the step."""
        for tensor in tensors:
            self._seen[tensor.untyped_storage()] = None

    @contextlib.contextmanager
    def watch(self, autocast: Any = None) -> Iterator[None]:
        """Count what runs in this context.

        Args:
            autocast: the dtype that matrix products are computed in, as torch's autocast does; the meta device has none of its own.
        """
        self._computing = _function_mode(self, autocast)
        with self._computing, _dispatch_mode(self):
            yield

    def computing(self) -> Any:
        """The context in which attention and products are computed as inside `watch`, for a part of it that torch runs without."""
        return self._computing

    def hold(self, size: int) -> None:
        """Count bytes that are allocated until the running operation ends, besides its outputs."""
        self.counts.peaks[self.part] = max(self.counts.peaks[self.part], self._live + size)

    def count(self, name: str, inputs: Sequence[Any], outputs: Sequence[Any], flops: float | None) -> None:
        """Count one operation."""
        size = sum(_size(tensor) for tensor in (*inputs, *outputs))
        fresh = [tensor for tensor in outputs if tensor.untyped_storage() not in self._seen]
        if flops is not None:
            self.counts.flops += flops
            self.counts.product_bytes += size
            self.counts.operations += 1
        elif fresh or name.endswith("_"):  # a view starts no kernel
            self.counts.moved += size
            self.counts.operations += 1
        for tensor in fresh:
            storage = tensor.untyped_storage()
            self._seen[storage] = None
            self._live += storage.nbytes()
            weakref.finalize(storage, self._free, storage.nbytes())
        self.hold(0)

    def _free(self, size: int) -> None:
        self._live -= size


def _size(tensor: Any) -> int:
    """The bytes that a kernel reads of a tensor: what is expanded is read once."""
    return int(min(tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes()))


def _converted_bytes(function: Any, inputs: Sequence[Any], outputs: Sequence[Any]) -> int:
    """What a CPU allocates inside an operation that reads several formats, besides its outputs: inputs, and an output that is one of them,
    in the format that is computed in."""
    import torch

    if torch.Tag.pointwise not in function.tags or function.overloadpacket.__name__ in _CONVERTS_NOTHING:
        return 0
    read = [each for each in inputs if each.dim()]
    formats = {each.dtype for each in read}
    if len(formats) < 2:
        return 0
    computed = functools.reduce(torch.promote_types, formats)
    written = [each for each in outputs if any(each is other for other in read)]
    return sum(each.numel() * computed.itemsize for each in (*read, *written) if each.dtype != computed)


_PRODUCTS = {"mm": 0, "bmm": 0, "addmm": 1, "baddbmm": 1}  # by operation, where its first factor is


def _flops(name: str, tensors: Sequence[Any], outputs: Sequence[Any]) -> float | None:
    """2·m·n·k of a matrix product; None for other operations."""
    first = _PRODUCTS.get(name.rstrip("_"))
    if first is None or len(tensors) <= first:
        return None
    return float(2 * outputs[0].numel() * tensors[first].shape[-1])


def _dispatch_mode(tracker: MetaTracker) -> Any:
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves, tree_map

    class Watching(TorchDispatchMode):  # type: ignore[no-untyped-call,unused-ignore]
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)]
            on_meta = [each for each in tensors if each.is_meta]
            if on_meta and len(on_meta) < len(tensors):  # masks and positions are small and have values
                move = lambda each: each.to("meta") if isinstance(each, torch.Tensor) else each  # noqa: E731
                args, kwargs = tree_map(move, (args, kwargs))
            result = function(*args, **kwargs)
            outputs = [each for each in tree_leaves(result) if isinstance(each, torch.Tensor) and each.is_meta]
            if outputs:
                name = function.overloadpacket.__name__
                tracker.count(name, on_meta, outputs, _flops(name, tensors, outputs))
                if tracker.on_cpu:
                    tracker.hold(_converted_bytes(function, on_meta, outputs))
            return result

    return Watching()  # type: ignore[no-untyped-call,unused-ignore]


def _function_mode(tracker: MetaTracker, autocast: Any) -> Any:
    """Attention without its matrix of scores, as fused kernels compute it, products of tokens with their experts, and products in the dtype
    of autocast."""
    import torch
    import torch.nn.functional as F
    from torch.overrides import TorchFunctionMode

    attend, attention = _fused_attention(tracker), torch._C._nn.scaled_dot_product_attention
    multiply = _grouped_product(tracker)
    lowered = {
        F.linear, torch.matmul, torch.bmm, torch.addmm, torch.baddbmm, torch.Tensor.matmul, torch.Tensor.__matmul__, torch.Tensor.bmm,
    }  # fmt: skip

    class Computing(TorchFunctionMode):
        def __init__(self) -> None:
            super().__init__()
            self._casts: dict[int, Any] = {}  # of weights, which autocast keeps until the end of a step

        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            if function in (torch.Tensor.__bool__, torch.Tensor.item) and args[0].is_meta:
                return tracker.is_full
            if function is attention:  # not the function of `F`, which training replaces
                values = args[2]  # in the dtype of autocast, unless a training computes in another one (`cpu_attention`)
                query, keys = (each.to(values.dtype) for each in args[:2])
                mask = kwargs.get("attn_mask", args[3] if len(args) > 3 else None)
                return attend(query, keys, values, mask)
            if getattr(function, "__name__", "") in ("grouped_mm", "_grouped_mm"):  # which torch checks on this device as on a GPU
                return multiply(args[0], args[1])
            if autocast is not None and function in lowered:
                args = tuple(self._cast(each) for each in args)
            return function(*args, **kwargs)

        def _cast(self, tensor: Any) -> Any:
            if autocast is None or not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point() or tensor.dtype == autocast:
                return tensor
            if not (tensor.is_leaf and tensor.requires_grad):
                return tensor.to(autocast)
            if id(tensor) not in self._casts:
                self._casts[id(tensor)] = tensor.to(autocast)
            return self._casts[id(tensor)]

    return Computing()


def _fused_attention(tracker: MetaTracker) -> Any:
    """Attention that keeps its inputs, its output and one number for each row, and a mask in the dtype of the inputs if there is one.

    Two products forward. Five backward, because the scores are computed again.
    """
    import torch

    class Attention(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, query: Any, keys: Any, values: Any, mask: Any) -> Any:
            *batch, heads, rows, _ = query.shape
            # The heads of a token stand side by side, so that what follows needs no copy.
            output = torch.empty(*batch, rows, heads, values.shape[-1], dtype=query.dtype, device="meta").transpose(-2, -3)
            kept = [query, keys, values, output, torch.empty(query.shape[:-1], dtype=torch.float32, device="meta")]
            if mask is not None:
                kept.append(torch.empty(mask.shape, dtype=query.dtype, device="meta"))
            ctx.save_for_backward(*kept)
            tracker.counts.flops += 2 * _score_flops(query, keys)
            if tracker.on_cpu:
                tracker.hold(_packed_bytes(query, keys))
            return output

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            query, keys, values, *_ = ctx.saved_tensors
            tracker.counts.flops += 5 * _score_flops(query, keys)
            return torch.empty_like(query), torch.empty_like(keys), torch.empty_like(values), None

    return Attention.apply


def _packed_bytes(query: Any, keys: Any) -> int:
    """Keys and values (B, heads of the queries, S, D) as fused attention copies them for AMX, which multiplies bfloat16."""
    import torch

    rows, columns = query.shape[-2], keys.shape[-2]
    if query.dtype != torch.bfloat16 or min(rows, columns) < _FEWEST_PACKED or not has_amx():
        return 0
    return int(2 * query.numel() // rows * columns * query.element_size())


def _grouped_product(tracker: MetaTracker) -> Any:
    """The products of tokens (S, in) with the weights of their experts, out of all of them (E, in, out): a token that has chosen several
    experts is there once for each.

    Tokens are taken to choose independently, so that of E experts, S tokens reach E·(1 - (1 - 1/E)^S) on average; only the weights of
    these are read.
    """
    import torch

    def count(tokens: Any, weights: Any) -> None:
        reached = 1 - (1 - 1 / weights.shape[0]) ** tokens.shape[0]
        tracker.counts.flops += 2.0 * tokens.shape[0] * weights.shape[1] * weights.shape[2]
        tracker.counts.product_bytes += _size(tokens) + reached * _size(weights)

    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, tokens: Any, weights: Any) -> Any:
            ctx.save_for_backward(tokens if ctx.needs_input_grad[1] else None, weights)  # frozen weights need no tokens backward
            count(tokens, weights)
            return torch.empty(tokens.shape[0], weights.shape[2], dtype=tokens.dtype, device="meta")

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            tokens, weights = ctx.saved_tensors
            into_tokens = into_weights = None
            if ctx.needs_input_grad[0]:
                into_tokens = torch.empty(gradient.shape[0], weights.shape[1], dtype=gradient.dtype, device="meta")
                count(into_tokens, weights)
            if ctx.needs_input_grad[1]:
                into_weights = torch.empty_like(weights)
                count(tokens, weights)
            return into_tokens, into_weights

    return Product.apply


def _score_flops(query: Any, keys: Any) -> float:
    """2·heads·rows·columns·size of a head: one product of attention."""
    return float(2 * query.numel() * keys.shape[-2])
