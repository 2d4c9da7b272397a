"""No process outlives the one that started it, on systems with and without Linux's death signal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from harness.engine.models import Device
from harness.grid.execution import cell_processes
from harness.grid.execution.job import Job

# As on macOS: only the pipe tells that the parent is gone.
WITHOUT_DEATH_SIGNAL = "import harness.parent_watch\nharness.parent_watch.request_death_signal = lambda: False\n"
SERVER_OF_SLEEPING_CELLS = """
import os, time
from harness.grid.execution import fork_server
from harness.grid.execution.worker import send_event
def sleep(job, events):
    send_event(events, {"event": "phase", "pid": os.getpid()})
    time.sleep(600)
fork_server.run_process = sleep
fork_server.serve(1)
"""
JOB = Job("run", "cell", "model", {}, "cache", 30.0)


def start(code: str, *arguments: str, path: Path | None = None) -> subprocess.Popen[str]:
    environment = os.environ | ({"PYTHONPATH": os.pathsep.join([str(path), os.environ.get("PYTHONPATH", "")])} if path else {})
    return subprocess.Popen(
        [sys.executable, "-P", "-c", WITHOUT_DEATH_SIGNAL + code, *arguments],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("code", [cell_processes._FORK_SERVER, cell_processes._SPAWNED_CELL], ids=["server", "spawned cell"])
def test_process_that_is_importing_ends_with_its_parent(tmp_path: Path, code: str) -> None:
    (tmp_path / "pydantic.py").write_text("import sys, time\nprint('importing', file=sys.stderr, flush=True)\ntime.sleep(600)\n")
    with start(code, json.dumps(asdict(JOB)), path=tmp_path) as process:
        assert process.stdin is not None and process.stderr is not None
        assert process.stderr.readline() == "importing\n"
        process.stdin.close()  # as the kernel does when the parent is killed
        assert process.wait(timeout=60) == 1


def test_killed_server_leaves_no_cell_process() -> None:
    with start(SERVER_OF_SLEEPING_CELLS) as server:
        assert server.stdin is not None and server.stdout is not None and server.stderr is not None
        assert json.loads(server.stdout.readline()) == {"event": "ready"}
        for cell in ("first", "second"):
            server.stdin.write(json.dumps(asdict(JOB) | {"cell": cell}) + "\n")
            server.stdin.flush()
            assert json.loads(server.stdout.readline())["cell"] == cell
        server.send_signal(signal.SIGKILL)
        server.wait(timeout=60)
        assert server.stderr.read() == "", "the end of this pipe: no process holds it open any more"


def test_cell_runs_where_processes_cannot_fork(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Events, exit codes and the end of processes that are still running are the same as with fork."""
    monkeypatch.delattr(os, "fork")
    code = """
import json, os, sys, time
from pathlib import Path
cell = json.loads(sys.argv[1])["cell"]
os.write(1, b'{"event": "phase", "phase": "load"}\\n')
if cell == "sleeps":
    print("started", file=sys.stderr, flush=True)
    time.sleep(600)
os._exit(3)
"""
    monkeypatch.setattr(cell_processes, "_SPAWNED_CELL", code)
    with cell_processes.open_cell_processes(Device("cpu", "a CPU", "float32"), 2) as processes:
        events = processes.events()
        assert next(events) == {"event": "ready"}
        processes.start(Job("run", "ends", "model", {}, "cache", 30.0))
        assert next(events) == {"cell": "ends", "event": "phase", "phase": "load"}
        assert next(events) == {"cell": "ends", "event": "exit", "code": 3}
        processes.start(Job("run", "sleeps", "model", {}, "cache", 30.0))
        assert next(events)["cell"] == "sleeps"
        running = processes._running["sleeps"]  # type: ignore[attr-defined]
    assert running.returncode == -signal.SIGKILL
