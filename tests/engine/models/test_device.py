"""The number format of a CPU depends on its features alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.engine.models import device
from harness.errors import BenchError


@pytest.fixture
def cpu(monkeypatch: pytest.MonkeyPatch) -> object:
    """Pretend that /proc/cpuinfo says this; None: it cannot be read."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)

    def pretend(content: str | None) -> None:
        def read(path: Path, **options: object) -> str:
            assert str(path) == "/proc/cpuinfo"
            if content is None:
                raise FileNotFoundError(path)
            return content

        monkeypatch.setattr(Path, "read_text", read)
        device.has_bfloat16_products.cache_clear()

    yield pretend
    device.has_bfloat16_products.cache_clear()


@pytest.mark.parametrize(
    ("content", "dtype"),
    [
        ("model name\t: AMD EPYC\nflags\t\t: fpu avx512f avx512_bf16\n", "bfloat16"),
        ("flags : amx_bf16 amx_tile\nflags : fpu\n", "bfloat16"),
        ("flags : fpu avx512f avx512_vnni amx_int8\n", "float32"),
        ("Features : fp asimd bf16\n", "float32"),  # an ARM processor, which nobody has measured
        ("", "float32"),
        (None, "float32"),  # macOS
    ],
)
def test_bfloat16_is_the_default_where_the_cpu_multiplies_it(cpu, content: str | None, dtype: str) -> None:
    cpu(content)
    assert device.find_device().dtype == dtype
    assert device.find_device("float32").dtype == "float32"
    assert device.find_device("bfloat16").dtype == "bfloat16"
    with pytest.raises(BenchError, match="float16 is not supported on a CPU"):
        device.find_device("float16")
