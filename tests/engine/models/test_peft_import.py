"""PEFT is imported without TorchInductor. What bitsandbytes compiles as it is imported is compiled at its first call."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

from harness.engine.models.peft_import import _compile_at_first_call

IMPORTED = """
import sys, torch
before = torch.compile
from harness.engine.models import import_peft
import_peft()
assert torch.compile is before
assert {"peft", "bitsandbytes"} <= set(sys.modules) and "torch._inductor.compile_fx" not in sys.modules
"""
# Rows of 33 weights have no kernel of their own: a function that bitsandbytes has compiled unpacks them.
FOUR_BIT = """
import bitsandbytes.functional as F
weight = torch.randn(64, 33)
packed, state = F.quantize_4bit(weight, quant_type="nf4")
unpacked = F.dequantize_4bit(packed, state)
assert "torch._inductor.compile_fx" in sys.modules
assert ((unpacked - weight).abs().mean() / weight.abs().mean()) < 0.15, "a step of the format is about a tenth"
"""


def test_peft_comes_without_the_compiler_and_weights_in_four_bits_work() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED + FOUR_BIT], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_function_is_compiled_once_with_its_options_when_it_is_called() -> None:
    compiled: list[dict[str, Any]] = []

    def compile_function(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
        compiled.append(options)
        return lambda *args, **kwargs: ("compiled", function(*args, **kwargs))

    def double(value: int, *, more: int = 0) -> int:
        """Twice."""
        return 2 * value + more

    later = _compile_at_first_call(compile_function, double, dynamic=True)
    decorated = _compile_at_first_call(compile_function, dynamic=False)(double)
    assert later.__doc__ == decorated.__doc__ == "Twice." and compiled == []
    assert later(3, more=1) == later(3, more=1) == ("compiled", 7) and compiled == [{"dynamic": True}]
    assert decorated(4) == ("compiled", 8) and compiled == [{"dynamic": True}, {"dynamic": False}]
