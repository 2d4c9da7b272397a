"""Commands that are run, killed and compared with an undisturbed one, in forked processes."""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kills import ForkedProcess, fork_server

from harness import grid
from harness.cli.main import main
from harness.grid.execution import cell_processes
from harness.store import RunFolder

ARGUMENTS = ("run", "--task", "classification", "--strategies", "lora", "--limit", "8", "--epochs", "1")


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("error:")]

    def is_one_clear_error(self) -> bool:
        return self.code in (1, 2) and len(self.errors) == 1 and "Traceback" not in self.err


def start(here: Path, *arguments: str, descriptors: int | None = None, **environment: str) -> ForkedProcess:
    """The command in a forked process, whose server is forked, too: a third of the time of new ones, which import everything."""
    here.mkdir(exist_ok=True)

    def command() -> None:
        os.chdir(here)
        os.environ.update(make_environment(here) | environment)
        sys.argv = ["bench", *(arguments or ARGUMENTS)]
        cell_processes._open_process = fork_server  # type: ignore[assignment]
        # Although torch is imported, because it has one thread. A search has a server of its own, so that both kinds are killed.
        grid.prepare_to_fork = lambda: "--tune" not in sys.argv
        if descriptors is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
        main()

    return ForkedProcess(command)


def make_environment(here: Path) -> dict[str, str]:
    return {"BENCH_CHECKPOINT_SECONDS": "0", "BENCH_SERVING_SECONDS": "0", "HF_HUB_OFFLINE": "1", "BENCH_CACHE_DIR": str(here / ".cache")}


def run(here: Path, *arguments: str, descriptors: int | None = None, **environment: str) -> Ended:
    process = start(here, *arguments, descriptors=descriptors, **environment)
    out, err = process.communicate()
    return Ended(process.wait(), out, err)


def get_results(folder: Path) -> dict[str, Any]:
    """What must not change: predictions, scores and training, without times and costs."""
    results = {}
    for cell in RunFolder(folder).plan().cells:
        files = RunFolder(folder).cell(cell.id)
        curve = [{k: v for k, v in p.items() if k != "tokens_per_second"} for p in files.training_curve()]
        results[cell.strategy] = (files.result().status, files.predictions(), curve, files.result().training)
    return results


def get_trials(folder: Path) -> list[Any]:
    """The trials of a search: their values, and what they measured."""
    plan = RunFolder(folder).plan()
    trials = [(plan.trials[cell.id], RunFolder(folder).cell(cell.id).result()) for cell in plan.trial_cells]
    return [(trial.number, trial.rung, dict(trial.values), result.status, result.trial) for trial, result in trials]


def complete(here: Path, *arguments: str, **environment: str) -> dict[str, Any]:
    """Run the command to its end; the results of the run that it names. Nothing temporary may be left in any run."""
    ended = run(here, *arguments, **environment)
    assert ended.code == 0, ended.err
    folder = here / ended.out.strip().splitlines()[-1]
    assert (folder / "report.html").is_file()
    assert not [f for f in folder.rglob("*") if f.name in ("work", "checkpoint", "trials", ".lock-holder") or f.name.endswith(".part")]
    return get_results(folder) | ({"trials": get_trials(folder)} if "--tune" in arguments else {})


def preload() -> None:
    """What forked commands need not import again. This process must not compute with torch: its threads would not survive a fork.

    A command itself tries steps of a model before it forks its server, so torch has one thread.
    """
    import torch

    from harness.grid.execution import fork_server as server

    server.preload()
    torch.set_num_threads(1)
    for module in ("api", "reporting", "decision", "grid", "engine.artifacts", "cli.commands.run"):
        importlib.import_module(f"harness.{module}")
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.metrics  # noqa: F401


def list_children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def find_victim(runner: int, role: str) -> int | None:
    """The process of a run that has this role at the moment."""
    if role == "runner":
        return runner
    servers = list_children(runner)
    if role == "server":
        return servers[-1] if servers else None
    return next((child for server in servers for child in list_children(server)), None)


def kill_process(here: Path, role: str, line: int, delay: float, *arguments: str) -> str | None:
    """Start the command, and kill its process of this role.

    Args:
        line: the line of progress after which it is killed; 0 for before the first.
        delay: seconds after the line.

    Returns:
        The line; None if the command ended earlier.
    """
    process = start(here, *arguments)
    assert process.stderr is not None
    lines = ["before the first line"]
    while len(lines) <= line and (text := process.stderr.readline()):
        lines.append(text.strip())
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=delay)
    victim = None
    while process.poll() is None and victim is None:
        victim = find_victim(process.pid, role)
        time.sleep(0.002)
    killed = victim is not None
    if victim is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    out, err = process.communicate()
    err = "\n".join(lines[1:]) + "\n" + err
    assert "Traceback" not in err, err
    ended = Ended(process.wait(), out, err)
    if role == "runner" and ended.code == -signal.SIGKILL:
        return lines[-1]
    assert ended.code == 0 or ": failed" in err or ended.is_one_clear_error(), err
    return lines[-1] if killed and ended.code else None
