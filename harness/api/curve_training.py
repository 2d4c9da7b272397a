"""The training of a learning curve, also in a process that continues when the terminal is closed. The run's lock says whether it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING, Any, Literal

from harness.api.arguments import PathLike, TaskLike, as_declared, as_texts
from harness.api.catalogs import open_catalog
from harness.errors import BenchError
from harness.store import RunLock, find_complete_run, find_unfinished_run

if TYPE_CHECKING:
    from harness.archive import RunProgress
    from harness.grid import Request

CurveState = Literal["new", "running", "unfinished", "finished"]
_PARTS = (8, 4, 2)  # an eighth and so on, and all: four sizes, the fewest from which a curve is fitted


@dataclass(frozen=True)
class CurveTraining:
    """The run that trains a learning curve.

    Attributes:
        request: what `run_request` carries out.
        state: "new" where no run of the same plan exists; "unfinished" if one was interrupted.
        folder: of the run; None if it is new.
        log: where a process in the background writes what it does.
        progress: of a run that another process works on; None before its first files are there.
    """

    request: Request
    state: CurveState
    folder: Path | None
    log: Path
    progress: RunProgress | None


def find_curve_training(
    task: TaskLike,
    strategy: str,
    *,
    model: str = "tiny",
    limit: int | None = None,
    tasks_dirs: Sequence[PathLike] = (),
    runs_dir: PathLike = "runs",
) -> CurveTraining:
    """How far the run is that trains a strategy on 1/8, 1/4, 1/2 and all of the training examples of a task.

    Args:
        limit: use at most this many examples of each split.

    Raises:
        BenchError: anything that would stop the run from starting.
    """
    from harness.archive import read_progress
    from harness.grid import make_plan, make_request

    options = {"tasks": as_declared(task), "limit": limit, "tasks_dirs": as_texts(tasks_dirs)}
    sizes = _choose_sizes(make_request(options))
    request = make_request({**options, "strategies": as_declared(strategy), "models": as_texts(model), "train_sizes": sizes})
    runs = Path(runs_dir)
    plan = make_plan(request, open_catalog(tasks_dirs), command="").plan
    log = runs / f"{next(iter(plan.tasks))}-{plan.digest[:8]}.log"
    if (unfinished := find_unfinished_run(runs, plan.digest)) is not None:
        if not RunLock(unfinished.path).is_held_by_other():
            return CurveTraining(request, "unfinished", unfinished.path, log, None)
        progress = next((each for each in read_progress(runs) if each.name == unfinished.path.name), None)
        return CurveTraining(request, "running", unfinished.path, log, progress)
    finished = find_complete_run(runs, plan.digest)
    if finished is None:
        return CurveTraining(request, "new", None, log, None)
    return CurveTraining(request, "finished", finished.path, log, None)


def _choose_sizes(request: Request) -> list[int | str]:
    """1/8, 1/4, 1/2 and all of the training examples of the one task of a request.

    Raises:
        BenchError: anything wrong with the task or its data; or it has too few training examples.
    """
    from harness.grid import read_tasks

    ((declared, splits),) = read_tasks(request, open_catalog(request.tasks_dirs))
    examples = len(splits.train)
    if examples < max(_PARTS):
        raise BenchError(f"{declared.name}: {examples} training examples are too few for a learning curve; {max(_PARTS)} are needed")
    return [*(examples // part for part in _PARTS), "all"]


def start_in_background(arguments: Sequence[str], log: Path) -> int:
    """Start a command of bench that continues when the terminal is closed; returns the number of its process.

    Args:
        arguments: of the command, after `bench`.
        log: receives what the command prints, after what it already holds; only the user can read it.

    Raises:
        BenchError: the log cannot be written.
    """
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise BenchError(f"{log}: cannot be written: {error.strerror}") from None
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        detached = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    try:
        process = Popen(
            [sys.executable, "-P", "-m", "harness.cli.main", *arguments],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, close_fds=True, **detached,
        )  # fmt: skip
    finally:
        os.close(output)
    return process.pid
