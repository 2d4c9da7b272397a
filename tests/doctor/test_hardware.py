"""What `bench doctor` says about devices, kernels and speed, also of machines that are not here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.doctor import hardware
from harness.engine.models import Device, find_device

GB = 10**9


def test_every_gpu_is_listed_with_its_memory_and_software(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["NVIDIA H100 80GB HBM3", "NVIDIA L4"]
    monkeypatch.setattr(hardware, "find_device", lambda: Device("cuda", names[0], "bfloat16"))
    monkeypatch.setattr(hardware, "_nvidia_driver", lambda: "570.1")
    monkeypatch.setattr("torch.version.cuda", "12.8")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.cuda.get_device_name", names.__getitem__)
    monkeypatch.setattr("torch.cuda.mem_get_info", [(80 * GB, 85 * GB), (2 * GB, 24 * GB)].__getitem__)
    assert [finding.text for finding in hardware.check_devices()] == [
        "GPU 0: NVIDIA H100 80GB HBM3, 80.0 GB of 85.0 GB free, driver 570.1, CUDA 12.8",
        "GPU 1: NVIDIA L4, 2.0 GB of 24.0 GB free, driver 570.1, CUDA 12.8",
    ]
    monkeypatch.setattr("torch.version.hip", "6.4.1")
    assert all(finding.text.endswith("free, ROCm 6.4.1") for finding in hardware.check_devices())


def test_a_mac_shows_what_its_gpu_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "find_device", lambda: Device("mps", "Apple M2 Max GPU", "bfloat16"))
    monkeypatch.setattr("torch.mps.recommended_max_memory", lambda: 48 * GB)
    (finding,) = hardware.check_devices()
    assert finding.text == "Apple M2 Max GPU, which may use 48.0 GB of the machine's memory (Metal)"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512_bf16 amx_bf16\n", ["AVX-512", "AMX with bfloat16", "AVX-512 with bfloat16"]),
        ("flags : fpu avx2\nflags : fpu\n", ["AVX2"]),
        ("Features : fp asimd bf16\n", ["NEON", "bfloat16"]),
        ("model name : a CPU\n", []),
    ],
)
def test_instructions_of_the_processor(tmp_path: Path, content: str, expected: list[str]) -> None:
    (tmp_path / "cpuinfo").write_text(content)
    assert hardware.read_instructions(tmp_path / "cpuinfo") == expected
    assert hardware.read_instructions(tmp_path / "none") == []


def test_kernels_are_tried_and_those_that_fail_are_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    attention_line = next(iter(hardware.check_kernels())).text
    assert "plain products" in attention_line and "cuDNN" not in attention_line, "this is a CPU"
    monkeypatch.setattr(hardware, "_attention_kernels", lambda device: iter([("FlashAttention", False), ("plain products", False)]))
    monkeypatch.setattr(hardware, "_installed", {"flash-attn": "2.8.1"}.get)
    found = list(hardware.check_kernels())
    assert found[0].text == "attention by none of the kernels of torch; the package flash-attn 2.8.1" and found[0].status == "warning"
    assert found[1].text == "no bitsandbytes for 4-bit weights"


def test_a_missing_compiler_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "Python.h").touch()
    monkeypatch.setattr(hardware.sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(hardware.shutil, "which", {"clang++": "/bin/clang++"}.get)
    monkeypatch.setattr(hardware.sys, "platform", "linux")
    monkeypatch.setenv("CXX", "clang++")
    assert list(hardware.check_kernels())[-1].text == "clang++ compiles parts of long trainings"
    monkeypatch.delenv("CXX")
    assert list(hardware.check_kernels())[-1].text.startswith("no C++ compiler"), "torch takes g++ alone on Linux"
    monkeypatch.setenv("CXX", "clang++")
    (tmp_path / "Python.h").unlink()
    (*_, found) = hardware.check_kernels()
    assert found.text == "no C++ compiler with the headers of Python, which would compile parts of long trainings"


def test_a_gpu_compiles_with_triton_which_needs_a_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "Python.h").touch()
    monkeypatch.setattr(hardware.sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(hardware, "find_device", lambda: Device("cuda", "a GPU", "bfloat16"))
    monkeypatch.setattr(hardware, "_attention_kernels", lambda device: iter([("plain products", True)]))
    monkeypatch.setattr(hardware, "_installed", {}.get)
    monkeypatch.setattr(hardware.importlib.util, "find_spec", {"triton": True}.get)
    monkeypatch.setattr(hardware.shutil, "which", {"clang": "/bin/clang"}.get)
    monkeypatch.delenv("CC", raising=False)
    assert list(hardware.check_kernels())[-1].text == "Triton compiles parts of trainings with `compilation: on`, with clang"
    monkeypatch.setenv("CC", "icx")
    missing = "no Triton with a C compiler and the headers of Python, which would compile parts of trainings with `compilation: on`"
    assert list(hardware.check_kernels())[-1].text == missing, "Triton takes what CC names"
    monkeypatch.delenv("CC")
    monkeypatch.setattr(hardware.importlib.util, "find_spec", {}.get)
    assert list(hardware.check_kernels())[-1].text == missing


def test_speed_is_measured_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes and operations over seconds: both are known here."""
    monkeypatch.setattr(hardware, "_COPIED_BYTES", {"cpu": 4 << 20})
    monkeypatch.setattr(hardware, "_MATRIX", {"cpu": 100})
    monkeypatch.setattr(hardware, "_shortest", lambda device, work: (work(), 1e-3)[1])
    (finding,) = hardware.check_speed()
    assert finding.text.startswith("memory moves 8 GB per second; matrices are multiplied at 0.00 TFLOP per second in ")
    monkeypatch.undo()
    monkeypatch.setattr(hardware, "_COPIED_BYTES", {"cpu": 4 << 20})
    monkeypatch.setattr(hardware, "_MATRIX", {"cpu": 100})
    monkeypatch.setattr(hardware, "_SECONDS", 0)
    (finding,) = hardware.check_speed()
    bandwidth = re.search(r"moves ([\d,]+) GB", finding.text)
    assert bandwidth is not None and find_device().dtype in finding.text
