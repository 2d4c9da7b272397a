"""The process that runs the cells: isolated from the user's files, and correct about cells that die."""

import errno
import os
import signal
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from harness.cache import cache_folder
from harness.engine.tuning import DivergedError
from harness.errors import RunStoppedError
from harness.grid.execution.job import Job
from harness.grid.execution.scheduler import CellScheduler, _cause_of_death
from harness.grid.execution.system_limits import find_disk_problem
from harness.grid.execution.worker import classify, run_job
from harness.store import RunFolder, StoredRun

BENCH = Path(sys.executable).with_name("bench")


def test_python_files_of_the_working_directory_are_never_imported(tmp_path):
    """A data folder may hold anything, also files named like our libraries, and is no place to run code from.

    With `make without-fork`, the cell has a new process.
    """
    for name in ("accelerate.py", "random.py", "transformers.py", "torch.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from the working directory')")
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness" / "__init__.py").write_text("raise SystemExit('imported from the working directory')")
    command = [str(BENCH), "run", "--task", "classification", "--strategies", "base", "--limit", "8"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / done.stdout.strip() / "report.html").is_file()


def test_killed_cell_fails_and_the_other_cells_continue(tmp_path):
    """The process of the first cell is killed as soon as it has started; the run ends, and exit code 1 says so."""
    command = [str(BENCH), "run", "--task", "classification", "--strategies", "lora", "--limit", "8", "--epochs", "1"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "base: load" in line:
            os.kill(newest_descendant(process.pid), signal.SIGKILL)
            break
    out, _ = process.communicate()
    assert process.returncode == 1
    run = StoredRun(RunFolder(tmp_path / out.strip()))
    by_strategy = {c.strategy: run.results[c.id] for c in run.cells}
    assert by_strategy["base"].status == "failed"
    assert "was ended by signal 9" in by_strategy["base"].error
    assert by_strategy["lora"].status == "done"


def newest_descendant(pid):
    """The process of the cell: the child of the server, which is our command's child."""
    children = [int(c) for c in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return newest_descendant(children[-1]) if children else pid


def test_out_of_memory_and_divergence_have_their_own_status():
    import torch

    assert classify(torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))[0] == "out-of-memory"
    assert classify(MemoryError())[0] == "out-of-memory"
    assert classify(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"))[0] == "out-of-memory"
    assert classify(DivergedError("the loss became nan")) == ("diverged", "the loss became nan")
    assert classify(KeyError("x")) == ("failed", "KeyError: 'x'")


def chained(outer, inner):
    """`outer`, raised while `inner` was handled."""
    outer.__context__ = inner
    return outer


@pytest.mark.parametrize(
    "error",
    [
        ImportError("libarrow.so.2600: failed to map segment from shared object"),
        RuntimeError("unable to mmap 10835200 bytes from file <model.safetensors>: Cannot allocate memory (12)"),
        RuntimeError("std::bad_alloc"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        chained(OSError("Unable to load weights from the checkpoint file"), MemoryError()),
    ],
)
def test_every_failed_allocation_is_out_of_memory(error):
    status, message = classify(error)
    assert status == "out-of-memory"
    assert message.startswith("does not fit")


@pytest.mark.parametrize(
    "error",
    [
        ImportError("libx.so: failed to map segment from shared object: Operation not permitted"),
        OSError(errno.ENOSPC, "No space left on device"),
        ValueError("the memory of the patient, out of memory"),
    ],
)
def test_other_failures_are_not_out_of_memory(error):
    assert classify(error)[0] == "failed"


@pytest.mark.parametrize(
    ("code", "log", "status"),
    [
        (-signal.SIGABRT, "terminate called after throwing an instance of 'std::bad_alloc'\n", "out-of-memory"),
        (-signal.SIGABRT, "memory allocation of 4194304 bytes failed\n", "out-of-memory"),
        (1, "libgomp: Thread creation failed: Resource temporarily unavailable\n", "out-of-memory"),
        (1, 'Traceback (most recent call last):\n  File "x.py", line 1\nMemoryError\n', "out-of-memory"),
        (1, "out of memory\n" + "a later line\n" * 400, "failed"),
        (-signal.SIGSEGV, "", "failed"),
        (-signal.SIGKILL, "std::bad_alloc was handled\n", "failed"),
    ],
)
def test_log_tells_that_a_dead_process_had_no_memory(tmp_path, code, log, status):
    (tmp_path / "log.txt").write_text(log)
    cause, error = _cause_of_death(code, False, tmp_path / "log.txt")
    assert cause == status
    assert "log.txt" in error
    assert _cause_of_death(code, False, tmp_path / "missing.txt")[0] == "failed"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError("Error writing bytes to file. Detail: [errno 28] No space left on device"), "No space left on device"),
        (
            RuntimeError('Error while serializing: IoError(Os { code: 28, kind: StorageFull, message: "No space left" })'),
            "No space left on device",
        ),
        (chained(ValueError("cannot save"), OSError(errno.EROFS, "Read-only file system")), "Read-only file system"),
        (ValueError("exit code: 28"), None),
        (OSError(errno.ENOENT, "No such file or directory"), None),
    ],
)
def test_full_disk_is_recognized_in_every_library(error, reason):
    assert find_disk_problem(error) == reason


