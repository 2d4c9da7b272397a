"""The code on model cards, run as on another machine: in a process that cannot import bench, with an empty cache of the Hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

# One process for many cards, because importing torch takes most of the time. On some CPUs bitsandbytes computes in bfloat16 whatever it is
# asked for, which decides ties between random weights otherwise.
_RUNNER = r"""
import contextlib, io, json, os, re, sys
sys.modules["harness"] = None  # importing it fails
import bitsandbytes.nn.modules
bitsandbytes.nn.modules.has_avx512bf16 = lambda: False
printed = []
for job in json.load(sys.stdin):
    os.chdir(job["folder"])
    with open("README.md", encoding="utf-8") as file:
        (code, *_) = re.findall(r"^```python\n(.*?)^```", file.read(), re.DOTALL | re.MULTILINE)
    if job["inputs"] is not None:
        code, count = re.subn(r"^inputs = .*$", lambda _: f"inputs = {job['inputs']!r}", code, flags=re.MULTILINE)
        assert count == 1, code
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {"__name__": "__main__"})
    printed.append(out.getvalue().removesuffix("\n"))
json.dump(printed, sys.stdout)
"""


@dataclass(frozen=True)
class Job:
    """A card's folder, and the inputs to put into its code; None runs the code as it is printed."""

    folder: str
    inputs: Mapping[str, str] | None


def run_cards(jobs: Sequence[Job], here: Path, env: Mapping[str, str] | None = None) -> list[str]:
    """What the first block of Python on each card prints."""
    clean = {name: os.environ[name] for name in ("PATH", "OMP_NUM_THREADS", "OMP_WAIT_POLICY") if name in os.environ}
    clean |= {"HOME": str(here), "HF_HOME": str(here / "no-hub"), "HF_HUB_OFFLINE": "1"} | dict(env or {})
    done = subprocess.run(
        [sys.executable, "-I", "-c", _RUNNER], input=json.dumps([asdict(job) for job in jobs]), cwd=here, env=clean,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    printed: list[str] = json.loads(done.stdout)
    return printed
