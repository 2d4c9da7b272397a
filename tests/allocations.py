"""What torch's operations allocate while they run, to compare forecasts with."""

from __future__ import annotations

import weakref

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Allocations(TorchDispatchMode):
    """Counts the bytes of tensors that operations allocate, and those that are alive at most."""

    def __init__(self, known: list[torch.Tensor]) -> None:
        super().__init__()
        self.live, self.peak = 0, 0
        self._seen = weakref.WeakKeyDictionary({tensor.untyped_storage(): True for tensor in known})

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in (each for each in tree_leaves(result) if isinstance(each, torch.Tensor)):
            storage = tensor.untyped_storage()
            if storage not in self._seen:
                self._seen[storage] = True
                self.live += storage.nbytes()
                self.peak = max(self.peak, self.live)
                weakref.finalize(storage, self._free, storage.nbytes())
        return result

    def _free(self, size: int) -> None:
        self.live -= size
