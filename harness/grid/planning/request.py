"""What the user asked for, and the tasks and strategies that it names."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from harness.catalog import Catalog, Entry, override_strategy, resolve_strategy
from harness.engine.models import DTYPES
from harness.errors import BenchError, did_you_mean
from harness.grid.planning.grid_file import Override, Where
from harness.types import DataSpec, FilesSpec, Paths, Strategy, Task

BASE = "base"

C = TypeVar("C", Where, Override)
V = TypeVar("V")


@dataclass(frozen=True)
class Request:
    """What the user asked for, as they said it. `fields` maps roles to columns, as in a task's YAML.

    `whole_as_test` takes every row of a file for testing; `outputs_name` and `price_per_1k` (USD) are of outputs that were made elsewhere.
    """

    tasks: tuple[str | Task, ...]
    strategies: tuple[str | Strategy, ...]
    models: tuple[str, ...] = ("tiny",)
    revision: str | None = None
    data: tuple[str, ...] = ()
    train: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    hub: str | None = None
    hub_revision: str | None = None
    subset: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    fold_references_by: str | None = None
    harvested: tuple[str, ...] = ()
    skip_bad_rows: bool = False
    seeds: int = 1
    train_sizes: tuple[str, ...] = ()
    limit: int | None = None
    base: bool = True
    epochs: float | None = None
    dtype: str = "auto"
    price: float | None = None
    trust_remote_code: bool = False
    exclude: tuple[Where, ...] = ()
    override: tuple[Override, ...] = ()
    tasks_dirs: tuple[str, ...] = ()
    strategies_dirs: tuple[str, ...] = ()
    whole_as_test: bool = False
    outputs_name: str | None = None
    price_per_1k: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The request as plain values, as it stands in `run.json`."""
        plain: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("exclude", "override"):
            plain[name] = [one.model_dump(mode="json", exclude_none=True) for one in plain[name]]
        for name in ("tasks", "strategies"):
            plain[name] = [one if isinstance(one, str) else one.model_dump(mode="json") for one in plain[name]]
        return plain | {"fields": dict(self.fields)}


def make_request(values: Mapping[str, Any]) -> Request:
    """A request out of plain values; a single text stands for a sequence of one.

    Raises:
        BenchError: a name is none of its fields, or an exclusion or override is not valid.
    """
    known = {f.name: f for f in fields(Request)}
    unknown = [f"unknown option '{name}'.{did_you_mean(name, known)}" for name in values if name not in known]
    if unknown:
        raise BenchError(unknown)
    plain: dict[str, Any] = {}
    for name, value in values.items():
        several = str(known[name].type).startswith("tuple")
        plain[name] = ((value,) if isinstance(value, str) else tuple(value)) if several else value
    for name, kind in (("tasks", Task), ("strategies", Strategy)):
        plain[name] = tuple(kind.model_validate(one) if isinstance(one, Mapping) else one for one in plain.get(name, ()))
    plain["train_sizes"] = tuple(str(size) for size in plain.get("train_sizes", ()))
    plain["exclude"] = _some_cells("exclude", Where, plain.get("exclude", ()))
    plain["override"] = _some_cells("override", Override, plain.get("override", ()))
    return Request(**plain)


def _some_cells(what: str, kind: type[C], given: Sequence[object]) -> tuple[C, ...]:
    """Exclusions or overrides; those of a grid file know their place already."""
    found: list[C] = []
    for i, one in enumerate(given):
        try:
            valid = kind.model_validate(one)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            raise BenchError(f"{what}[{i}]: {f'{field}: ' if field else ''}{first['msg'].removeprefix('Value error, ')}") from None
        found.append(valid if valid.place else valid.named_at(f"{what}[{i}]"))
    return tuple(found)


