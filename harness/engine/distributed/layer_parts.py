"""A model that is divided among processes to answer: each holds a part of its layers, and they compute one batch together, one part
after the other.

Every process runs the same code on the same batch. At the layers of another process it waits, and continues with what that process has
computed, so that all of them see the same logits and decide the same. Only hidden states travel, a few kilobytes for each token, while
weights that are divided by rows, as in training, would travel whole for every token. The embeddings, the output layer and what is small
is on all processes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.engine.distributed.process_group import ProcessGroup
from harness.types import Shape, Strategy

_WORKS, _FAILED, _OUT_OF_MEMORY = range(3)


def can_stage(strategy: Strategy, shape: Shape) -> bool:
    """Whether a model can answer with its layers on several processes, as this strategy uses it.

    Decoders can, as they are, trained in full, or with LoRA. Other adapters may put keys and values of their own into every layer.
    """
    if shape != "decoder":
        return False
    return strategy.method == "prompt" or strategy.has_whole_model or str(strategy.adapter.get("peft_type")).upper() == "LORA"


def stage(model: Any, group: ProcessGroup) -> None:
    """Divide a model in place, and move this process's part of it to its device. The weights of other layers are released.

    Args:
        model: a decoder of transformers in host memory, or PEFT's wrapper of one. Layers of `quantize_when_moved` are quantized here.

    Raises:
        RuntimeError: the model has fewer layers than there are processes, or its layers keep something else than keys and values of
            their own.
    """
    import torch

    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    names = set(base._no_split_modules or ())
    layers = [module for module in base.modules() if type(module).__name__ in names]
    _check_layers(base, layers, group.size)
    device = torch.device("cuda", group.rank) if group.device == "cuda" else torch.device("cpu")
    owners = [number * group.size // len(layers) for number in range(len(layers))]
    line = _Line(group, device)
    for number, layer in enumerate(layers):
        ends = number + 1 == len(layers) or owners[number + 1] != owners[number]
        if owners[number] == group.rank:
            layer.to(device)
            layer.forward = line.own(layer.forward, owners[number], is_first=number == 0, ends=ends)
        else:
            _release(layer)
            layer.forward = line.other(number, owners[number], ends=ends)
    _move(model, set(layers), device)


class _OtherProcessError(RuntimeError):
    """Another process could not compute its layers."""


class _Line:
    """The processes in the order of their layers, as one of them sees them."""

    def __init__(self, group: ProcessGroup, device: Any) -> None:
        self._group, self._device = group, device
        self._items: int | None = None  # the length of the tuple that a layer returns, 0 for a tensor; not known before the first call

    def own(self, compute: Callable[..., Any], owner: int, *, is_first: bool, ends: bool) -> Callable[..., Any]:
        """A layer of this process: what the last one computes is sent to the others."""

        def forward(*args: Any, **kwargs: Any) -> Any:
            is_known = self._items is not None
            try:
                output = compute(*args, **kwargs)
            except Exception as error:
                self._send(owner, _OUT_OF_MEMORY if _is_out_of_memory(error) else _FAILED, _hidden(args, kwargs))
                raise
            hidden = output[0] if isinstance(output, tuple) else output
            self._items = len(output) if isinstance(output, tuple) else 0
            if is_first and not is_known:
                self._send(owner, _WORKS, hidden)
            if ends:
                self._send(owner, _WORKS, hidden)
                self._broadcast(hidden.contiguous(), owner)
            return output

        return forward

    def other(self, number: int, owner: int, *, ends: bool) -> Callable[..., Any]:
        """A layer of another process: it counts the tokens in the cache, and returns what the process has computed."""

        def forward(*args: Any, **kwargs: Any) -> Any:
            import torch

            hidden = _hidden(args, kwargs)
            _count_tokens(number, hidden, [*args, *kwargs.values()])
            if number == 0 and self._items is None:
                self._receive(owner, hidden)
            if ends:
                self._receive(owner, hidden)
                hidden = torch.empty_like(hidden, memory_format=torch.contiguous_format)
                self._broadcast(hidden, owner)
            return (hidden, *(None for _ in range((self._items or 1) - 1))) if self._items else hidden

        return forward

    def _send(self, owner: int, state: int, hidden: Any) -> None:
        import torch

        self._broadcast(torch.tensor([state, self._items or 0, *hidden.shape[:2]], device=self._device), owner)

    def _receive(self, owner: int, hidden: Any) -> None:
        """Learn how the owner's layers went.

        Raises:
            torch.cuda.OutOfMemoryError: it ran out of memory, so that all processes make their batch smaller.
            RuntimeError: it failed, or works on another batch, because memory ran out where only one process notices it.
        """
        import torch

        message = torch.zeros(4, dtype=torch.int64, device=self._device)
        self._broadcast(message, owner)
        state, items, *shape = message.tolist()
        if state == _OUT_OF_MEMORY:
            raise torch.cuda.OutOfMemoryError(f"process {owner + 1} of {self._group.size} ran out of memory")
        if state != _WORKS:
            raise _OtherProcessError(f"process {owner + 1} of {self._group.size} could not compute its layers")
        if shape != list(hidden.shape[:2]):
            where = f"process {owner + 1} of {self._group.size}"
            raise _OtherProcessError(f"{where} works on another batch: one of them ran out of memory between the layers")
        self._items = items

    def _broadcast(self, tensor: Any, owner: int) -> None:
        import torch.distributed as dist

        dist.broadcast(tensor, owner)


def _check_layers(base: Any, layers: list[Any], processes: int) -> None:
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

    name = type(base).__name__
    if len(layers) < processes:
        raise RuntimeError(f"{name} has {len(layers)} layers, which cannot be divided among {processes} processes")
    kept = DynamicCache(config=base.config).layers
    plain = all(type(layer) in (DynamicLayer, DynamicSlidingWindowLayer) for layer in kept)
    if not plain or bool(getattr(base.config.get_text_config(), "num_kv_shared_layers", False)):
        raise RuntimeError(f"the layers of {name} keep more than keys and values of their own, so they cannot be divided among processes")


def _hidden(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The hidden states (B, T, H) that enter a layer."""
    return args[0] if args else kwargs["hidden_states"]


def _count_tokens(number: int, hidden: Any, arguments: list[Any]) -> None:
    """Add the tokens to the cache of a layer that is elsewhere, from which masks and positions are made: one number for each."""
    from transformers import Cache

    cache = next((each for each in arguments if isinstance(each, Cache)), None)
    if cache is not None:
        numbers = hidden.new_zeros(hidden.shape[0], 1, hidden.shape[1], 1)
        cache.update(numbers, numbers, number)


def _is_out_of_memory(error: Exception) -> bool:
    import torch

    return isinstance(error, torch.cuda.OutOfMemoryError)


def _release(layer: Any) -> None:
    """Replace the weights by ones that take no memory. Files that are mapped into memory are then never read for them."""
    import torch

    for module in layer.modules():
        for name, parameter in module.named_parameters(recurse=False):
            empty = torch.empty(parameter.shape, dtype=parameter.dtype, device="meta")
            module._parameters[name] = torch.nn.Parameter(empty, requires_grad=False)


def _move(module: Any, layers: set[Any], device: Any) -> None:
    """Move everything but the layers to the device."""
    if module in layers:
        return
    if not any(each in layers for each in module.modules()):
        module.to(device)
        return
    for parameter in module.parameters(recurse=False):
        parameter.data = parameter.data.to(device)
    for name, buffer in module.named_buffers(recurse=False):
        module._buffers[name] = buffer.to(device)
    for child in module.children():
        _move(child, layers, device)
