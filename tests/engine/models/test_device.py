"""Which device is used, and its number format: that of a CPU depends on its features alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.engine.models import device, require_four_bit
from harness.errors import BenchError
from harness.measure import Meter


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


@pytest.fixture
def mac(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """A Mac with a GPU; the argument tells whether its macOS is 14 or newer."""

    def use(is_new: bool) -> None:
        monkeypatch.setattr("torch.cuda.is_available", lambda: False)
        monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
        monkeypatch.setattr("torch.backends.mps.is_macos_or_newer", lambda major, minor: is_new and (major, minor) == (14, 0))
        monkeypatch.setattr(device, "environment", lambda: {"cpu": "Apple M2 Max"})

    return use


def test_the_gpu_of_a_mac_computes_in_bfloat16_where_macos_has_it(mac: Callable[[bool], None]) -> None:
    mac(True)
    assert device.find_device() == device.Device("mps", "Apple M2 Max GPU", "bfloat16")
    assert device.find_device("float32").dtype == "float32"
    with pytest.raises(BenchError, match=r'dtype="float16" is not supported on the GPU of a Mac, .* Use bfloat16 or float32\.'):
        device.find_device("float16")
    mac(False)
    assert device.find_device().dtype == "float32"
    with pytest.raises(BenchError, match=r'dtype="bfloat16" needs macOS 14 or newer on the GPU of a Mac\. Use float32\.'):
        device.find_device("bfloat16")
    with pytest.raises(BenchError, match=r"never measured\. Use float32\."):
        device.find_device("float16")


def test_4_bit_weights_are_refused_on_a_mac_with_the_reason(mac: Callable[[bool], None]) -> None:
    mac(True)
    with pytest.raises(BenchError, match=r"strategy 'qlora' needs 4-bit weights.*GPU of a Mac.*no kernels.*such as lora, work\."):
        require_four_bit(device.find_device(), "qlora")


def test_a_gpu_of_amd_is_used_as_torch_offers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Builds of torch for ROCm answer for torch.cuda."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.version.hip", "6.4.1")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda number: "AMD Instinct MI300X")
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda *, including_emulation: True)
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda number: (9, 4))
    found = device.find_device()
    assert found == device.Device("cuda", "AMD Instinct MI300X", "bfloat16")
    require_four_bit(found, "qlora")


def test_memory_and_time_of_a_mac_are_those_of_its_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[str] = []
    monkeypatch.setattr("torch.mps.synchronize", lambda: waited.append("phase"))
    monkeypatch.setattr("torch.mps.driver_allocated_memory", lambda: 5 << 30)
    meter = Meter("mps", "Apple M2 Max GPU", 3.6)
    with meter.phase("train"):
        meter.count_tokens(7)
    (cost,) = meter.costs()
    assert (cost.peak_allocated, cost.peak_reserved, cost.tokens) == (None, 5 << 30, 7)
    assert waited == ["phase"], "kernels that still run belong to the phase"
