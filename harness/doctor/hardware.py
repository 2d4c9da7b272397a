"""Checks of what the hardware offers: every device, the kernels that work on it, and how fast it moves and multiplies numbers."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from harness.doctor.finding import Finding, format_bytes
from harness.engine.models import Device, find_device, quiet_libraries
from harness.errors import first_line

# Of the flags that Linux reports, those that decide how fast matrices are multiplied: the widest vectors, and what multiplies bfloat16.
_VECTORS = (("avx512f", "AVX-512"), ("avx2", "AVX2"), ("asimd", "NEON"))
_BFLOAT16 = (("amx_bf16", "AMX with bfloat16"), ("avx512_bf16", "AVX-512 with bfloat16"), ("bf16", "bfloat16"))
_COMPILED = {"cpu": "parts of long trainings", "cuda": "parts of trainings with `compilation: on`"}  # what is compiled, by kind of device
_SECONDS = 0.2  # of each measurement, after its warm-up
_COPIED_BYTES = {"cpu": 1 << 27}  # more than the caches of a processor; elsewhere 1 GiB
_MATRIX = {"cpu": 1024}  # rows and columns; elsewhere 8192


def check_devices() -> Iterator[Finding]:
    """Every GPU with its memory, or the CPU; and whether there is a GPU that torch does not find."""
    import torch

    device = find_device()
    if device.kind == "cuda":
        software = (
            f"ROCm {torch.version.hip}" if torch.version.hip else f"driver {_nvidia_driver() or 'unknown'}, CUDA {torch.version.cuda}"
        )
        for number in range(torch.cuda.device_count()):
            free, total = torch.cuda.mem_get_info(number)
            text = f"GPU {number}: {torch.cuda.get_device_name(number)}, {format_bytes(free)} of {format_bytes(total)} free, {software}"
            yield Finding("device", "ok", text, needed=True)
        return
    if device.kind == "mps":
        size = format_bytes(torch.mps.recommended_max_memory())
        yield Finding("device", "ok", f"{device.name}, which may use {size} of the machine's memory (Metal)", needed=True)
        return
    yield Finding("device", "ok", f"no GPU; everything runs on the CPU ({device.name})", needed=True)
    if driver := _nvidia_driver():
        hint = "this build of torch has no CUDA support, or not for this driver; see https://pytorch.org/get-started for a matching build"
        yield Finding("device", "warning", f"there is an NVIDIA driver ({driver}), but torch {torch.__version__} finds no GPU", hint)


def check_kernels() -> Iterator[Finding]:
    """Which fast kernels there are for attention and 4-bit weights; on a CPU, which of its instructions multiply matrices."""
    device = find_device()
    works = [name for name, works in _attention_kernels(device) if works]
    flash = _installed("flash-attn")
    text = f"attention by {', '.join(works) or 'none of the kernels of torch'}"
    text += f"; the package flash-attn {flash}" if flash else "; the package flash-attn is not installed"
    yield Finding("kernels", "ok" if works else "warning", text)
    version = _installed("bitsandbytes")
    compiled = _four_bit_kernels() if version else ""
    yield Finding(
        "kernels", "ok", f"4-bit weights by bitsandbytes {version} ({compiled})" if version else "no bitsandbytes for 4-bit weights"
    )
    if device.kind == "cpu" and (instructions := read_instructions(Path("/proc/cpuinfo"))):
        yield Finding("kernels", "ok", f"instructions for matrices: {', '.join(instructions)}")
    if device.kind in _COMPILED:
        yield Finding("kernels", "ok", _describe_compiler(device.kind))


def check_speed() -> Iterator[Finding]:
    """The bandwidth of the memory, and the speed of a matrix product in the default number format, measured in a fraction of a second."""
    import torch

    device = find_device()
    count = _COPIED_BYTES.get(device.kind, 1 << 30) // 4
    source = torch.zeros(count, device=device.kind)
    target = torch.empty_like(source)
    copy = _shortest(device, partial(target.copy_, source))
    del source, target
    n = _MATRIX.get(device.kind, 8192)
    a, b = (torch.ones(n, n, device=device.kind, dtype=device.torch_dtype) for _ in range(2))
    product = _shortest(device, lambda: a @ b)
    bandwidth, speed = 2 * 4 * count / copy / 1e9, 2 * n**3 / product / 1e12  # a copy reads and writes; a product multiplies and adds
    text = f"memory moves {bandwidth:,.0f} GB per second; matrices are multiplied at {speed:,.2f} TFLOP per second in {device.dtype}"
    yield Finding("speed", "ok", text)


def read_instructions(cpuinfo: Path) -> list[str]:
    """What the processor has to multiply matrices fast, as Linux reports it; empty on other systems."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    listed = (line.partition(":")[2].split() for line in lines if line.split(":")[0].strip() in ("flags", "Features"))
    flags = set(next(listed, []))
    vectors = [name for flag, name in _VECTORS if flag in flags]
    return [*vectors[:1], *(name for flag, name in _BFLOAT16 if flag in flags)]


