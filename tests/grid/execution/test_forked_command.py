"""A command that forks itself to run its cells, instead of a second process that imports everything again."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.api import run_request
from harness.engine.models import Device, load_tokenizer, resolve_model
from harness.grid import EarlyProcesses, make_request
from harness.grid.execution import cell_processes
from harness.measure import usable_cores

CPU = Device("cpu", "a CPU", "float32")
# Forks itself for a cell that tells about its process, and for one that sleeps. It prints all events.
COMMAND = """
import gc, json, os, sys, time
from harness.engine.models import Device, load_tokenizer, resolve_model, tokenizer_reading
from harness.grid.execution import cell_processes, fork_server
from harness.grid.execution.job import Job
from harness.grid.execution.worker import send_event

def list_imports():
    before = set(sys.modules)
    from pathlib import Path
    from harness.metrics.similarity.rouge import rouge_scores
    from harness.statistics.intervals import mean_interval
    from harness.store.parquet_tables import read_rows, write_table
    rouge_scores("The cat sat.\\nIt slept.", ("A cat sat.\\nIt ran.",))
    file = Path(__file__).with_name("rows.parquet")
    write_table(file, [{"answer": "a"}], {"answer": "string"})
    list(read_rows(file))
    import numpy
    mean_interval(numpy.arange(40.0))
    return sorted({name.split(".")[0] for name in set(sys.modules) - before})

def run(job, events):
    if job.cell == "sleeps" or "bare" in sys.argv:
        send_event(events, {"event": "phase", "pid": os.getpid()})
        time.sleep(600)
    import torch
    tokenizer_reading._read = None
    values = torch.ones(600, 600) @ torch.ones(600, 600)
    send_event(events, {
        "event": "phase", "sum": values.sum().item(), "threads": torch.get_num_threads(), "session": os.getsid(0), "paths": sys.path,
        "variables": {name: os.environ[name] for name in cell_processes._KEPT_KERNELS},
        "looks_for_garbage": gc.isenabled(), "frozen": gc.get_freeze_count(), "looked_at": len(gc.get_objects()),
        "tokens": load_tokenizer(included)(["a b"])["input_ids"], "imported": list_imports(),
    })
    os._exit(3)

assert cell_processes.prepare_to_fork()
fork_server.run_process = run
if "bare" in sys.argv:
    fork_server.preload = lambda: None
print("unwritten", end="")
if "computes" in sys.argv:  # as when a GGUF file is converted
    import torch
    torch.ones(1000, 1000).exp().sum()
included = resolve_model("tiny")
model = None if "bare" in sys.argv else included
with cell_processes.open_cell_processes(Device("cpu", "a CPU", "float32"), 1, forks=True, model=model) as processes:
    for event in processes.events():
        print(json.dumps(event), flush=True)
        if event["event"] == "ready":
            processes.start(Job("run", "tells", "model", {}, "cache", 30.0))
        elif event["event"] == "exit":
            processes.start(Job("run", "sleeps", "model", {}, "cache", 30.0))
        elif event["cell"] == "sleeps" and "ends" in sys.argv:
            break
