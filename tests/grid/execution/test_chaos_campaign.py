"""Runs in trouble: without space, without files, without memory, on a clock that jumps. Each ends complete, or with one clear error.

The number of sizes of a full disk can be reduced with CHAOS_SIZES on a busy machine.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from troubled_runs import ARGUMENTS, Ended, complete, find_victim, get_results, make_environment, preload, run, start

from harness.store import RunFolder, write_text

pytestmark = pytest.mark.soak

SIZES = int(os.environ.get("CHAOS_SIZES", "30"))
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


@pytest.fixture(scope="module", autouse=True)
def _imports() -> None:
    preload()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return complete(tmp_path_factory.mktemp("undisturbed"))


@contextlib.contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A file system of this size at the folder."""
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "bench-chaos", str(folder)], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("this user cannot mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(folder: Path, option: str) -> bool:
    return subprocess.run(["mount", "-o", f"remount,{option}", str(folder)], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("number", range(SIZES))
def test_full_disk_is_one_error_and_the_run_resumes(
    undisturbed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """It becomes full during the run: the check before it found enough space."""
    monkeypatch.setattr("harness.grid.execution.disk_space.shutil", SimpleNamespace(disk_usage=lambda _: SimpleNamespace(free=1 << 40)))
    kilobytes = 4 * round(1.33**number)  # 4 KiB to 16 MiB; a run takes 7 to 9 MiB
    with small_disk(tmp_path / "disk", kilobytes) as disk:
        ended = run(disk, BENCH_CACHE_DIR=str(tmp_path / "cache"))
        print(f"{kilobytes} KiB: exit {ended.code}: {ended.errors[:1] or ended.err.splitlines()[-1:]}")
        assert "Traceback" not in ended.err, ended.err
        if ended.code:
            assert ended.is_one_clear_error() and "No space left on device" in ended.errors[0], ended.err
        assert remount(disk, "size=64m")
        assert complete(disk, BENCH_CACHE_DIR=str(tmp_path / "cache")) == undisturbed


@pytest.mark.parametrize("sign", ["Run runs", "base: done", "lora seed 0: done"])
def test_disk_that_becomes_read_only_is_one_error_and_the_run_resumes(undisturbed: dict[str, Any], tmp_path: Path, sign: str) -> None:
    with small_disk(tmp_path / "disk", 1 << 16) as disk:
        process = start(disk, BENCH_CACHE_DIR=str(tmp_path / "cache"))
        assert process.stderr is not None and process.stdout is not None
        err = ""
        for line in process.stderr:
            err += line
            if sign in line:
                break
        read_only = False
        while process.poll() is None and not read_only:  # refused while a file is open for writing
            read_only = remount(disk, "ro")
        err += process.stderr.read()
        ended = Ended(process.wait(), process.stdout.read(), err)
        process.stdout.close()
        process.stderr.close()
        print(f"read-only after {sign!r}: {read_only}, exit {ended.code}: {ended.errors[:1]}")
        if read_only:
            assert ended.code == 0 or ended.is_one_clear_error() or "Read-only file system" in ended.err, ended.err
            assert "Traceback" not in ended.err, ended.err
            assert remount(disk, "rw")
        assert complete(disk, BENCH_CACHE_DIR=str(tmp_path / "cache")) == undisturbed


@pytest.mark.parametrize("limit", [5, 6, 7, 8, 10, 12])
def test_too_few_file_descriptors_are_one_error_and_the_run_resumes(undisturbed: dict[str, Any], tmp_path: Path, limit: int) -> None:
    ended = run(tmp_path, descriptors=limit)
    print(f"{limit} descriptors: exit {ended.code}: {ended.errors[:1] or ended.err.splitlines()[-1:]}")
    assert ended.code in (0, 1, 2), ended.err
    assert "Traceback" not in ended.err, ended.err
    if ended.code:
        assert "Too many open files" in ended.err or ended.is_one_clear_error(), ended.err
    assert complete(tmp_path) == undisturbed


@pytest.mark.parametrize("jumps", [["-1d", "+400d"], ["+10y", "-10y"], ["-3600", "+0"]])
def test_jumping_clock_changes_no_result(undisturbed: dict[str, Any], tmp_path: Path, jumps: list[str]) -> None:
    if not FAKETIME.is_file():
        pytest.skip("libfaketime is not installed")
    clock = tmp_path / "clock"
    clock.write_text("+0\n")
    fake = {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # A process that ends inside the library's lock, which all of them share, would stop the others for ever.
        "FAKETIME_DISABLE_SHM": "1",
        "NO_FAKE_STAT": "1",
    }
    here = tmp_path / "here"
    here.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "harness.cli.main", *ARGUMENTS],
        cwd=here,
        env=os.environ | make_environment(here) | fake,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None and process.stdout is not None
    err, jump = "", iter(jumps)
    for line in process.stderr:
        err += line
        if ": train" in line or ": predict" in line:
            write_text(clock, next(jump, jumps[-1]) + "\n")  # libfaketime ends a process that reads an empty file
    out = process.stdout.read()
    assert process.wait() == 0, err
    folder = here / out.strip().splitlines()[-1]
    assert get_results(folder) == undisturbed
    for cell in RunFolder(folder).plan().cells:
        for cost in RunFolder(folder).cell(cell.id).result().costs:
            assert 0 <= cost.seconds < 3600, "phases are clocked by a clock that cannot jump"


def test_two_runs_at_once_in_one_folder_of_runs(undisturbed: dict[str, Any], tmp_path: Path) -> None:
    """The same plan twice: one runs, the other names it. Another plan beside it: both complete."""
    processes = [start(tmp_path), start(tmp_path), start(tmp_path, *ARGUMENTS, "--seeds", "2")]
    ended = [Ended(p.wait(), out, err) for p in processes for out, err in [p.communicate()]]
    first, second, other = ended
    print([(each.code, each.errors[:1]) for each in ended])
    assert other.code == 0, other.err
    for each in (first, second):
        assert each.code == 0 or (each.is_one_clear_error() and "is in use by" in each.err), each.err
    assert 0 in (first.code, second.code)
    assert complete(tmp_path) == undisturbed


def test_cell_that_the_kernel_kills_for_memory_is_out_of_memory(tmp_path: Path) -> None:
    """The process of the first cell enters a control group with too little memory; the other cell is done."""
    group = next((g for g in (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")) if (g / "cgroup.procs").is_file()), None)
    if group is None:
        pytest.skip("there are no control groups here")
    group /= "bench-test"
    try:
        group.mkdir(exist_ok=True)
        limit = group / "memory.limit_in_bytes"
        (limit if limit.is_file() else group / "memory.max").write_text(str(8 << 20))
    except OSError as error:
        pytest.skip(f"control groups cannot be written here: {error.strerror}")
    process = start(tmp_path)
    assert process.stderr is not None and process.stdout is not None
    for line in process.stderr:
        if "base: load" in line:
            while (victim := find_victim(process.pid, "worker")) is None:
                time.sleep(0.001)
            (group / "cgroup.procs").write_text(str(victim))
            break
    out, _ = process.communicate()
    assert process.returncode == 1
    folder = RunFolder(tmp_path / out.strip().splitlines()[-1])
    by_strategy = {cell.strategy: folder.cell(cell.id).result() for cell in folder.plan().cells}
    assert by_strategy["base"].status == "out-of-memory", by_strategy["base"]
    assert by_strategy["base"].error.startswith("the system ran out of memory and killed the cell's process")
    assert by_strategy["lora"].status == "done"
    group.rmdir()
    shutil.rmtree(tmp_path)
