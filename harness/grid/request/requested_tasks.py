"""The tasks that a request names, on the data and with the labels that it names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.catalog import Catalog, Entry
from harness.data.formats import join_name
from harness.errors import BenchError, setting
from harness.grid.request.locked_tests import refuse_training_on_locked_tests
from harness.grid.request.request import Request, distinct
from harness.metrics import SUPPORT_SCORE
from harness.types import DataSpec, FilesSpec, Paths, ReportSpec, Task
from harness.validation import describe_problem

BASE_MODEL = "base"  # as the model that scores support: the base model of the run
_SPLITS = ("train", "validation", "test")


def resolve_tasks(request: Request, catalog: Catalog, here: Path) -> dict[str, Entry[Task]]:
    """The requested tasks by name, on the user's data if the request names any.

    Args:
        here: the folder that paths in the request are relative to.

    Raises:
        BenchError: a task is unknown or invalid, or the settings of the data contradict each other.
    """
    if not request.tasks:
        raise BenchError(f"no task was named. Name one, for example {setting('task', 'summarization')}.")
    _check_data_settings(request)
    entries: dict[str, Entry[Task]] = {}
    declared: list[Entry[Task]] = []
    for requested in distinct(request.tasks):
        entry = catalog.accept(requested) if isinstance(requested, Task) else catalog.task(requested)
        declared.append(entry)
        entry = _at_volume(_with_harvested(_on_requested_data(entry, request, here), request, here), request)
        if entry.value.name in entries:
            raise BenchError(f"two tasks are named '{entry.value.name}': rename one of them")
        entries[entry.value.name] = entry
    refuse_training_on_locked_tests(list(entries.values()), [*declared, *catalog.tasks()[0]])
    if request.canaries is not None:
        entries = _with_canaries(entries, request.canaries)
    return entries if request.support is None else _with_support(entries, request.support, here)


def _at_volume(entry: Entry[Task], request: Request) -> Entry[Task]:
    """The task with the requested outputs per month."""
    if request.volume is None:
        return entry
    report = entry.value.report.model_copy(update={"volume": request.volume})
    return replace(entry, value=entry.value.model_copy(update={"report": report}))


def _with_canaries(entries: Mapping[str, Entry[Task]], canaries: int) -> dict[str, Entry[Task]]:
    """The tasks, with the leak test where targets are free texts."""
    if canaries and all(entry.value.chooses for entry in entries.values()):
        raise BenchError(
            f"{setting('canaries', str(canaries))}: canaries are planted in free-text targets, but each task of the request "
            "chooses among labels"
        )
    planted: dict[str, Entry[Task]] = {}
    for name, entry in entries.items():
        task = entry.value
        privacy = task.privacy.model_copy(update={"canaries": 0 if task.chooses else canaries})
        planted[name] = replace(entry, value=task.model_copy(update={"privacy": privacy}))
    return planted


def _with_support(entries: Mapping[str, Entry[Task]], model: str, here: Path) -> dict[str, Entry[Task]]:
    """The tasks, with the metric `support` where outputs are free texts.

    Args:
        model: what reads the outputs; "base" is the base model of the run.
    """
    if all(entry.value.chooses for entry in entries.values()):
        raise BenchError(f"{setting('support', model)}: applies to free text, but each task of the request chooses among labels")
    path = here / os.path.expanduser(model)
    name = None if model == BASE_MODEL else str(path) if os.path.exists(path) else model
    supported: dict[str, Entry[Task]] = {}
    for key, entry in entries.items():
        task = entry.value
        if not task.chooses:
            spec = task.faithfulness.model_copy(update={"model": name or task.faithfulness.model})
            metrics = tuple(dict.fromkeys([*task.metrics, SUPPORT_SCORE]))
            task = task.model_copy(update={"metrics": metrics, "faithfulness": spec})
        supported[key] = replace(entry, value=task)
    return supported


def _check_data_settings(request: Request) -> None:
    """Check that the request names one source of data, and describes only data that it names.

    Raises:
        BenchError: two sources are named, or a setting lacks the data that it describes.
    """
    data, train, test = (setting(name, "FILE") for name in ("data", "train", "test"))
    hub = setting("hub", "NAME")
    splits = [name for name in _SPLITS if getattr(request, name)]
    sources = [*([data] if request.data else []), *([hub] if request.hub else []), *([setting(min(splits), "FILE")] if splits else [])]
    if len(sources) > 1:
        raise BenchError(
            f"{' and '.join(sources)} contradict each other: {data} is split by bench, {train} and {test} are already split, and {hub} is "
            "a dataset of the Hub. Use one of them."
        )
    if request.hub_revision and not request.hub:
        raise BenchError(f"{setting('hub_revision', 'REVISION')} needs {hub}")
    if request.subset and not request.hub and len(request.data) != 1:
        raise BenchError(f"{setting('subset', 'NAME')} needs {hub}, or one folder or file with several configurations: {data}")
    if splits and not {"train", "test"} <= set(splits):
        named = " and ".join(setting(name, "FILE") for name in splits)
        raise BenchError(f"data that is already split needs {train} and {test}, but the request has only {named}")
    if sources:
        return
    column = setting(f"fields.{min(request.fields)}", "COLUMN") if request.fields else setting("fold_references_by", "COLUMN")
    if request.fields or request.fold_references_by:
        raise BenchError(f"{column} names a column of your own data, which must be named, too: {data}, or {train} and {test}, or {hub}")


def _on_requested_data(entry: Entry[Task], request: Request, here: Path) -> Entry[Task]:
    """The task on the requested data, whose files are relative to `here` and not to the task's YAML file."""
    origin = _requested_origin(request)
    if origin is None:
        data = entry.value.data
        data = data.model_copy(update={"skip_bad_rows": data.skip_bad_rows or request.skip_bad_rows, "keep": _merged_keep(data, request)})
        return replace(entry, value=_with_labels(entry.value.model_copy(update={"data": data}), request))
    task = _with_labels(_on_data(entry.value, origin, request), request)
    return Entry(task, here / entry.file.name, entry.display_name)


