"""The device of this machine, and the dtype that it computes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import BenchError, setting
from harness.measure import environment

if TYPE_CHECKING:
    import torch

DTYPES = ("auto", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Device:
    """The device that everything runs on. `kind` is "cuda" or "cpu"; `dtype` is "float32", "bfloat16" or "float16"."""

    kind: str
    name: str
    dtype: str

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
    """The GPU if there is one, else the CPU.

    `auto` is bfloat16 on a GPU that computes in it, float16 on an older one, and float32 on a CPU. There, bfloat16 was 1.3 to 1.6 times as
    fast with AMX (SmolLM2-135M, 2 cores) and is slower without it: users with AMX can choose it.

    Raises:
        BenchError: float16 on a CPU.
    """
    import torch

    if torch.cuda.is_available():
        best = "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
        return Device("cuda", torch.cuda.get_device_name(0), best if dtype == "auto" else dtype)
    if dtype == "float16":
        raise BenchError(
            f"{setting('dtype', 'float16')} is not supported on a CPU (measured nine times slower than float32). Use float32 or bfloat16."
        )
    return Device("cpu", environment()["cpu"], "float32" if dtype == "auto" else dtype)
