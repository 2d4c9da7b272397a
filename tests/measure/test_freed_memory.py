"""What a process does with memory that it has freed, each time in a process of its own."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_BLOCK = 100 * 2**20  # bytes; a page has 4,096 here, or more elsewhere
_HELPERS = f"""
import json, resource
from pathlib import Path
from harness.measure import Meter, keep_freed_memory, keeping_freed_memory, return_freed_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

def use():
    bytearray({_BLOCK})

def measure_growth(work):
    "What a process holds after some work, beyond what it held before, in bytes."
    return_freed_memory()
    before = resident()
    work()
    return resident() - before
"""

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")


def run(script: str) -> Any:
    """What a script prints last, which has the helpers above."""
    done = subprocess.run([sys.executable, "-c", _HELPERS + script], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    return json.loads(done.stdout.splitlines()[-1])


def test_freed_memory_is_kept_until_it_is_returned() -> None:
    kept, left = run(
        "keep_freed_memory(); print(json.dumps([measure_growth(use), measure_growth(lambda: (use(), return_freed_memory()))]))"
    )
    assert kept > 0.9 * _BLOCK
    assert left < _BLOCK / 10


def test_freed_memory_is_returned_at_once_otherwise() -> None:
    before, after = run(
        """
before = measure_growth(use)
with keeping_freed_memory():
    use()
print(json.dumps([before, measure_growth(use)]))
"""
    )
    assert max(before, after) < _BLOCK / 10


def test_a_context_returns_what_it_kept() -> None:
    inside, afterwards = run(
        """
def work():
    global inside
    with keeping_freed_memory():
        inside = measure_growth(use)
print(json.dumps([measure_growth(work), inside][::-1]))
"""
    )
    assert inside > 0.9 * _BLOCK
    assert afterwards < _BLOCK / 10


def test_a_context_inside_another_ends_nothing_of_it() -> None:
    """As a trial that makes another trial, or one in a process that keeps freed memory for its rest."""
    in_context, in_process = run(
        """
def use_after_inner_context():
    with keeping_freed_memory():
        pass
    use()

with keeping_freed_memory():
    in_context = measure_growth(use_after_inner_context)
keep_freed_memory()
print(json.dumps([in_context, measure_growth(use_after_inner_context)]))
"""
    )
    assert min(in_context, in_process) > 0.9 * _BLOCK


def test_a_phase_keeps_what_it_frees_and_does_not_count_what_was_freed_before_it() -> None:
    """Costs are read after each batch of answers."""
    kept, peak_growth = run(
        """
keep_freed_memory()
meter = Meter("cpu", "a CPU", None)

def idle_peak():
    own = Meter("cpu", "a CPU", None)
    with own.phase("predict"):
        pass
    return own.costs()[0].peak_allocated

def answer():
    use()
    meter.costs()

before = idle_peak()
with meter.phase("predict"):
    kept = measure_growth(answer)
print(json.dumps([kept, idle_peak() - before]))
"""
    )
    assert kept > 0.9 * _BLOCK
    assert peak_growth < _BLOCK / 10


def test_a_trial_of_the_forecast_leaves_no_freed_memory_behind(tmp_path: Path) -> None:
    """The command would hold it beside the cells of its run."""
    inside, afterwards = run(
        f"""
from harness.cache import use_cache_folder
from harness.forecast.trials import cached_trial
use_cache_folder({str(tmp_path)!r})
inside = []

def trial():
    inside.append(measure_growth(use))
    return 1.0, 1.0

afterwards = measure_growth(lambda: cached_trial(["a trial"], trial))
print(json.dumps([*inside, afterwards]))
"""
    )
    assert inside > 0.9 * _BLOCK
    assert afterwards < _BLOCK / 10