print(json.dumps(processes._server.returncode))
"""


pytestmark = pytest.mark.skipif(not cell_processes._can_fork(), reason="processes cannot fork here")


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    script = folder / "command.py"
    script.write_text(COMMAND)
    variables = {name: value for name, value in os.environ.items() if name not in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY")}
    variables["PYTHONPATH"] = str(Path(cell_processes.__file__).parents[3])
    return subprocess.Popen(
        [sys.executable, str(script), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=variables
    )


def test_cell_has_all_threads_and_nothing_of_the_terminal(tmp_path: Path) -> None:
    with start(tmp_path, "computes", "ends") as command:
        assert command.stdout is not None
        first, told, ended, sleeps, code = command.stdout.read().splitlines()
    assert command.returncode == 0
    assert first == 'unwritten{"event": "ready"}', "what was not yet written is written once"
    cell: dict[str, Any] = json.loads(told)
    assert cell["sum"] == 600**3, "threads of OpenMP from before the fork would be waited for, for ever"
    assert cell["threads"] == usable_cores()
    assert cell["session"] not in (0, os.getsid(0)), "Ctrl-C reaches the command alone"
    assert str(tmp_path) not in cell["paths"]
    assert cell["variables"] == cell_processes._KEPT_KERNELS
    assert cell["tokens"] == load_tokenizer(resolve_model("tiny"))(["a b"])["input_ids"], "the cell reads no tokenizer: it has it"
    libraries = {"nltk", "pandas", "pyarrow", "rapidfuzz", "rouge_score", "scipy"}
    assert libraries.isdisjoint(cell["imported"]), "to score and to store, a cell imports nothing"
    assert cell["looks_for_garbage"]
    assert cell["frozen"] > 100_000 > 10 * cell["looked_at"], "what the libraries have made is no garbage"
    assert (json.loads(ended)["event"], json.loads(ended)["code"]) == ("exit", 3)
    assert json.loads(code) == 0, "the server ended by itself"
    with pytest.raises(ProcessLookupError):
        os.kill(json.loads(sleeps)["pid"], 0)


def test_killed_command_leaves_no_process(tmp_path: Path) -> None:
    with start(tmp_path, "bare") as command:
        assert command.stdout is not None
        lines = [command.stdout.readline() for _ in range(2)]
        assert json.loads(lines[1])["pid"]
        command.send_signal(signal.SIGKILL)
        assert command.stdout.read() == "", "the end of this pipe: no process holds it open any more"


def test_a_damaged_tokenizer_is_one_error_without_a_traceback(tmp_path: Path) -> None:
    shutil.copytree(resolve_model("tiny").folder, tmp_path / "damaged")
    file = tmp_path / "damaged" / "tokenizer.json"
    file.write_bytes(file.read_bytes()[:1000])
    command = [
        sys.executable,
        "-m",
        "harness.cli.main",
        "run",
        "--task",
        "qa",
        "--strategies",
        "base",
        "--limit",
        "4",
        "--model",
        "./damaged",
    ]
    variables = os.environ | {"PYTHONPATH": str(Path(cell_processes.__file__).parents[3])}
    done = subprocess.run(command, cwd=tmp_path, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    signs_of_life = re.compile(r"Reading the data and the model, ([0-9]+ min )?[0-9]+ s since the start")  # on a slow machine
    assert [line for line in done.stderr.splitlines() if not signs_of_life.fullmatch(line)] == [done.stderr.splitlines()[-1]]
    assert done.stderr.splitlines()[-1].startswith("error: the model 'damaged' cannot be loaded: ")


def test_a_process_with_torch_is_not_forked() -> None:
    """It has read the variables of threads already, and may have started some: as where a program calls `bench` as a library."""
    import torch  # noqa: F401

    before = dict(os.environ)
    assert not cell_processes.prepare_to_fork()
    assert dict(os.environ) == before


def test_a_process_whose_threads_stay_is_not_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """An OpenMP that cannot end them."""
    monkeypatch.setattr(cell_processes, "end_openmp_threads", lambda: False)
    monkeypatch.setattr(cell_processes, "_FORK_SERVER", 'import os; os.write(1, b\'{"event": "own process"}\\n\')')
    with cell_processes.open_cell_processes(CPU, 1, forks=True) as processes:
        assert next(processes.events()) == {"event": "own process"}


def test_a_process_with_a_closed_stream_is_not_forked(tmp_path: Path) -> None:
    code = "import os, sys; from harness.grid.execution import cell_processes; print(cell_processes.prepare_to_fork(), file=sys.stderr)"
    for closed in ("<&-", ">&-", ""):
        command = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} {closed}"
        done = subprocess.run(command, shell=True, stderr=subprocess.PIPE, text=True, check=False, env=os.environ)
        assert done.stderr.splitlines()[-1] == str(not closed)


def test_a_plug_in_or_a_tracker_is_not_forked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What they have started, such as connections, would be shared."""
    planned: list[bool] = []

    class Planned(EarlyProcesses):
        def __init__(self, *arguments: Any, forks: bool) -> None:
            planned.append(forks)
            raise KeyboardInterrupt

    monkeypatch.setattr("harness.grid.EarlyProcesses", Planned)
    request = make_request({"tasks": ["qa"], "strategies": ["base"]})

    def start_run(**options: Any) -> bool:
        with pytest.raises(KeyboardInterrupt):
            run_request(request, runs_dir=tmp_path, forks=True, command="bench run", **options)
        return planned.pop()

    assert start_run()
    monkeypatch.setattr("harness.grid.trackers.available.find_spec", lambda name: object())  # whether it is installed or not
    assert not start_run(track=["tensorboard"])
    monkeypatch.setattr("harness.api.requested_runs.has_installed_plugins", lambda: True)
    assert not start_run()


def test_variables_of_one_cell_are_not_those_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that could have been forked may run two cells at a time after all."""
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", *cell_processes._KEPT_KERNELS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.setattr(cell_processes, "usable_cores", lambda: 8)
    monkeypatch.setattr(cell_processes, "_chosen_variables", set())
    monkeypatch.setattr(os, "environ", dict(os.environ))
    opened: list[dict[str, str]] = []

    def note(code: str, *, environment: dict[str, str]) -> None:
        opened.append(environment)
        raise KeyboardInterrupt

    monkeypatch.setattr(cell_processes, "_open_process", note)
    assert cell_processes.prepare_to_fork()
    assert (os.environ["OMP_NUM_THREADS"], os.environ["GOMP_SPINCOUNT"]) == ("8", "30000")
    with pytest.raises(KeyboardInterrupt), cell_processes.open_cell_processes(CPU, 2):
        pass
    assert (opened[0]["OMP_NUM_THREADS"], opened[0]["OMP_WAIT_POLICY"], opened[0].get("GOMP_SPINCOUNT")) == ("4", "PASSIVE", None)