def _attention_kernels(device: Device) -> Iterator[tuple[str, bool]]:
    """The kernels of torch for attention, and whether each computes and differentiates a small example in the default number format."""
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.nn.functional import scaled_dot_product_attention

    names = {
        "FlashAttention": SDPBackend.FLASH_ATTENTION,
        "memory-efficient attention": SDPBackend.EFFICIENT_ATTENTION,
        "cuDNN": SDPBackend.CUDNN_ATTENTION,
        "plain products": SDPBackend.MATH,
    }
    for name, backend in names.items():
        x = torch.zeros(1, 2, 64, 64, device=device.kind, dtype=device.torch_dtype, requires_grad=True)
        try:
            with sdpa_kernel(backend):
                scaled_dot_product_attention(x, x, x, is_causal=True).sum().backward()  # type: ignore[no-untyped-call,unused-ignore]
        except RuntimeError:  # not for this device, number format or build
            yield name, False
        else:
            yield name, True


def _describe_compiler(kind: str) -> str:
    """What compiles parts of trainings: torch takes a C++ compiler for a CPU, and Triton, which needs a C compiler, for a GPU."""
    work, has_headers = _COMPILED[kind], (Path(sysconfig.get_path("include")) / "Python.h").is_file()
    if kind == "cpu":
        name = os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")
        if shutil.which(name) and has_headers:
            return f"{name} compiles {work}"
        return f"no C++ compiler with the headers of Python, which would compile {work}"
    compilers = [name for name in ([os.environ["CC"]] if "CC" in os.environ else ["gcc", "clang"]) if shutil.which(name)]
    if importlib.util.find_spec("triton") and compilers and has_headers:
        return f"Triton compiles {work}, with {compilers[0]}"
    return f"no Triton with a C compiler and the headers of Python, which would compile {work}"


def _four_bit_kernels() -> str:
    """What the kernels of bitsandbytes were compiled for."""
    quiet_libraries()
    try:
        from bitsandbytes.cextension import lib
    except Exception as error:  # its library cannot be loaded
        return f"does not load: {first_line(error)}"
    return "with kernels for this GPU" if getattr(lib, "compiled_with_cuda", False) else "with kernels for the CPU"


def _shortest(device: Device, work: Callable[[], object]) -> float:
    """The seconds that the work takes at best: others may be disturbed by other processes."""
    import torch

    best, ends = float("inf"), time.perf_counter() + _SECONDS
    work()  # the first takes longer
    while best == float("inf") or time.perf_counter() < ends:
        if device.kind != "cpu":
            getattr(torch, device.kind).synchronize()
        start = time.perf_counter()
        work()
        if device.kind != "cpu":
            getattr(torch, device.kind).synchronize()
        best = min(best, time.perf_counter() - start)
    return best


def _installed(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _nvidia_driver() -> str | None:
    try:
        import pynvml

        pynvml.nvmlInit()
        version = pynvml.nvmlSystemGetDriverVersion()
    except Exception:  # no driver, or the package is not installed
        return None
    return version.decode() if isinstance(version, bytes) else str(version)
