"""The number format of a CPU depends on its features alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.models import device
from harness.errors import BenchError


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("model name\t: AMD EPYC\nflags\t\t: fpu avx512f avx512_bf16\n", True),
        ("flags : amx_bf16 amx_tile\nflags : fpu\n", True),
        ("flags : fpu avx512f avx512_vnni amx_int8\n", False),
        ("Features : fp asimd bf16\n", False),  # an ARM processor, which nobody has measured
        ("", False),
    ],
)
def test_the_features_of_the_processor_decide(tmp_path: Path, content: str, expected: bool) -> None:
    (tmp_path / "cpuinfo").write_text(content)
    assert device.has_bfloat16_products(tmp_path / "cpuinfo") is expected


def test_a_system_without_this_file_has_none(tmp_path: Path) -> None:
    assert device.has_bfloat16_products(tmp_path / "cpuinfo") is False


def test_a_run_has_the_first_gpu_and_those_that_equal_it(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["H100", "T4", "H100", "H100"]
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: len(names))
    monkeypatch.setattr("torch.cuda.get_device_name", lambda index: names[index])
    assert device.find_device() == device.Device("cuda", "H100", "bfloat16", (0, 2, 3))


@pytest.mark.parametrize(("found", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_bfloat16_is_the_default_where_the_cpu_multiplies_it(monkeypatch: pytest.MonkeyPatch, found: bool, dtype: str) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr(device, "has_bfloat16_products", lambda: found)
    assert device.find_device().dtype == dtype
    assert device.find_device("float32").dtype == "float32"
    assert device.find_device("bfloat16").dtype == "bfloat16"
    with pytest.raises(BenchError, match="is not supported on a CPU"):
        device.find_device("float16")
