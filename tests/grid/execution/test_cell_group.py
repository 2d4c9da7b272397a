"""The processes that train a cell together: one that fails or dies ends all of them, with one clear error."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from harness.grid.execution import cell_group
from harness.grid.execution.cell_group import GroupFailedError, run_group
from harness.grid.execution.job import Job
from harness.grid.execution.memory_place import save_place
from harness.grid.execution.system_limits import find_disk_problem
from harness.grid.execution.worker import classify
from harness.store import CellFolder
from harness.types import LadderPlace

SAY = """
import json, os, signal, sys
rank = int(sys.argv[2])
def say(**event):
    print(json.dumps(event), flush=True)
def wait():  # as for a process that never answers
    say(event="pid", pid=os.getpid())
    sys.stdin.read()
def fail(status, error, expected=True, errno=None, place=None):
    say(event="failed", status=status, error=error, expected=expected, errno=errno, place=place)
    sys.exit(1)
"""


@pytest.fixture
def group_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a group of two processes that execute this code instead of a training; the events that were passed on are in `events`."""

    def run(code: str, events: list | None = None, restarts=()):
        monkeypatch.setattr(cell_group, "_MEMBER", SAY + code)
        monkeypatch.setattr(cell_group, "_GRACE_SECONDS", 0.5)
        job = Job(str(tmp_path), "c", "", {"kind": "cpu", "name": "CPU"}, "", 1.0, processes=2)
        return run_group(job, CellFolder(tmp_path), lambda event: None if events is None else events.append(event), restarts)

    return run


def test_events_and_the_result_of_the_first_process_are_passed_on(group_of):
    events: list = []
    trained = group_of("if rank == 0: say(event='progress', done=1); say(event='finished', outcome='x')", events)
    assert trained["outcome"] == "x"
    assert events == [{"event": "progress", "done": 1}]


def test_a_process_that_is_killed_ends_the_others(group_of):
    events: list = []
    with pytest.raises(GroupFailedError, match=r"process 2 of 2 was ended by signal 9 \(Killed\)") as caught:
        group_of("wait() if rank == 0 else os.kill(os.getpid(), signal.SIGKILL)", events)
    assert classify(caught.value)[0] == "failed"
    for event in events:
        with pytest.raises(ProcessLookupError):
            os.kill(event["pid"], 0)


@pytest.mark.parametrize("status", ["out-of-memory", "diverged"])
def test_what_one_process_meets_is_the_result_of_the_cell(group_of, status):
    with pytest.raises(GroupFailedError) as caught:
        group_of(f"wait() if rank == 0 else fail({status!r}, 'why')")
    assert classify(caught.value) == (status, "why")


def test_the_cause_is_reported_and_not_the_lost_connection(group_of):
    with pytest.raises(GroupFailedError, match=r"^CUDA out of memory$"):
        group_of("""
import contextlib
with contextlib.suppress(FileExistsError):
    os.mkfifo(sys.argv[3])
if rank == 0:
    say(event="failed", status="failed", error="RuntimeError: Connection closed by peer", expected=False, errno=None, place=None)
    open(sys.argv[3], "w").close()
else:
    open(sys.argv[3]).close()  # the process at fault is heard after the other
    fail("out-of-memory", "CUDA out of memory")
""")
    with pytest.raises(GroupFailedError, match=r"^RuntimeError: Connection closed by peer$"):
        group_of("""if rank == 0: fail("failed", "RuntimeError: Connection closed by peer", expected=False)\nwait()""")


def test_all_processes_take_the_steps_of_the_ladder_together_and_another_group_begins_where_they_ended(group_of):
    """One of them runs out of memory: in its micro-batches, then with gradient checkpointing, and then outside of a step."""
    code = """
place = json.loads(sys.argv[1])["place"]
tokens, step = place["micro_batch_tokens"] or 64, place["step"]
if rank == 1 and step == "as-planned":
    fail("out-of-memory", "CUDA out of memory", place={"step": "smaller-micro-batches", "micro_batch_tokens": tokens // 2})
if rank == 1 and step == "smaller-micro-batches":
    fail("out-of-memory", "CUDA out of memory", place={"step": "gradient-checkpointing", "micro_batch_tokens": 16})
if rank == 1 and step == "gradient-checkpointing":
    fail("out-of-memory", "CUDA out of memory")
say(event="attempt", place=place)
if rank == 0:
    say(event="finished", step=step) if step == "offloaded-optimizer" else wait()
"""
    events: list = []
    assert group_of(code, events, ["offloaded-optimizer"])["step"] == "offloaded-optimizer"
    attempts = [(each["place"]["step"], each["place"]["micro_batch_tokens"]) for each in events if each["event"] == "attempt"]
    assert attempts[-1] == ("offloaded-optimizer", None), "of both processes"
    with pytest.raises(GroupFailedError, match="CUDA out of memory"):
        group_of(code)  # no step is left after gradient checkpointing


def test_a_process_that_the_system_kills_for_memory_takes_the_next_step(group_of, tmp_path, monkeypatch):
    """The first process stores the place that it takes when it starts again. Where it changes nothing more, the cell is out of memory."""
    kills = iter(range(100))
    monkeypatch.setattr(cell_group, "count_memory_kills", lambda: next(kills))
    device = {"kind": "cpu", "name": "CPU"}
    job = Job(str(tmp_path), "c", "", device, "", 1.0, processes=2, place=LadderPlace("smaller-micro-batches", 16))
    save_place(CellFolder(tmp_path / "next"), job)
    code = """
folder = json.loads(sys.argv[1])["run"]
killed, place = json.loads(sys.argv[1])["killed_bytes"], json.loads(sys.argv[1])["place"]
if killed is None or place["step"] == "as-planned":
    if rank == 0 and killed is not None and os.path.exists(f"{folder}/next"):
        os.replace(f"{folder}/next/checkpoint/memory.json", f"{folder}/checkpoint/memory.json")
    os.kill(os.getpid(), signal.SIGKILL) if rank == 0 else wait()
if rank == 0:
    say(event="finished", killed=killed)
"""
    assert group_of(code)["killed"] > 1e6
    shutil.rmtree(tmp_path / "checkpoint")
    shutil.rmtree(tmp_path / "next")
    with pytest.raises(GroupFailedError, match=r"the system ran out of memory and killed process 1 of 2 when it had \d"):
        group_of(code)


def test_a_full_disk_stops_the_run_and_not_the_cell(group_of):
    with pytest.raises(GroupFailedError) as caught:
        group_of(f"fail('failed', 'why', errno={errno.ENOSPC}) if rank == 0 else wait()")
    assert find_disk_problem(caught.value) == os.strerror(errno.ENOSPC)


def test_a_process_that_ends_without_a_result_is_a_failure(group_of):
    with pytest.raises(GroupFailedError, match=r"process 1 of 2 ended with code 3; see log\.txt in the cell's folder"):
        group_of("sys.exit(3) if rank == 0 else wait()")
