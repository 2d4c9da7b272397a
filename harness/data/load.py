"""`load_splits`: the one way from a task to its rows.

read → map the fields → split (or take the given files) → remove overlaps → labels → sample → digest
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.data.checks import remove_overlaps
from harness.data.digests import splits_digest
from harness.data.fields import resolve_fields
from harness.data.files import read_table
from harness.data.labels import unseen_labels, with_choices
from harness.data.records import BadRow, Table, bad_rows_error, listed
from harness.data.rows import examples_of, with_ids
from harness.data.sampling import sample
from harness.data.sources import SOURCES
from harness.data.splitting import spare_validation, split_rows
from harness.errors import BenchError, did_you_mean
from harness.types import DataReport, Example, FilesSpec, SplitName, Splits, SplitSpec, Task


@dataclass(frozen=True)
class _Loaded:
    """Rows with ids, by split, before any check."""

    parts: Mapping[SplitName, Sequence[Example]]
    origin: Mapping[str, str]
    skipped: Sequence[BadRow] = ()
    warnings: Sequence[str] = field(default_factory=list)


def load_splits(task: Task, *, folder: Path, limit: int | None = None, limit_seed: int = 0) -> Splits:
    """The rows of a task, split, checked and, with `limit`, sampled.

    Args:
        folder: what relative paths in `task.data` are relative to.
        limit: at most so many rows of each split, drawn at random after the checks; a smaller limit's rows are among a larger one's.
        limit_seed: the seed of that draw.

    Returns:
        Splits whose report says what was skipped, removed and sampled; `report.sampled_from` holds the sizes before sampling.

    Raises:
        BenchError: anything wrong with the files, the mapping, the rows or the labels.
    """
    if limit is not None and limit < 1:
        raise BenchError(f"limit must be at least 1, not {limit}")
    spec = task.data
    loaded = _from_source(task) if spec.path is None else _from_files(task, spec.path, folder)
    checked = remove_overlaps(loaded.parts)
    parts = checked.parts
    warnings = [*loaded.warnings, *checked.warnings]
    if isinstance(spec.path, FilesSpec) and spec.path.validation is None:
        parts["train"], parts["validation"] = spare_validation(parts["train"], spec.split.seed)
    if not parts["validation"]:
        warnings.append("validation has no rows: training cannot stop early")
    if task.kind == "classification":
        parts, doubts = with_choices(parts, task)
        warnings += doubts
    before: dict[str, int] = {split: len(rows) for split, rows in parts.items()}
    if limit is not None:
        parts = {split: sample(rows, limit, limit_seed) for split, rows in parts.items()}
    unseen: dict[str, int] = {}
    if task.kind == "classification":
        unseen, doubts = unseen_labels(parts["train"], parts["test"])
        warnings += doubts
    report = DataReport(
        origin=loaded.origin,
        sizes={split: len(rows) for split, rows in parts.items()},
        sampled_from=before,
        skipped=tuple(row.without_value() for row in loaded.skipped),
        duplicates=checked.duplicates,
        removed_from_train=checked.removed_from_train,
        removed_from_validation=checked.removed_from_validation,
        shared_groups_removed=checked.shared_groups_removed,
        unseen_labels=unseen,
        warnings=tuple(warnings),
    )
    return Splits(tuple(parts["train"]), tuple(parts["validation"]), tuple(parts["test"]), report, splits_digest(parts))


def _from_files(task: Task, paths: str | FilesSpec, folder: Path) -> _Loaded:
    files = {"file": paths} if isinstance(paths, str) else {k: v for k, v in paths.model_dump().items() if v is not None}
    tables = {role: read_table(folder / Path(path).expanduser()) for role, path in files.items()}
    rows, bad = _examples(task, tables)
    if bad and not task.data.skip_bad_rows:
        raise bad_rows_error(bad)
    for role, table in tables.items():
        if not rows[role]:
            raise BenchError(f"{table.name}: no usable row is left; all {len(bad)} bad rows were skipped, the first: {bad[0]}")
    if isinstance(paths, str):
        # numbered before the split, in the order of the file
        everything, warnings = with_ids({"train": rows["file"]})
        parts: Mapping[SplitName, Sequence[Example]] = split_rows(everything["train"], task.data.split, tables["file"].name)
    else:
        parts, warnings = with_ids({"train": rows["train"], "validation": rows.get("validation", []), "test": rows["test"]})
    origin = {role: table.name for role, table in tables.items()} | {f"{role} sha256": table.sha256 for role, table in tables.items()}
    return _Loaded(parts, origin, bad, warnings)


def _examples(task: Task, tables: Mapping[str, Table]) -> tuple[dict[str, list[Example]], list[BadRow]]:
    """The examples of every file, and the bad rows of all of them, so that one error can name them together."""
    rows: dict[str, list[Example]] = {}
    bad: list[BadRow] = []
    variables: set[str] = set()
    for role, table in tables.items():
        if not table.records:  # nothing but bad rows: there may not even be columns to map
            rows[role], bad = [], [*bad, *table.bad]
            continue
        fields = resolve_fields(task.data.fields, table.columns, table.name)
        if variables and variables != set(fields.inputs):
            raise BenchError(f"{table.name}: its inputs are {listed(fields.inputs)}, those of the other files {listed(sorted(variables))}")
        variables = set(fields.inputs)
        rows[role], worse = examples_of(table.records, fields, task)
        bad += sorted([*table.bad, *worse], key=lambda row: row.line)
    return rows, bad


def _from_source(task: Task) -> _Loaded:
    spec, name = task.data, task.data.source or ""
    if name not in SOURCES:
        raise BenchError(f"{task.name}: data.source: no source '{name}'.{did_you_mean(name, SOURCES)}")
    if spec.fields:
        raise BenchError(f"{task.name}: data.fields: the source '{name}' names its own; --input, --target and --field go with --data FILE")
    version, rows = SOURCES[name](spec, task.kind)
    parts: dict[SplitName, list[Example]] = {"train": [], "validation": [], "test": []}
    for split, example in rows:
        parts[split].append(example)
    warnings = [] if spec.split == SplitSpec() else [f"'split' is not used: the source '{name}' is split already"]
    return _Loaded(parts, {"source": name, "version": version, "size": str(spec.size), "seed": str(spec.seed)}, (), warnings)
