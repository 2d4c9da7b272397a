"""The device of this machine, and the dtype that it computes in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import BenchError, setting
from harness.garbage import without_garbage_collection
from harness.measure import environment

if TYPE_CHECKING:
    import torch

# Processor features that multiply bfloat16 matrices.
_BFLOAT16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
DTYPES = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Device:
    """The device that everything runs on.

    Attributes:
        kind: torch's name: "cuda" for a GPU of NVIDIA, or of AMD in a build of torch for ROCm, "mps" for the GPU of a Mac, or "cpu".
        name: as torch or the system reports it.
        dtype: "float32", "bfloat16" or "float16".
        indices: torch's numbers of the devices of this kind and name that this process sees. Each can run a cell of its own.
        nodes: of a cluster, how many of the devices each machine has; empty: all are in this one.
    """

    kind: str
    name: str
    dtype: str
    indices: tuple[int, ...] = (0,)
    nodes: tuple[int, ...] = ()

    @property
    def most_together(self) -> int:
        """The most devices that one machine has."""
        return max(self.nodes, default=len(self.indices))

    def count_places(self, devices: int) -> int:
        """How many cells find room at a time if each has so many devices, all of them in one machine."""
        return sum(count // devices for count in self.nodes or (len(self.indices),))

    @property
    def torch_dtype(self) -> torch.dtype:
        """The dtype as an object of torch."""
        import torch

        dtype: torch.dtype = getattr(torch, self.dtype)
        return dtype

    @property
    def mixed_precision(self) -> str:
        """The setting of accelerate: autocast to the dtype, or nothing for float32."""
        return {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}[self.dtype]


def find_device(dtype: str = "auto") -> Device:
    """The GPU if there is one, else the CPU. Of several GPUs it is the first, with those that have its name: a run has one kind of device.

    `auto` is bfloat16 on a GPU that computes in it, and float16 on an older one; on the GPU of a Mac, bfloat16 from macOS 14 on, and
    float32 before; on a CPU, bfloat16 where the processor multiplies it, and float32 elsewhere. The choice depends on the processor (and
    macOS) alone, so that all cells of a run, and those that resume it, use the same.

    Raises:
        BenchError: a number format that does not work on the device.
    """
    with without_garbage_collection():
        import torch

    if torch.cuda.is_available():
        best = "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
        names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
        same = tuple(index for index, name in enumerate(names) if name == names[0])
        return Device("cuda", names[0], best if dtype == "auto" else dtype, same)
    if torch.backends.mps.is_available():
        return _find_mac_gpu(dtype, has_bfloat16=torch.backends.mps.is_macos_or_newer(14, 0))
    if dtype == "float16":
        raise BenchError(
            f"{setting('dtype', 'float16')} is not supported on a CPU (measured nine times slower than float32). Use float32 or bfloat16."
        )
    best = "bfloat16" if has_bfloat16_products() else "float32"
    return Device("cpu", environment()["cpu"], best if dtype == "auto" else dtype)


def _find_mac_gpu(dtype: str, *, has_bfloat16: bool) -> Device:
    if dtype == "float16":
        advice = "Use bfloat16 or float32." if has_bfloat16 else "Use float32."
        raise BenchError(f"{setting('dtype', 'float16')} is not supported on the GPU of a Mac, where it was never measured. {advice}")
    if dtype == "bfloat16" and not has_bfloat16:
        raise BenchError(f"{setting('dtype', 'bfloat16')} needs macOS 14 or newer on the GPU of a Mac. Use float32.")
    best = "bfloat16" if has_bfloat16 else "float32"
    return Device("mps", f"{environment()['cpu']} GPU", best if dtype == "auto" else dtype)


@lru_cache(maxsize=1)
def has_bfloat16_products(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the CPU multiplies bfloat16 matrices in hardware, as Linux reports it.

    With AVX512-BF16 (AMD EPYC, Zen 4), bfloat16 was 1.4 to 2.4 times as fast as float32 for generation, a forward pass and training of
    SmolLM2-135M, and 1.0 to 2.9 times for the included model; with AMX, 1.3 to 1.6 times (2 cores each). Without either it is slower.
    """
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # another system than Linux
        return False
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])
    return not _BFLOAT16_FLAGS.isdisjoint(flags)


def has_amx() -> bool:
    """Whether this machine's processor has AMX, for which torch prepares matrices in bfloat16."""
    import torch

    return bool(torch.cpu._is_amx_tile_supported())