def check_numbers(request: Request) -> None:
    """What the command line checks itself, for those who call from Python.

    Raises:
        BenchError: with every number that is out of range.
    """
    problems = []
    if not _whole(request.seeds):
        problems.append(f"seeds must be a whole number from 1, not {request.seeds!r}")
    if request.limit is not None and not _whole(request.limit):
        problems.append(f"limit must be a whole number from 1, not {request.limit!r}")
    if request.epochs is not None and not (_number(request.epochs) and 0 < request.epochs < math.inf):
        problems.append(f"epochs must be a number above 0, not {request.epochs!r}")
    for name in ("price", "price_per_1k"):
        price = getattr(request, name)
        if price is not None and not (_number(price) and 0 <= price < math.inf):
            problems.append(f"{name} must be a number of 0 or more, not {price!r}")
    if request.dtype not in DTYPES:
        problems.append(f"unknown dtype '{request.dtype}'.{did_you_mean(request.dtype, DTYPES)}")
    problems += [
        f"train sizes are whole numbers above 0, or 'all', not '{size}'"
        for size in request.train_sizes
        if size != "all" and not (size.isascii() and size.isdigit() and int(size) > 0)
    ]
    if problems:
        raise BenchError(problems)


def _distinct(values: Sequence[V]) -> list[V]:
    """The values in their order, each once; tasks and strategies are compared by their fields."""
    return [value for i, value in enumerate(values) if value not in values[:i]]


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def resolve_tasks(request: Request, catalog: Catalog, here: Path) -> dict[str, Entry[Task]]:
    """The tasks by name, on the user's data where some was given.

    Raises:
        BenchError: for a task that is not known or not valid, or options for the data that contradict each other.
    """
    if not request.tasks:
        raise BenchError("no task: name one with --task, such as --task summarization")
    found: dict[str, Entry[Task]] = {}
    for task in _distinct(request.tasks):
        entry = catalog.accept(task) if isinstance(task, Task) else catalog.task(task)
        entry = _with_harvest(_with_user_data(entry, request, here), request, here)
        if entry.value.name in found:
            raise BenchError(f"two tasks are named '{entry.value.name}': give one of them another name")
        found[entry.value.name] = entry
    return found


def _with_user_data(entry: Entry[Task], request: Request, here: Path) -> Entry[Task]:
    """The task on the data named on the command line; its files are relative to the working directory and not to the YAML."""
    given = {name: value for name in ("train", "validation", "test") if (value := getattr(request, name))}
    origins = [f"--{name}" for name in ("data", "hub") if getattr(request, name)] + ([f"--{min(given)}"] if given else [])
    if len(origins) > 1:
        raise BenchError(
            f"{' and '.join(origins)} contradict each other: --data is split here, --train and --test are split already, and "
            "--hub is a data set of the Hub. Use one."
        )
    if (request.hub_revision or request.subset) and not request.hub:
        raise BenchError("--hub-revision and --subset go with --hub")
    if not origins:
        _only_with_data(request)
        data = entry.value.data
        data = data.model_copy(update={"skip_bad_rows": data.skip_bad_rows or request.skip_bad_rows})
        return Entry(_with_labels(entry.value.model_copy(update={"data": data}), request), entry.file, entry.display_name)
    if given and not {"train", "test"} <= given.keys():
        raise BenchError(f"given splits need --train and --test (and may have --validation); only --{' and --'.join(given)} is there")
    origin: dict[str, Any] = {"path": None, "source": None, "hub": None, "revision": None, "subset": None, "options": {}}
    if request.hub:
        origin |= {"hub": request.hub, "revision": request.hub_revision, "subset": request.subset}
    else:
        path: Paths | FilesSpec = _one_or_several(request.data)
        origin["path"] = FilesSpec(**{name: _one_or_several(files) for name, files in given.items()}) if given else path
    return Entry(_with_labels(_on_data(entry.value, origin, request), request), here / entry.file.name, entry.display_name)


