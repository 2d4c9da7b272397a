"""What the user asked for, and the tasks and strategies that it names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.catalog import Catalog, Entry
from harness.errors import BenchError, did_you_mean
from harness.models.device import DTYPES
from harness.types import DataSpec, FilesSpec, Strategy, Task

BASE = "base"


@dataclass(frozen=True)
class Request:
    """What the user asked for, as they said it. `fields` maps roles to columns, as in a task's YAML."""

    tasks: tuple[str, ...]
    strategies: tuple[str, ...]
    model: str = "tiny"
    revision: str | None = None
    data: str | None = None
    train: str | None = None
    validation: str | None = None
    test: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    skip_bad_rows: bool = False
    seeds: int = 1
    limit: int | None = None
    base: bool = True
    epochs: float | None = None
    dtype: str = "auto"
    price: float | None = None
    trust_remote_code: bool = False
    tasks_dirs: tuple[str, ...] = ()
    strategies_dirs: tuple[str, ...] = ()


def check_numbers(request: Request) -> None:
    """What the command line checks itself, for those who call from Python.

    Raises:
        BenchError: with every number that is out of range.
    """
    problems = []
    if request.seeds < 1:
        problems.append(f"seeds must be at least 1, not {request.seeds}")
    if request.epochs is not None and not 0 < request.epochs < math.inf:
        problems.append(f"epochs must be above 0, not {request.epochs}")
    if request.price is not None and not 0 <= request.price < math.inf:
        problems.append(f"price must be 0 or more, not {request.price}")
    if request.dtype not in DTYPES:
        problems.append(f"unknown dtype '{request.dtype}'.{did_you_mean(request.dtype, DTYPES)}")
    if problems:
        raise BenchError(problems)


def resolve_tasks(request: Request, catalog: Catalog, here: Path) -> dict[str, Entry[Task]]:
    """The tasks by name, on the user's data where some was given.

    Raises:
        BenchError: for a task that is not known or not valid, or options for the data that contradict each other.
    """
    if not request.tasks:
        raise BenchError("no task: name one with --task, such as --task summarization")
    found: dict[str, Entry[Task]] = {}
    for name in dict.fromkeys(request.tasks):
        entry = _with_user_data(catalog.task(name), request, here)
        if entry.value.name in found:
            raise BenchError(f"two tasks are named '{entry.value.name}': give one of them another name")
        found[entry.value.name] = entry
    return found


def _with_user_data(entry: Entry[Task], request: Request, here: Path) -> Entry[Task]:
    """The task on the files named on the command line, which are relative to the working directory and not to the YAML."""
    given = {name: value for name in ("train", "validation", "test") if (value := getattr(request, name)) is not None}
    if request.data is not None and given:
        raise BenchError(f"--data is one file that is split; --{min(given)} is a given split. Use one or the other.")
    if request.data is None and not given:
        if request.fields:
            role = min(request.fields)
            option = f"--{role}" if role in ("input", "target", "group", "id") else f"--field {role}=…"
            raise BenchError(f"{option} names a column of your own data: it needs --data, or --train and --test")
        if request.skip_bad_rows:
            data = entry.value.data.model_copy(update={"skip_bad_rows": True})
            return Entry(entry.value.model_copy(update={"data": data}), entry.file, entry.shown)
        return entry
    if given and not {"train", "test"} <= given.keys():
        raise BenchError(f"given splits need --train and --test (and may have --validation); only --{' and --'.join(given)} is there")
    path = request.data if request.data is not None else FilesSpec(**given)
    return Entry(_on_files(entry.value, path, request), here / entry.file.name, entry.shown)


def _on_files(task: Task, path: str | FilesSpec, request: Request) -> Task:
    """The task on other files. One that has files of its own keeps what it says of them: columns, shares, labels."""
    if task.data.path is None:
        data = DataSpec(path=path, fields=request.fields, skip_bad_rows=request.skip_bad_rows)
        return task.model_copy(update={"data": data, "labels": ()})
    changed = {
        "path": path,
        "fields": {**task.data.fields, **request.fields},
        "skip_bad_rows": task.data.skip_bad_rows or request.skip_bad_rows,
    }
    return task.model_copy(update={"data": task.data.model_copy(update=changed)})


def resolve_strategies(request: Request, catalog: Catalog) -> dict[str, Strategy]:
    """The strategies by name, `base` first unless it is not wanted.

    Raises:
        BenchError: with the problems of all of them.
    """
    names = list(dict.fromkeys(request.strategies))
    if request.base and BASE not in names:
        names.insert(0, BASE)
    if not names:
        raise BenchError("no strategy: name some with --strategies, such as --strategies lora,qlora")
    found: dict[str, Strategy] = {}
    problems: list[str] = []
    for name in names:
        try:
            strategy = catalog.strategy(name).value
        except BenchError as error:
            problems += error.problems
            continue
        if strategy.name in found:
            problems.append(f"two strategies are named '{strategy.name}': give one of them another name")
        if request.epochs is not None and strategy.train is not None:
            strategy = strategy.model_copy(update={"train": strategy.train.model_copy(update={"epochs": request.epochs})})
        found[strategy.name] = strategy
    if problems:
        raise BenchError(problems)
    return found
