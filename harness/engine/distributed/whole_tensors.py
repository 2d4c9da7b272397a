"""Tensors of which each process holds a part, as whole ones: collected one after the other into a file, and read from it part by part.

A file of whole tensors does not depend on how many processes wrote it, and any number of processes can read it.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

# The names of safetensors.
_FORMATS = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8",
    "uint8": "U8", "bool": "BOOL",
}  # fmt: skip


def is_divided(tensor: Any) -> bool:
    """Whether each process holds only a part of the tensor."""
    return hasattr(tensor, "full_tensor")  # a DTensor; importing its class would slow down every training


def local_part(tensor: Any) -> Any:
    """The rows that this process holds of a divided tensor, or the tensor itself."""
    return tensor.to_local() if is_divided(tensor) else tensor


class StateRows:
    """The rows of an optimizer's tensor that belong to a divided parameter, on any device: a divided tensor when it is stored."""

    def __init__(self, rows: Any, parameter: Any) -> None:
        self._rows, self._parameter = rows, parameter
        self.dtype = rows.dtype
        self.shape = parameter.shape

    def numel(self) -> int:
        """The numbers of the whole tensor."""
        return int(self._parameter.numel())

    def element_size(self) -> int:
        """The bytes of a number."""
        return int(self._rows.element_size())

    def detach(self) -> StateRows:
        """Itself: an optimizer's tensors have no gradients."""
        return self

    def full_tensor(self) -> Any:
        """The tensor with the rows of all processes, collected on the parameter's device."""
        return _as_divided(self._rows, self._parameter).full_tensor()


def whole_tensor(tensor: Any) -> Any:
    """The tensor with all its rows. If it is divided, every process must ask for it, and in the same order as for others."""
    return tensor.full_tensor() if is_divided(tensor) else tensor


def write_whole_tensors(path: Path, tensors: Mapping[str, Any], *, writes: bool = True) -> None:
    """Write a safetensors file, one tensor after the other, so that never more than one of them is whole in memory.

    Args:
        writes: whether this process writes the file. The others only take part in collecting the tensors.
    """
    # safetensors wants large numbers first, so that every tensor begins at a multiple of the size of its numbers.
    names = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    if not writes:
        for name in names:
            whole_tensor(tensors[name])
        return
    with path.open("wb") as file:
        file.write(_header(tensors, names))
        for name in names:
            file.write(_bytes(whole_tensor(tensors[name].detach())))


def copy_stored(parameter: Any, name: str, stored: Any) -> None:
    """Copy a tensor of an open safetensors file into a parameter: of a divided one, only the rows that this process holds are read."""
    import torch

    with torch.no_grad():
        local_part(parameter).copy_(_own_rows(parameter, name, stored))


def like_parameter(parameter: Any, name: str, stored: Any) -> Any:
    """A tensor of an open safetensors file that belongs to a parameter, such as the optimizer's: divided as the parameter is.

    A tensor of another shape than the parameter's is returned whole.
    """
    if not is_divided(parameter) or tuple(stored.get_slice(name).get_shape()) != tuple(parameter.shape):
        return stored.get_tensor(name)
    return _as_divided(_own_rows(parameter, name, stored), parameter)


def _as_divided(rows: Any, parameter: Any) -> Any:
    """The rows of this process as a tensor that is divided as the parameter is."""
    from torch.distributed.tensor import DTensor

    rows = rows.to(parameter.to_local().device)
    return DTensor.from_local(
        rows, parameter.device_mesh, parameter.placements, run_check=False, shape=parameter.shape, stride=parameter.stride()
    )


def _own_rows(parameter: Any, name: str, stored: Any) -> Any:
    """FSDP2 gives process i of n the rows from i · ceil(rows / n) on; the last processes may have fewer, or none."""
    if not is_divided(parameter):
        return stored.get_tensor(name)
    count = len(parameter.to_local())
    rank, size = parameter.device_mesh.get_local_rank(), parameter.device_mesh.size()
    begin = min(len(parameter), rank * -(-len(parameter) // size))
    return stored.get_slice(name)[begin : begin + count]


def _header(tensors: Mapping[str, Any], names: list[str]) -> bytes:
    entries, end = {}, 0
    for name in names:
        begin, end = end, end + tensors[name].numel() * tensors[name].element_size()
        number_format = _FORMATS[str(tensors[name].dtype).removeprefix("torch.")]
        entries[name] = {"dtype": number_format, "shape": list(tensors[name].shape), "data_offsets": [begin, end]}
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def _bytes(tensor: Any) -> Any:
    import torch

    view: Callable[[], Any] = tensor.contiguous().cpu().reshape(-1).view(torch.uint8).numpy
    return view()
