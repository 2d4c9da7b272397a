"""Tasks and strategies by name or file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from harness.api.arguments import PathLike, as_texts
from harness.catalog import Catalog
from harness.types import FilesSpec, Paths, Strategy, Task


def open_catalog(tasks_dirs: PathLike | Sequence[PathLike] = (), strategies_dirs: PathLike | Sequence[PathLike] = ()) -> Catalog:
    """The tasks and strategies of these folders, of the working directory, and the included ones."""
    from harness.grid import vocabulary

    return Catalog(vocabulary(), tasks=[Path(p) for p in as_texts(tasks_dirs)], strategies=[Path(p) for p in as_texts(strategies_dirs)])


def load_task(task: PathLike, *, tasks_dirs: PathLike | Sequence[PathLike] = ()) -> Task:
    """A task by its name or file, to read or to change.

        task = load_task("summarization")
        run(task.model_copy(update={"margin": 0.02}), "lora")

    Its data files have absolute paths.

    Raises:
        BenchError: the task is unknown, or its file has problems.
    """
    entry = open_catalog(tasks_dirs).task(os.fspath(task))
    data = entry.value.data
    path = data.path
    if isinstance(path, FilesSpec):
        files = {split: _absolute(entry.folder, getattr(path, split)) for split in ("train", "validation", "test")}
        path = FilesSpec.model_validate(files)
    elif path is not None:
        path = _absolute(entry.folder, path)
    changed = {"path": path, "harvested": _absolute(entry.folder, data.harvested)}
    return entry.value.model_copy(update={"data": data.model_copy(update=changed)})


def load_strategy(strategy: PathLike, *, strategies_dirs: PathLike | Sequence[PathLike] = ()) -> Strategy:
    """A strategy by its name or file, or a variant such as "lora:r=8", to read or to change.

    Raises:
        BenchError: the strategy is unknown, its file has problems, or a value does not fit.
    """
    from harness.catalog import resolve_strategy

    return resolve_strategy(os.fspath(strategy), open_catalog((), strategies_dirs))


def _absolute(folder: Path, paths: Paths | None) -> Paths | None:
    from harness.data.formats import join_name

    if paths is None or isinstance(paths, str):
        return None if paths is None else join_name(folder, paths)
    return tuple(join_name(folder, path) for path in paths)
