"""Checking data before anything is trained on it, and cleaning it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.api.arguments import PathLike, as_texts
from harness.data import list_task_files
from harness.errors import BenchError, did_you_mean, setting
from harness.types import Kind, Task

if TYPE_CHECKING:
    from harness.catalog import Catalog
    from harness.data.checks import CheckedRows, DataCheck, Fix, Progress
    from harness.data.pipeline import TaskRows

_LOG_SUFFIX = ".changes.jsonl"


@dataclass(frozen=True)
class CleanedFile:
    """A cleaned file and its log.

    Attributes:
        rows, rows_before: in the cleaned file, and in what it was made from.
        removed: rows by the fix that removed them; "unreadable" for what could not be read at all.
        changed: rows with repaired texts.
        split_column: the column that names the split of each row; empty if the rows come from one file.
        name: of the task or file.
    """

    path: Path
    log: Path
    rows: int
    rows_before: int
    removed: Mapping[str, int]
    changed: int
    split_column: str
    name: str
    guessed: bool


def check_data(
    source: PathLike | Task | Sequence[PathLike],
    *,
    kind: Kind | None = None,
    model: str | None = None,
    progress: Progress = lambda name, share: None,
    command: Sequence[str] = ("bench", "data", "check"),
    tasks_dirs: PathLike | Sequence[PathLike] = (),
    **options: Any,
) -> DataCheck:
    """Check the rows of a task, or of files whose columns' roles are guessed as `bench init` guesses them.

    Args:
        source: a task by its name, YAML file or `Task`; or one or several data files.
        kind: of the task, for files; guessed by default.
        model: whose context the prompts must fit into: a name, a folder, a .gguf file, or org/name on the Hub; by default the included one,
            with which cut prompts are only a warning.
        progress: called with what is being checked, and the share of it that is done.
        command: the command that makes this check again, for the commands in its findings.
        tasks_dirs: folders with more tasks.
        options: the data arguments of `run`: `data`, `train`, `validation`, `test`, `hub`, `fields`, `labels`, …

    Raises:
        BenchError: an unknown task or file, a defect of the files or of the mapping of columns, or no usable row.
    """
    from harness.api.engine_checks import find_cut_prompts, find_unsupported_targets
    from harness.data.checks import DataCheck, check_rows, find_time_order, find_unusable_rows, sort_findings

    progress("Reading the data", 0.0)
    opened = _open(source, kind, tasks_dirs, options)
    progress("Reading the data", 1.0)
    findings = [
        *find_unusable_rows(opened.rows),
        *check_rows(opened.checked, progress),
        *find_time_order(opened.checked, is_split=opened.rows.is_split),
        *find_cut_prompts(opened.checked, model, lambda share: progress("Counting tokens", share)),
        *find_unsupported_targets(opened.checked, lambda share: progress("Comparing targets with inputs", share)),
    ]
    return DataCheck(
        name=opened.name,
        kind=opened.task.kind,
        columns=_list_columns(opened),
        guessed=opened.guessed,
        is_split=opened.rows.is_split,
        origin=opened.rows.origin,
        sizes=opened.checked.sizes,
        findings=tuple(sort_findings(findings)),
        command=tuple(command),
    )


def clean_data(
    source: PathLike | Task | Sequence[PathLike],
    fixes: Sequence[Fix],
    out: PathLike,
    *,
    kind: Kind | None = None,
    progress: Progress = lambda name, share: None,
    tasks_dirs: PathLike | Sequence[PathLike] = (),
    **options: Any,
) -> CleanedFile:
    """Write the rows without what a check found, and a log of every change beside it.

    The file keeps all columns and ids; only you can read it and its log. If the data has its own splits, a column names that of each row.

    Args:
        source, kind, progress, tasks_dirs, options: as for `check_data`.
        fixes: what to fix, of `harness.data.checks.FIXES`.
        out: the file to write, as JSON Lines; its log is named OUT.changes.jsonl.

    Raises:
        BenchError: as for `check_data`; an unknown fix; or `out` is one of the files that are read, or cannot be written.
    """
    from harness.data.checks import FIXES, plan_removals

    if unknown := [fix for fix in fixes if fix not in FIXES]:
        raise BenchError(f"{setting('fixes', unknown[0])}: there is no such fix.{did_you_mean(unknown[0], FIXES)}")
    target = Path(out)
    if target.suffix != ".jsonl":
        raise BenchError(f"{setting('out', str(target))}: the cleaned rows are JSON Lines. Choose a file name that ends in .jsonl")
    progress("Reading the data", 0.0)
    opened = _open(source, kind, tasks_dirs, options)
    if not opened.rows.tables:
        raise BenchError(f"{opened.name}: the rows come from a source and not from files, so there is no file to clean")
    log = target.with_name(target.name + _LOG_SUFFIX)
    read = {path.resolve() for _, path in list_task_files(opened.task.data, opened.folder)}
    if {target.resolve(), log.resolve()} & read:
        raise BenchError(f"{setting('out', str(target))}: the data is read from this file. Name another one")
    removals = plan_removals(opened.checked, fixes, lambda share: progress("Searching near duplicates", share))
    try:
        return _write(opened, removals, fixes, target, log)
    except OSError as error:
        raise BenchError(f"{target}: cannot be written: {error.strerror}") from None


@dataclass(frozen=True)
class _OpenedData:
    """The rows of a task or of files, ready to check."""

    name: str
    task: Task
    folder: Path
    guessed: bool
    rows: TaskRows
    checked: CheckedRows


def _open(
    source: PathLike | Task | Sequence[PathLike], kind: Kind | None, tasks_dirs: PathLike | Sequence[PathLike], options: Mapping[str, Any]
) -> _OpenedData:
    from harness.api.catalogs import open_catalog

    catalog = open_catalog(tasks_dirs)
    if isinstance(source, Task):
        return _open_task(source, catalog, options)
    names = as_texts(source)
    if len(names) == 1 and _names_a_task(names[0], catalog):
        if kind is not None:
            raise BenchError(f"{setting('kind', kind)}: the task '{names[0]}' has its own kind. Leave it out")
        return _open_task(names[0], catalog, options)
    return _open_files(names, kind, catalog, options)


def _names_a_task(name: str, catalog: Catalog) -> bool:
    """Whether a name is that of a task rather than of a data file.

    Raises:
        BenchError: it is neither.
    """
    from harness.data.formats import is_several

    if name.endswith((".yaml", ".yml")):
        return True
    if is_several(name, Path()) or os.path.exists(os.path.expanduser(name)):
        return False
    known = [entry.value.name for entry in catalog.tasks()[0]]
    if name not in known:
        raise BenchError(f"{name}: no such file, and no task has this name.{did_you_mean(name, known)}")
    return True


def _open_task(task: str | Task, catalog: Catalog, options: Mapping[str, Any]) -> _OpenedData:
    from harness.grid import make_request, resolve_tasks

    request = make_request({"strategies": (), **options, "tasks": (task,)})
    entries = resolve_tasks(request, catalog, Path.cwd())
    entry = next(iter(entries.values()))
    rows = _read(entry.value, entry.folder)
    return _OpenedData(entry.value.name, entry.value, entry.folder, False, rows, _number(entry.value, rows))


def _open_files(names: Sequence[str], kind: Kind | None, catalog: Catalog, options: Mapping[str, Any]) -> _OpenedData:
    """Files by the roles that their columns seem to have, unless the options name them.

    Raises:
        BenchError: the options name other data, or the roles cannot be guessed.
    """
    from harness.api.drafting import draft_task

    if named := [name for name in ("data", "train", "validation", "test", "hub") if options.get(name)]:
        raise BenchError(f"{names[0]} and {setting(named[0], 'FILE')} both name data. Leave one of them out")
    fields = dict(options.get("fields") or {})
    inputs = [column for role, column in fields.items() if role not in ("target", "group", "id")]

    def open_drafted(*, with_group: bool) -> _OpenedData:
        drafted = draft_task(names, target=fields.get("target"), inputs=inputs, kind=kind, with_group=with_group)
        own = {role: fields[role] for role in ("group", "id") if role in fields}
        task = _with_options(drafted.task, own, options)
        rows = _read(task, Path())
        return _OpenedData(" ".join(names), task, Path(), True, rows, _number(task, rows))

    if "group" in fields:
        return open_drafted(with_group=False)
    try:
        return open_drafted(with_group=True)
    except BenchError:  # the guessed group may be too coarse to split by, as for `bench init`
        return open_drafted(with_group=False)


def _with_options(task: Task, fields: Mapping[str, str], options: Mapping[str, Any]) -> Task:
    """The drafted task with the columns and labels that the options name."""
    changed: dict[str, Any] = {"fields": {**task.data.fields, **fields}}
    if options.get("fold_references_by"):
        changed["fold_references_by"] = options["fold_references_by"]
    labels = tuple(options.get("labels") or ()) or task.labels
    return task.model_copy(update={"data": task.data.model_copy(update=changed), "labels": labels})


def _read(task: Task, folder: Path) -> TaskRows:
    from harness.data.pipeline import read_task_rows

    return read_task_rows(task, folder)


def _number(task: Task, rows: TaskRows) -> CheckedRows:
    from harness.data.checks import CheckedRows

    return CheckedRows(task, rows.examples, (lambda split, place: rows.locate(rows.places[split][place])) if rows.tables else None)


def _list_columns(opened: _OpenedData) -> dict[str, str]:
    """By role, the column that it reads; the inputs first."""
    fields = opened.task.data.fields
    columns = {name: fields.get(name) or name for name in opened.checked.inputs}
    named = {role: column for role in ("target", "group", "id") if (column := fields.get(role)) is not None}
    return columns | {"target": "target"} | named


def _write(opened: _OpenedData, removals: Mapping[int, Any], fixes: Sequence[Fix], target: Path, log: Path) -> CleanedFile:
    """Write both files, each completely or not at all; the log first, so that no change lacks its line."""
    import json
    from collections import Counter

    from harness.data.checks import clean_records
    from harness.store import to_jsonable, write_atomically

    is_divided = len({split for split, examples in opened.rows.examples.items() if examples}) > 1 and len(opened.rows.tables) > 1
    names = {name for example in opened.checked.examples for name in example.meta} | set(opened.task.data.fields.values())
    column = ("bench_split" if "split" in names else "split") if is_divided and opened.rows.is_split else ""
    removed: Counter[str] = Counter()
    counts = {"rows": 0, "before": 0, "changed": 0, "logs": 0}

    def write_rows(partial: Path) -> None:
        with partial.open("w", encoding="utf-8", errors="replace") as rows:
            write_atomically(log, lambda partial_log: write_both(rows, partial_log), private=True)
            counts["logs"] = 1

    def write_both(rows: Any, partial_log: Path) -> None:
        with partial_log.open("w", encoding="utf-8", errors="replace") as changes:
            for record in clean_records(opened.rows, opened.checked, removals, fixes):
                counts["before"] += 1
                if record.values is not None:
                    values = {column: record.split, **record.values} if column else record.values
                    rows.write(json.dumps(to_jsonable(values), ensure_ascii=False, default=str) + "\n")
                    counts["rows"] += 1
                if record.change is not None:
                    changes.write(json.dumps(to_jsonable(record.change), ensure_ascii=False, default=str) + "\n")
                    if record.values is None:
                        removed[record.change["why"]] += 1
                    else:
                        counts["changed"] += 1

    try:
        write_atomically(target, write_rows, private=True)
    except BaseException:
        if counts["logs"]:  # without its rows, the log would be wrong
            log.unlink(missing_ok=True)
        raise
    return CleanedFile(target, log, counts["rows"], counts["before"], dict(removed), counts["changed"], column, opened.name, opened.guessed)