def test_full_disk_stops_the_run_and_leaves_the_cell_open(tmp_path):
    """The other cells would fail in seconds, and their failures would count as results."""

    class Processes:
        def start(self, job):
            assert job.cell == "first", "no other cell starts"

        def events(self):
            yield {"event": "ready"}
            yield {"cell": "first", "event": "stop", "reason": "cannot be written: No space left on device"}

    jobs = [Job(str(tmp_path), cell, "model", {}, "cache", 30.0) for cell in ("first", "second")]
    with pytest.raises(RunStoppedError, match=r"cannot be written: No space left on device\. Correct this, and run the same command again"):
        CellScheduler(RunFolder(tmp_path), lambda event: None, lambda at_once: nullcontext(Processes())).run(jobs)
    assert not list(tmp_path.iterdir())


def test_no_jobs_start_no_process(tmp_path):
    CellScheduler(RunFolder(tmp_path), lambda event: None, lambda at_once: pytest.fail("a process was opened")).run([])


def test_processes_stay_open_between_rounds_with_as_many_cells_at_a_time(tmp_path, monkeypatch):
    opened, started = [], []

    class Processes:
        def __init__(self):
            self.waiting = []

        def start(self, job):
            started.append(job.cell)
            self.waiting.append(job.cell)

        def events(self):
            yield {"event": "ready"}
            while True:
                yield {"cell": self.waiting.pop(0), "event": "exit", "code": 0}

    @contextmanager
    def open_processes(at_once):
        opened.append(at_once)
        yield Processes()
        opened.append(-at_once)

    monkeypatch.setattr("harness.grid.execution.scheduler.require_result", lambda folder, event, kills: None)
    with CellScheduler(RunFolder(tmp_path), lambda event: None, open_processes) as scheduler:
        for round_, at_once in ((["a", "b", "c"], 2), (["d"], 2), (["e"], 1), ([], 1)):
            scheduler.run([Job(str(tmp_path), cell, "model", {}, "cache", 30.0) for cell in round_], at_once=at_once)
    assert started == ["a", "b", "c", "d", "e"] and opened == [2, -2, 1, -1]


def test_the_loss_of_an_untuned_model_reaches_the_cells_that_start_later(tmp_path, monkeypatch):
    """It is no event for those who follow the run."""
    started, events = {}, []

    class Processes:
        def start(self, job):
            started[job.cell] = job.base_losses

        def events(self):
            yield {"event": "ready"}
            yield {"cell": "a", "event": "base_loss", "key": "tiny", "loss": 6.5, "costs": ["{}"]}
            yield {"cell": "b", "event": "exit", "code": 0}
            yield {"cell": "a", "event": "exit", "code": 0}
            yield {"cell": "c", "event": "exit", "code": 0}

    monkeypatch.setattr("harness.grid.execution.scheduler.require_result", lambda folder, event, kills: None)
    with CellScheduler(RunFolder(tmp_path), events.append, lambda at_once: nullcontext(Processes())) as scheduler:
        scheduler.run([Job(str(tmp_path), cell, "model", {}, "cache", 30.0) for cell in "abc"], at_once=2)
    assert started == {"a": {}, "b": {}, "c": {"tiny": {"loss": 6.5, "costs": ["{}"]}}}
    assert {each["event"] for each in events} == {"start", "exit"}


def test_worker_uses_the_cache_folder_of_the_run(tmp_path, monkeypatch):
    def no_cell(job, emit):
        assert cache_folder() == tmp_path / "cache"
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.cache._Choice.folder", None)
    monkeypatch.setattr("harness.grid.execution.worker.open_cell_run", no_cell)
    with pytest.raises(KeyboardInterrupt):
        run_job(Job(str(tmp_path), "cell", "model", {}, str(tmp_path / "cache"), 30.0), lambda event: None)


def test_cell_of_a_lost_machine_runs_again_and_is_given_up_after_the_third_machine(tmp_path, monkeypatch):
    """`first` loses one machine and then ends; `fatal` takes every machine down that it runs on."""
    started, stored, events = [], [], []

    class Machines:
        def __init__(self):
            self.running = []

        def start(self, job):
            started.append(job.cell)
            self.running.append(job.cell)

        def events(self):
            yield {"event": "ready"}
            while self.running:
                cell = self.running.pop(0)
                if cell == "fatal" or started.count(cell) == 1:
                    yield {"cell": cell, "event": "lost", "reason": "its node died"}
                else:
                    yield {"cell": cell, "event": "exit", "code": 0}

    monkeypatch.setattr("harness.grid.execution.scheduler.require_result", lambda folder, event, kills: None)
    monkeypatch.setattr("harness.grid.execution.scheduler.store_failure", lambda folder, cell, *failure: stored.append((cell, *failure)))
    with CellScheduler(RunFolder(tmp_path), events.append, lambda at_once: nullcontext(Machines())) as scheduler:
        scheduler.run([Job(str(tmp_path), cell, "model", {}, "cache", 30.0) for cell in ("first", "fatal")], at_once=2)
    assert (started.count("first"), started.count("fatal")) == (2, 3)
    assert stored == [("fatal", "failed", "3 machines were lost while they ran this cell, the last because its node died")]
    assert [each["event"] for each in events if each["cell"] == "fatal"] == ["start", "lost", "start", "lost", "start", "exit"]
