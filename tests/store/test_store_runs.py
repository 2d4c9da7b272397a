"""Finding, resuming and locking runs, and reusing their cells."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import BenchError
from harness.reporting import describe_latest_run
from harness.store import (
    RunFolder,
    RunLock,
    RunPlan,
    StoredRun,
    create_run,
    find_finished_cell,
    find_latest_run,
    find_run_to_resume,
    find_unfinished_run,
    open_run,
    reuse_cell,
)
from harness.types import Cell, CellResult

Make = Callable[..., RunFolder]
BASE = Cell("b0", "notes", "tiny", "base", 0, None)
LORA = Cell("l0", "notes", "tiny", "lora", 2, 0)
LATER = "2026-03-01T10:20:31+0100"
PLAN = "feed" * 16

HOLD = """
import sys, time
from pathlib import Path
from harness.store import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a second process that holds the lock until its input is closed."""
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdin is not None
    try:
        assert holder.stdout.readline() == "held\n"
        yield holder
    finally:
        holder.stdin.close()
        holder.stdout.close()
        holder.wait(timeout=30)


# Locks


def test_second_process_learns_which_process_holds_the_run(tmp_path: Path) -> None:
    with held(tmp_path) as holder:
        with pytest.raises(BenchError) as caught, RunLock(tmp_path):
            pass
        assert re.fullmatch(
            rf"{re.escape(str(tmp_path))}: is in use by process {holder.pid} since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d. "
            "Wait for it to finish, or stop it.",
            str(caught.value),
        )
        assert RunLock(tmp_path).is_held_by_other()
    assert not RunLock(tmp_path).is_held_by_other()
    with RunLock(tmp_path):
        pass


def test_lock_is_free_after_its_process_was_killed(tmp_path: Path) -> None:
    with held(tmp_path) as holder:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait(timeout=30)
        with RunLock(tmp_path):
            assert json.loads((tmp_path / ".lock-holder").read_text())["pid"] == os.getpid()
    assert not (tmp_path / ".lock-holder").exists()


def test_error_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), RunLock(tmp_path):
        raise ZeroDivisionError
    with RunLock(tmp_path):
        pass


def test_folder_without_lock_file_is_free(tmp_path: Path) -> None:
    assert not RunLock(tmp_path).is_held_by_other()
    assert not (tmp_path / ".lock").exists()


def test_folder_of_a_process_killed_before_it_was_a_run_is_removed(tmp_path: Path, plan: RunPlan) -> None:
    """Others stay: one that is in use, one that a process has just created, and whatever else people keep there."""
    for name in ("killed", "in-use", "new", "notes"):
        (tmp_path / name).mkdir()
    for name in ("killed", "in-use"):
        (tmp_path / name / ".run.json.99.part").write_text("{")
    (tmp_path / "notes" / ".lock-holder").write_text("{}")
    (tmp_path / "notes" / "notes.txt").write_text("mine")
    with held(tmp_path / "killed") as holder:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait(timeout=30)
    with held(tmp_path / "in-use"):
        created = create_run(tmp_path, plan)
        assert {folder.name for folder in tmp_path.iterdir()} == {"in-use", "new", "notes", created.path.name}


# Finding runs


def finish(folder: RunFolder) -> RunFolder:
    """Seal the run, as its last step does."""
    folder.seal()
    return folder


def test_run_name_holds_time_task_and_digest(make_run: Make) -> None:
    assert make_run().path.name == "20260301-102030-notes-feedfeed"
    assert make_run().path.name == "20260301-102030-notes-feedfeed-2", "two runs of the same second get different folders"


def test_error_when_the_runs_folder_cannot_be_created(tmp_path: Path, plan: RunPlan) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match=r"cannot hold runs: .*runs_dir="):
        create_run(tmp_path / "file", plan)


def test_run_opens_by_path_name_or_latest(make_run: Make, tmp_path: Path) -> None:
    first, second = finish(make_run()), finish(make_run(created=LATER))
    runs = tmp_path / "runs"
    for name in (str(first.path), first.path.name):
        assert open_run(runs, name).path.name == first.path.name
    assert open_run(runs, "latest").path == second.path
    with pytest.raises(BenchError, match=rf"there is no run '{second.path.name}x' in .*runs. Did you mean '{second.path.name}'"):
        open_run(runs, second.path.name + "x")
    with pytest.raises(BenchError, match=r"is not a run folder \(it has no run.json\)"):
        open_run(runs, str(tmp_path))
    with pytest.raises(BenchError, match="there is no run 'latest'"):
        open_run(tmp_path / "nowhere", "latest")


def test_latest_is_the_newest_run_even_after_renaming(make_run: Make, tmp_path: Path) -> None:
    old, new = finish(make_run()), finish(make_run(created=LATER))
    old.path.rename(old.path.with_name("zz-baseline"))
    assert open_run(tmp_path / "runs", "latest").path == new.path
    ahead = finish(make_run(created="2026-03-01T09:30:00+0000"))  # half past ten in the zone of the others
    assert open_run(tmp_path / "runs", "latest").path == ahead.path


def test_latest_passes_over_runs_that_are_not_finished(make_run: Make, tmp_path: Path) -> None:
    """A run in the background must not capture the commands that follow."""
    runs, done = tmp_path / "runs", finish(make_run(BASE, LORA))
    busy, stopped, damaged = (make_run(created=f"2026-03-01T10:20:3{i}+0100") for i in (5, 4, 3))
    text = damaged.plan_file.read_text()
    damaged.plan_file.write_text(text.replace('"command": "bench run', '"command": "bench rum'))
    with held(busy.path):
        latest = find_latest_run(runs)
    reasons = ["is in progress", "is not finished", "is damaged"]
    assert latest.folder.path == done.path
    assert [(folder.path, why) for folder, why in latest.newer] == list(
        zip((r.path for r in (busy, stopped, damaged)), reasons, strict=True)
    )
    assert describe_latest_run(latest) == (
        f"latest: {done.path.name} (newer: {busy.path.name} is in progress; {stopped.path.name} is not finished; {damaged.path.name} is "
        "damaged)"
    )
    assert find_run_to_resume(runs, "latest").path == busy.path
    assert open_run(runs, "latest", task="notes").path == done.path
    with pytest.raises(BenchError, match="there is no finished run of the task 'other'"):
        open_run(runs, "latest", task="other")
    done.seal_file.unlink()
    with pytest.raises(
        BenchError, match=rf"there is no finished run\. {busy.path.name} is not finished\..* Name a run, or run the same command"
    ):
        open_run(runs, "latest")


def test_no_run_to_resume_where_all_are_finished(make_run: Make, tmp_path: Path) -> None:
    finish(make_run(BASE, LORA))
    with pytest.raises(BenchError, match="every run is finished, so there is none to resume"):
        find_run_to_resume(tmp_path / "runs", "latest")


def test_damaged_run_does_not_hide_the_others(make_run: Make, tmp_path: Path) -> None:
    good, bad = finish(make_run()), make_run(created=LATER)
    (bad.path / "run.json").write_text("{")
    assert open_run(tmp_path / "runs", "latest").path == good.path
    good.seal_file.unlink()
    assert find_unfinished_run(tmp_path / "runs", PLAN) is not None
    with pytest.raises(BenchError, match=r"run\.json: is damaged"):
        open_run(tmp_path / "runs", bad.path.name)


def test_moved_run_reads_the_same(make_run: Make, tmp_path: Path) -> None:
    folder = make_run(BASE, LORA)
    before = StoredRun(folder)
    expected = (before.plan, dict(before.results), before.examples("notes"), before.predictions("b0"))
    shutil.move(folder.path, tmp_path / "moved")
    shutil.rmtree(tmp_path / "runs")
    after = open_run(tmp_path / "runs", str(tmp_path / "moved"))
    assert (after.plan, dict(after.results), after.examples("notes"), after.predictions("b0")) == expected


def test_finds_the_newest_unfinished_run_of_the_plan(make_run: Make, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    assert find_unfinished_run(runs, PLAN) is None, "the folder may not exist yet"
    make_run(BASE, LORA, created="2026-03-01T10:20:39+0100")
    assert find_unfinished_run(runs, PLAN) is None
    make_run(BASE)
    newer = make_run(created=LATER)
    make_run(created=LATER, digest="beef" * 16)
    found = find_unfinished_run(runs, PLAN)
    assert found is not None and found.path == newer.path


def test_run_with_a_failed_cell_is_finished(make_run: Make, tmp_path: Path) -> None:
    folder = make_run(BASE)
    folder.cell("l0").write_result(CellResult(LORA, "failed", error="x"))
    folder.remove_working_files()
    folder.seal()
    assert find_unfinished_run(tmp_path / "runs", PLAN) is None


def test_run_that_still_has_training_examples_is_unfinished(make_run: Make, tmp_path: Path) -> None:
    folder = make_run(BASE)
    folder.cell("l0").write_result(CellResult(LORA, "done"), [])
    found = find_unfinished_run(tmp_path / "runs", PLAN)
    assert found is not None and found.path == folder.path


def test_run_in_use_by_another_process_is_unfinished(make_run: Make, tmp_path: Path) -> None:
    folder = make_run(BASE, LORA)
    with held(folder.path):
        found = find_unfinished_run(tmp_path / "runs", PLAN)
    assert found is not None and found.path == folder.path


# Reusing cells


def test_finds_only_done_cells_of_other_runs(make_run: Make, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    folder = make_run(BASE)
    folder.cell("l0").write_result(CellResult(LORA, "out-of-memory", error="x"))
    found = find_finished_cell(runs, "b0", tmp_path / "other")
    assert found is not None and found.path == folder.cell("b0").path
    assert find_finished_cell(runs, "b0", folder.path) is None
    assert find_finished_cell(runs, "l0", tmp_path / "other") is None
    assert find_finished_cell(runs, "none", tmp_path / "other") is None


def test_skips_damaged_cells_of_other_runs(make_run: Make, tmp_path: Path) -> None:
    damaged, good = make_run(BASE, created=LATER), make_run(BASE)
    (damaged.cell("b0").path / "cell.json").write_text("{")
    found = find_finished_cell(tmp_path / "runs", "b0", tmp_path / "other")
    assert found is not None and found.path == good.cell("b0").path
    shutil.rmtree(good.path)
    assert find_finished_cell(tmp_path / "runs", "b0", tmp_path / "other") is None


def test_reuse_leaves_the_source_unchanged(make_run: Make) -> None:
    source = make_run(BASE).cell("b0")
    source.artifact.mkdir()
    (source.artifact / "weights").write_bytes(b"w")
    before = {f: f.read_bytes() for f in source.path.rglob("*") if f.is_file()}
    target = make_run().cell("b0")
    target.path.mkdir(parents=True)
    (target.path / "leftover").write_text("from an interrupted attempt")
    reuse_cell(source, target, source.result())
    assert {f.relative_to(target.path): f.read_bytes() for f in target.path.rglob("*") if f.is_file()} == {
        f.relative_to(source.path): content for f, content in before.items()
    }
    target.write_result(CellResult(BASE, "failed", error="overwritten"), [])
    shutil.rmtree(target.artifact)
    assert {f: f.read_bytes() for f in source.path.rglob("*") if f.is_file()} == before


def test_reuse_copies_when_hard_links_fail(make_run: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no hard links on this file system")

    source, target = make_run(BASE).cell("b0"), make_run().cell("b0")
    monkeypatch.setattr(os, "link", refuse)
    reuse_cell(source, target, source.result())
    assert target.is_finished()
    assert target.predictions() == source.predictions()


def test_half_written_checkpoints_are_deleted_with_the_working_files(tmp_path: Path) -> None:
    """They are folders; a full disk leaves one, and its error must reach the user."""
    folder = RunFolder(tmp_path / "run")
    checkpoint = folder.cell("b0").checkpoint
    (checkpoint / ".step-000001.part").mkdir(parents=True)
    (checkpoint / ".step-000001.part" / "weights.safetensors").write_bytes(b"half")
    (folder.path / ".run.json.1.part").write_text("{")
    folder.remove_working_files()
    assert [*checkpoint.iterdir()] == [] and [*folder.path.glob(".*")] == []
