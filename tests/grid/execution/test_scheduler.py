"""The process that runs the cells: isolated from the user's files, and correct about cells that die."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cache import cache_folder
from harness.engine.tuning import DivergedError
from harness.grid.execution.job import Job
from harness.grid.execution.scheduler import run_cells
from harness.grid.execution.worker import classify, run_job
from harness.store import RunFolder, StoredRun

BENCH = Path(sys.executable).with_name("bench")


def test_python_files_of_the_working_directory_are_never_imported(tmp_path):
    """A data folder may hold anything, also files named like our libraries, and is no place to run code from."""
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


def test_no_jobs_start_no_process(tmp_path):
    assert run_cells(RunFolder(tmp_path), [], lambda event: None) is None


def test_worker_uses_the_cache_folder_of_the_run(tmp_path, monkeypatch):
    def no_cell(job, emit):
        assert cache_folder() == tmp_path / "cache"
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.cache._Choice.folder", None)
    monkeypatch.setattr("harness.grid.execution.worker.CellRun", no_cell)
    with pytest.raises(KeyboardInterrupt):
        run_job(Job(str(tmp_path), "cell", "model", {}, str(tmp_path / "cache"), 30.0), lambda event: None)