def _requested_origin(request: Request) -> dict[str, Any] | None:
    """The fields of a `DataSpec` that say where the requested data comes from; None if the request names no data."""
    origin: dict[str, Any] = {"path": None, "source": None, "hub": None, "revision": None, "subset": None, "options": {}}
    if request.hub:
        return origin | {"hub": request.hub, "revision": request.hub_revision, "subset": request.subset}
    if request.data:
        return origin | {"path": _one_or_several(request.data), "subset": request.subset}
    splits = {name: _one_or_several(files) for name in _SPLITS if (files := getattr(request, name))}
    return origin | {"path": FilesSpec(**splits)} if splits else None


def _one_or_several(files: tuple[str, ...]) -> Paths:
    return files[0] if len(files) == 1 else files


def _merged_keep(data: DataSpec, request: Request) -> tuple[str, ...]:
    """The columns to keep of the task and of the request."""
    return tuple(dict.fromkeys((*data.keep, *request.keep)))


def _on_data(task: Task, origin: Mapping[str, Any], request: Request) -> Task:
    """The task on other data. A task that already reads files keeps their columns, shares, labels, guardrails and title. Those of a
    shipped task were chosen for the shipped data."""
    fold = {"fold_references_by": request.fold_references_by} if request.fold_references_by else {}
    if task.data.source is not None:
        data = DataSpec(**origin, fields=request.fields, skip_bad_rows=request.skip_bad_rows, keep=request.keep, **fold)
        own = {"labels": (), "guardrails": (), "report": ReportSpec()}
        return task.model_copy(update={"data": data, **own})
    changed = {
        **origin,
        **fold,
        "fields": {**task.data.fields, **request.fields},
        "skip_bad_rows": task.data.skip_bad_rows or request.skip_bad_rows,
        "keep": _merged_keep(task.data, request),
    }
    return task.model_copy(update={"data": task.data.model_copy(update=changed)})


def _with_harvested(entry: Entry[Task], request: Request, here: Path) -> Entry[Task]:
    """The task with the requested harvested examples, in addition to those that its YAML names."""
    if not request.harvested:
        return entry
    if len(distinct(request.tasks)) > 1:
        raise BenchError(
            f"{setting('harvested', 'FILE')} applies to one task: outputs that were corrected for it do not answer another. Name one task."
        )
    declared = entry.value.data.harvested or ()
    named = [join_name(entry.folder, name) for name in ((declared,) if isinstance(declared, str) else declared)]
    files = tuple(dict.fromkeys([*named, *(join_name(here, name) for name in request.harvested)]))
    data = entry.value.data.model_copy(update={"harvested": files})
    return replace(entry, value=entry.value.model_copy(update={"data": data}))


def _with_labels(task: Task, request: Request) -> Task:
    """The task with the requested labels. A question-answering task without labels then chooses its answer, and is scored as such."""
    if not request.labels:
        return task
    place = setting("labels", "A,B")
    changed: dict[str, Any] = {"labels": request.labels}
    if task.kind == "qa" and not task.labels:
        changed |= {"metrics": ("classification",), "primary": "macro_f1", "no_answer": None}
    elif not task.chooses:
        raise BenchError(f"{place}: the task '{task.name}' generates its outputs; labels are for the kinds classification and qa")
    try:
        return Task.model_validate(task.model_dump() | changed)
    except ValidationError as error:
        raise BenchError(f"{place}: {describe_problem(error.errors()[0])}") from None