def _with_harvest(entry: Entry[Task], request: Request, here: Path) -> Entry[Task]:
    """The task with the corrected rows named on the command line, beside those that its YAML names."""
    if not request.harvested:
        return entry
    if len(_distinct(request.tasks)) > 1:
        raise BenchError("--harvested is for one task: what was corrected there is no answer elsewhere. Name one --task")
    own = entry.value.data.harvested or ()
    named = [str(entry.folder / path) for path in ((own,) if isinstance(own, str) else own)]
    every = tuple(dict.fromkeys([*named, *(str(here / path) for path in request.harvested)]))
    data = entry.value.data.model_copy(update={"harvested": every})
    return replace(entry, value=entry.value.model_copy(update={"data": data}))


def _one_or_several(files: tuple[str, ...]) -> Paths:
    return files[0] if len(files) == 1 else files


def _only_with_data(request: Request) -> None:
    """Refuse options that say what the user's own data means, where there is none."""
    if request.fields:
        role = min(request.fields)
        option = f"--{role}" if role in ("input", "target", "group", "id") else f"--field {role}=…"
        raise BenchError(f"{option} names a column of your own data: it needs --data, or --train and --test, or --hub")
    if request.fold_references_by:
        raise BenchError("--fold-references-by names a column of your own data: it needs --data, or --train and --test, or --hub")


def _on_data(task: Task, origin: Mapping[str, Any], request: Request) -> Task:
    """The task on other data. One that has data of its own keeps what it says of it: columns, shares, labels."""
    fold = {"fold_references_by": request.fold_references_by} if request.fold_references_by else {}
    if task.data.source is not None:
        data = DataSpec(**origin, fields=request.fields, skip_bad_rows=request.skip_bad_rows, **fold)
        return task.model_copy(update={"data": data, "labels": ()})
    changed = {
        **origin,
        **fold,
        "fields": {**task.data.fields, **request.fields},
        "skip_bad_rows": task.data.skip_bad_rows or request.skip_bad_rows,
    }
    return task.model_copy(update={"data": task.data.model_copy(update=changed)})


def _with_labels(task: Task, request: Request) -> Task:
    """The task with the labels of the command line. A qa task that had none then chooses its answer, and is scored as a choice."""
    if not request.labels:
        return task
    changed: dict[str, Any] = {"labels": request.labels}
    if task.kind == "qa" and not task.labels:
        changed |= {"metrics": ("classification",), "primary": "macro_f1", "no_answer": None}
    elif not task.chooses:
        raise BenchError(f"--labels: the task '{task.name}' generates its answers; labels are for the kinds classification and qa")
    try:
        return Task.model_validate(task.model_dump() | changed)
    except ValidationError as error:
        raise BenchError(f"--labels: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None


def resolve_strategies(request: Request, catalog: Catalog) -> dict[str, Strategy]:
    """The strategies by name, `base` first unless it is not wanted.

    Raises:
        BenchError: with the problems of all of them.
    """
    specs = _distinct(request.strategies)
    if request.base and all((spec if isinstance(spec, str) else spec.name) != BASE for spec in specs):
        specs.insert(0, BASE)
    if not specs:
        raise BenchError("no strategy: name some with --strategies, such as --strategies lora,qlora")
    found: dict[str, Strategy] = {}
    problems: list[str] = []
    for spec in specs:
        try:
            strategy = resolve_strategy(
                spec, catalog, epochs=request.epochs, outputs_name=request.outputs_name, price_per_1k=request.price_per_1k
            )
        except BenchError as error:
            problems += error.problems
            continue
        if strategy.name in found:
            problems.append(f"two strategies are named '{strategy.name}': give one of them another name")
        found[strategy.name] = strategy
    if problems:
        raise BenchError(problems)
    return found


def overridden(strategy: Strategy, overrides: Sequence[Override], cell: Mapping[str, Collection[object]]) -> Strategy:
    """The strategy as the overrides of a grid file want it for the cells of a task and a model; its name stays."""
    for override in overrides:
        if override.fits(cell):
            try:
                strategy = override_strategy(strategy, override.set, strategy.name)
            except BenchError as error:
                raise BenchError([f"{override.place}: {problem}" for problem in error.problems]) from None
    return strategy
