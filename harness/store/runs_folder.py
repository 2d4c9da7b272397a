"""The folder of all runs: create a run, find one to resume, and find cells that need not run again."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.errors import BenchError, did_you_mean, setting
from harness.store.atomic import PRIVATE_FOLDER
from harness.store.cell_folder import CellFolder
from harness.store.foreign_paths import refuse_links
from harness.store.json_files import read_json
from harness.store.lock import RunLock
from harness.store.run_folder import RunFolder
from harness.store.run_plan import RunPlan
from harness.store.stored_run import StoredRun
from harness.types import CellResult

_BEFORE_PLAN = (".lock", ".lock-holder", ".run.json.*.part")  # what a folder holds before it is a run


_DELETED = ".deleted-"  # begins the name of a folder that is being deleted
LATEST = "latest"  # names the newest finished run of a folder


@dataclass(frozen=True)
class LatestRun:
    """The newest finished run.

    Attributes:
        newer: runs that are newer, and why each of them was passed over, as the end of a sentence.
    """

    folder: RunFolder
    newer: tuple[tuple[RunFolder, str], ...]


def create_run(runs: Path, plan: RunPlan) -> RunFolder:
    """Create an empty run folder `<date-time>-<tasks>-<short hash>`.

    Raises:
        BenchError: the folder of runs cannot be written.
    """
    stamp = re.sub(r"[^0-9T]", "", plan.created[:19]).replace("T", "-")
    tasks = "+".join(plan.tasks)[:40]
    try:
        runs.mkdir(parents=True, exist_ok=True)
        _remove_stillborn(runs)
        for number in range(1, 1000):
            suffix = "" if number == 1 else f"-{number}"
            path = runs / f"{stamp}-{tasks}-{plan.digest[:8]}{suffix}"
            try:
                path.mkdir(PRIVATE_FOLDER)
            except FileExistsError:
                continue
            return RunFolder(path)
    except OSError as error:
        raise BenchError(f"{runs}: cannot hold runs: {error.strerror}. Choose another folder with {setting('runs_dir', 'DIR')}.") from None
    raise BenchError(f"{runs}: too many runs of the same plan in the same second")


def _remove_stillborn(runs: Path) -> None:
    """Delete the folders of processes that were killed before they had written `run.json`, which made them a run."""
    for folder in runs.iterdir():
        if (folder / ".lock-holder").is_file() and all(any(file.match(name) for name in _BEFORE_PLAN) for file in folder.iterdir()):
            with contextlib.suppress(BenchError), RunLock(folder):
                shutil.rmtree(folder)


def open_run(runs: Path, name: str, *, task: str | None = None) -> StoredRun:
    """Open a run, see `find_run`.

    Raises:
        BenchError: there is no such run, or it cannot be read.
    """
    return StoredRun(find_run(runs, name, task=task))


def find_run(runs: Path, name: str, *, task: str | None = None) -> RunFolder:
    """The folder of a run by its path, by its name in the folder of runs, or as `latest`: the newest finished run.

    Args:
        task: `latest` is the newest finished run of this task.

    Raises:
        BenchError: there is no such run.
    """
    path = Path(name)
    if os.path.isfile(path / "run.json"):  # pathlib raises an error for names that are too long
        return RunFolder(path)
    known = {folder.path.name: folder for folder in list_run_folders(runs)}
    if name == LATEST and known and name not in known:
        return find_latest_run(runs, task=task).folder
    if name not in known:
        if os.path.isdir(path):
            raise BenchError(f"{path}: is not a run folder (it has no run.json)")
        raise BenchError(f"there is no run '{name}' in {runs}.{did_you_mean(name, known)}")
    return known[name]


def find_latest_run(runs: Path, *, task: str | None = None) -> LatestRun:
    """The newest finished run (of a task). A run that is still in progress, interrupted or damaged is passed over.

    Raises:
        BenchError: there is none.
    """
    newer: list[tuple[RunFolder, str]] = []
    for folder in list_run_folders(runs):
        try:
            tasks = folder.plan().tasks
        except BenchError:
            newer.append((folder, "is damaged"))
            continue
        if task is not None and task not in tasks:
            continue
        if folder.is_finished():
            return LatestRun(folder, tuple(newer))
        newer.append((folder, "is in progress" if RunLock(folder.path).is_held_by_other() else "is not finished"))
    if not newer and task is None:
        raise BenchError(f"there is no run '{LATEST}' in {runs}.")
    what = "run" if task is None else f"run of the task '{task}'"
    seen = "".join(f" {folder.path.name} {why}." for folder, why in newer[:3])
    raise BenchError(f"{runs}: there is no finished {what}.{seen} Name a run, or run the same command again to finish it.")


def find_run_to_resume(runs: Path, name: str) -> RunFolder:
    """The folder of a run as `find_run` names it, but `latest` is the newest run that is not finished.

    Raises:
        BenchError: there is no such run.
    """
    if name != LATEST or os.path.isfile(Path(name) / "run.json"):
        return find_run(runs, name)
    for folder in list_run_folders(runs):
        with contextlib.suppress(BenchError):  # a damaged run cannot be resumed
            if not _is_complete(folder, folder.plan()):
                return folder
    raise BenchError(f"{runs}: every run is finished, so there is none to resume.")


def find_unfinished_run(runs: Path, digest: str) -> RunFolder | None:
    """The newest run of the same plan that is not finished: cells have no result, or it was killed before it was sealed.

    A run that another process is working on counts as unfinished: running its cells a second time would only repeat the work.
    """
    for folder in list_run_folders(runs):
        try:
            plan = folder.plan()
        except BenchError:
            continue  # a run that is damaged or in another format must not block a new one
        if plan.digest == digest and not (_is_complete(folder, plan) and not RunLock(folder.path).is_held_by_other()):
            return folder
    return None


def find_complete_run(runs: Path, digest: str) -> RunFolder | None:
    """The newest run of the same plan in which nothing is left to do."""
    for folder in list_run_folders(runs):
        with contextlib.suppress(BenchError):  # a damaged run is passed over
            plan = folder.plan()
            if plan.digest == digest and _is_complete(folder, plan) and not RunLock(folder.path).is_held_by_other():
                return folder
    return None


def _is_complete(folder: RunFolder, plan: RunPlan) -> bool:
    """Whether nothing of a run is left to do."""
    is_sealed = folder.is_finished() and not folder.has_training_examples()
    return is_sealed and all(folder.cell(cell.id).is_finished() for cell in plan.all_cells)


def find_finished_cell(runs: Path, cell_id: str, other_than: Path) -> CellFolder | None:
    """The cell with this id in any other run that completed it with status "done", and whose files are all intact."""
    for folder in _iterate_runs(runs):
        cell = folder.cell(cell_id)
        if folder.path != other_than and cell.is_finished():
            with contextlib.suppress(BenchError):  # a damaged cell cannot be reused; the search goes on
                refuse_links(cell.path)
                if cell.result().status == "done" and not cell.list_damage():
                    return cell
    return None


def reuse_cell(source: CellFolder, target: CellFolder, result: CellResult) -> None:
    """Copy a finished cell into another run, with `result` as its result there; `cell.json` is written last.

    Files are hard-linked where the file system supports it. This is safe because files of a run are only ever replaced, never modified.
    """
    files = source.file_digests()
    shutil.rmtree(target.path, ignore_errors=True)
    shutil.copytree(
        source.path, target.path, symlinks=True, copy_function=_link_or_copy, ignore=shutil.ignore_patterns("cell.json", "checkpoint")
    )
    target.write_result(result, files=files)


def delete_run(folder: RunFolder) -> None:
    """Delete a run, whose lock the caller holds. It stops being a run at once, also if the deletion is interrupted.

    Raises:
        BenchError: it cannot be deleted.
    """
    runs = folder.path.parent
    try:
        for left in runs.glob(f"{_DELETED}*"):  # of a deletion that was interrupted
            shutil.rmtree(left, ignore_errors=True)
        hidden = folder.path.rename(runs / f"{_DELETED}{folder.path.name}")
        shutil.rmtree(hidden)
    except OSError as error:
        raise BenchError(f"{error.filename or folder.path}: cannot be deleted: {error.strerror}. Check the permissions.") from None


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def list_run_folders(runs: Path) -> list[RunFolder]:
    """Every run of a folder, the newest first by the time in `run.json`, because people rename folders. Damaged ones may come last."""
    return sorted(_iterate_runs(runs), key=lambda folder: (_created(folder), folder.path.name), reverse=True)


def _created(folder: RunFolder) -> float:
    """When the run was created, in seconds since 1970; 0 if the file cannot be read."""
    try:
        return datetime.fromisoformat(read_json(folder.path / "run.json")["created"]).timestamp()
    except (BenchError, KeyError, TypeError, ValueError):
        return 0.0


def _iterate_runs(runs: Path) -> Iterator[RunFolder]:
    if os.path.isdir(runs):
        for path in runs.iterdir():
            if not path.name.startswith(_DELETED) and (path / "run.json").is_file():
                yield RunFolder(path)
