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
_SCRIPT = """
import json, resource
from pathlib import Path
from harness.measure import Meter, return_freed_memory
{begin}

def count_faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

def idle_peak():
    meter = Meter("cpu", "a CPU", None)
    with meter.phase("predict"):
        pass
    return meter.costs()[0].peak_allocated

def use():
    bytearray({block})

peak = idle_peak()
use()
before = count_faults()
use()
faults = count_faults() - before
held = resident()
return_freed_memory()
returned = held - resident()
use()
print(json.dumps([faults * resource.getpagesize(), returned, idle_peak() - peak]))
"""
_KEEPS = "from harness.measure import keep_freed_memory; keep_freed_memory()"
_LOADS = """
from harness.engine.models import find_device, load_model, resolve_model
load_model(resolve_model("tiny"), find_device("float32"))
"""
_BUILDS = """
from harness.engine.models import build_random_model
from transformers import LlamaConfig
sizes = dict(vocab_size=96, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2)
build_random_model(LlamaConfig(**sizes), "decoder", "cpu", "float32")
"""
_TRIES = """
from harness.cache import use_cache_folder
from harness.forecast.trials import cached_trial

def trial():
    keep_freed_memory()
    use()
    return 1.0, 1.0

return_freed_memory()
before = resident()
use_cache_folder("CACHE")
cached_trial(["a trial"], trial)
print(json.dumps(resident() - before))
"""

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")


def freed_in(begin: str) -> tuple[int, int, int]:
    """In bytes: the pages that the system had to find for a block that was freed before; what was returned when that was asked for; by how
    much the peak of a phase that does nothing was higher after the block was freed again than before it was used."""
    return tuple(run(_SCRIPT.format(begin=begin, block=_BLOCK)))


def run(script: str) -> Any:
    """What a script prints last."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("begin", [_KEEPS, _LOADS, _BUILDS], ids=["asked for", "a model was loaded", "a model was built"])
def test_freed_memory_is_used_again_until_it_is_returned(begin: str) -> None:
    found, returned, growth = freed_in(begin)
    assert found < _BLOCK / 10
    assert returned > 0.9 * _BLOCK
    assert growth < _BLOCK / 10  # a phase does not count what was freed before it


def test_the_system_finds_the_same_pages_again_otherwise() -> None:
    assert freed_in("")[0] > 0.9 * _BLOCK


def test_a_trial_of_the_forecast_leaves_no_freed_memory_behind(tmp_path: Path) -> None:
    """The command that tries is forked for cells, which would have it, too."""
    script = _SCRIPT.format(begin=_KEEPS, block=_BLOCK) + _TRIES.replace("CACHE", str(tmp_path))
    assert run(script) < _BLOCK / 10
