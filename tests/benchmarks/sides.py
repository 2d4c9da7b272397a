"""Both sides of a comparison: `bench`'s work and that of the other tools, each in a process of its own with the same threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from places import ROOT


class Sides(Protocol):
    """Who does the work of a comparison. The arguments are those of `our_side.py`, and of the scripts in `BENCH_COMPARE_DIR`."""

    def ours(self, arguments: Sequence[str]) -> dict[str, Any]: ...

    def trl(self, arguments: Sequence[str], *, liger: bool = False) -> dict[str, Any]:
        """A training, with Liger's kernels if asked for."""

    def lm_eval(self, arguments: Sequence[str]) -> dict[str, Any]: ...

    def has_liger(self) -> bool:
        """Whether TRL can train with Liger's kernels here: they need a GPU, and the package liger-kernel."""

    def run_grid(self, arguments: Sequence[str]) -> Path:
        """`bench run` with these arguments; returns the run's folder."""


_LIGER = "import importlib.util, torch; print(torch.cuda.is_available() and importlib.util.find_spec('liger_kernel') is not None)"


@dataclass(frozen=True)
class Processes:
    """Each piece of work in a new process, as in a shell loop.

    Args:
        python: the Python of an environment with the other tools.
        scripts: the folder with `trl_sft.py` and `lm_eval_run.py`.
    """

    python: str
    scripts: Path

    def ours(self, arguments: Sequence[str]) -> dict[str, Any]:
        return _last_line([sys.executable, "-m", "tests.benchmarks.our_side", *arguments])

    def trl(self, arguments: Sequence[str], *, liger: bool = False) -> dict[str, Any]:
        wrapper = [str(Path(__file__).with_name("with_liger.py"))] if liger else []
        return _last_line([self.python, *wrapper, str(self.scripts / "trl_sft.py"), *arguments])

    def lm_eval(self, arguments: Sequence[str]) -> dict[str, Any]:
        return _last_line([self.python, str(self.scripts / "lm_eval_run.py"), *arguments])

    def has_liger(self) -> bool:
        return _finds_liger(self.python)

    def run_grid(self, arguments: Sequence[str]) -> Path:
        return Path(_run([sys.executable, "-m", "harness.cli.main", "run", *arguments]).splitlines()[-1])


def timed(work: Any, *arguments: Any) -> tuple[float, Any]:
    """The seconds that a call takes, and what it returns."""
    start = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - start, result


@cache
def _finds_liger(python: str) -> bool:
    """Asked once: importing torch takes seconds, and every round of a training wants to know."""
    return _run([python, "-c", _LIGER]) == "True"


def _last_line(command: Sequence[str]) -> dict[str, Any]:
    return json.loads(_run(command).splitlines()[-1])  # type: ignore[no-any-return]


def _run(command: Sequence[str]) -> str:
    """Run a command in the checkout; returns its standard output. Threads wait for work as they do without settings.

    Raises:
        RuntimeError: it failed.
    """
    quiet = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    path = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | quiet | {"PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:4])} … ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout.strip()
