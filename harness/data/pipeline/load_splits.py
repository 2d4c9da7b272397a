"""`load_splits`: the one way from a task to its rows.

read → map the fields → split (or take the given files) → fold references → remove overlaps → labels → sample → digest

All but the first and the last step work on an index of the rows; the examples are put together at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.mapping import Index, RowIds, splits_digest
from harness.data.pipeline.folding import check_folds, fold, merged, with_followers
from harness.data.pipeline.gather import Gathered
from harness.data.pipeline.harvested import PLACE, as_training, check_inputs, read_harvested, retire, unmatched
from harness.data.pipeline.labels import choices_of, unseen_labels
from harness.data.pipeline.origins import find_origin
from harness.data.pipeline.sampling import sampled
from harness.data.pipeline.sources import sources
from harness.data.pipeline.splitting import spare_validation, split_rows
from harness.data.quality import Checked, remove_overlaps
from harness.errors import BenchError, did_you_mean, setting
from harness.types import DataReport, Example, Paths, SplitName, Splits, SplitSpec, Task

if TYPE_CHECKING:
    from harness.data.mapping import Places

_ORDER: tuple[SplitName, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class _Loaded:
    """Rows by split, before any check. `examples` gives those of some rows; `spare` says that validation is to be taken from train."""

    index: Index
    parts: Mapping[SplitName, Places]
    ids: RowIds
    examples: Callable[[Places], Iterator[Example]]
    origin: Mapping[str, str]
    warnings: Sequence[str]
    skipped: Sequence[str] = ()
    skipped_rows: int = 0
    spare: bool = False


def load_splits(task: Task, *, folder: Path, limit: int | None = None, limit_seed: int = 0, whole_as_test: bool = False) -> Splits:
    """The rows of a task, split, checked and, with `limit`, sampled.

    Args:
        folder: what relative paths in `task.data` are relative to.
        limit: at most so many rows of each split, drawn at random after the checks; a smaller limit's rows are among a larger one's.
        limit_seed: the seed of that draw.
        whole_as_test: a file that is not split already is test as a whole, in its order; there are no other rows then.

    Returns:
        Splits whose report says what was skipped, removed, folded and sampled; `report.sampled_from` holds the sizes before sampling.

    Raises:
        BenchError: anything wrong with the files, the mapping, the rows or the labels.
    """
    if limit is not None and limit < 1:
        raise BenchError(f"limit must be at least 1, not {limit}")
    _check_folding(task)
    loaded = _from_files(task, folder, limit, whole_as_test) if task.data.source is None else _from_source(task)
    index, retired = loaded.index, dict[str, int]()
    strangers: list[Example] = []
    harvested = read_harvested([folder / path for path in _paths(task.data.harvested)])
    unretired = loaded.parts
    if harvested:
        unretired, retired = retire(index, loaded.parts, harvested)
        strangers = unmatched(index, loaded.parts, harvested)
    parts, followers = _fold(index, unretired, ("validation", "test"))
    alone = whole_as_test and not len(parts["train"])
    checked = Checked(parts, {}, 0, 0, 0, []) if alone else remove_overlaps(index, parts)
    parts = checked.parts
    warnings = [*loaded.warnings, *checked.warnings]
    if loaded.spare:
        parts["train"], parts["validation"] = spare_validation(index, parts["train"])
        parts, more = _fold(index, parts, ("validation",))
        followers |= more
        parts, _ = retire(index, parts, harvested) if harvested else (parts, {})
    if not len(parts["validation"]) and len(parts["train"]):
        warnings.append("validation has no rows: training cannot stop early")
    choices: tuple[str, ...] = ()
    if task.chooses:
        choices, doubts = choices_of(index, loaded.parts if harvested else parts, task)
        warnings += doubts
    before: dict[str, int] = {split: len(parts[split]) for split in _ORDER}
    folded = {split: sum(len(followers.get(row, ())) for row in parts[split].tolist()) for split in parts} if index.folding else {}
    if limit is not None:
        parts = {split: _sample(rows, loaded.ids, limit, limit_seed) for split, rows in parts.items()}
    unseen: dict[str, int] = {}
    if task.chooses and len(parts["train"]):
        unseen, doubts = unseen_labels(index.labels_of(parts["train"]), index.labels_of(parts["test"]))
        warnings += doubts
    examples = _put_together(loaded, parts, followers, choices)
    if harvested:
        check_inputs(harvested, examples["train"])
        examples["train"] += as_training(harvested, choices)
        warnings += _harvest_lines(harvested, retired, strangers)
    report = DataReport(
        origin=loaded.origin,
        sizes={split: len(rows) for split, rows in examples.items()},
        sampled_from=before,
        skipped=tuple(loaded.skipped),
        skipped_rows=loaded.skipped_rows,
        duplicates=checked.duplicates,
        removed_from_train=checked.removed_from_train,
        removed_from_validation=checked.removed_from_validation,
        shared_groups_removed=checked.shared_groups_removed,
        folded={split: n for split, n in folded.items() if split != "train"},
        unseen_labels=unseen,
        warnings=tuple(warnings),
    )
    return Splits(examples["train"], examples["validation"], examples["test"], report, splits_digest(examples))


def _paths(given: Paths | None) -> tuple[str, ...]:
    return () if given is None else (given,) if isinstance(given, str) else given


def _harvest_lines(harvested: Sequence[Example], retired: Mapping[str, int], strangers: Sequence[Example]) -> list[str]:
    left = ", ".join(f"{n} from {split}" for split, n in retired.items()) or "none"
    said = [f"{len(harvested)} harvested rows are trained on; removed, since they have their inputs or groups: {left}"]
    if strangers:
        first = strangers[0].meta[PLACE]
        said.append(f"{len(strangers)} harvested rows match no row of any split, the first: {first}. Are they of this data?")
    return said


def _check_folding(task: Task) -> None:
    if task.data.fold_references_by is None:
        return
    if task.chooses:
        raise BenchError(f"{task.name}: data.fold_references_by: is for answers that are written; an answer that is chosen has one label")
    if task.data.source is not None:
        raise BenchError(f"{task.name}: data.fold_references_by: is for files; a source gives each example with all its references")


def _fold(
    index: Index, parts: Mapping[SplitName, Places], splits: Iterable[SplitName]
) -> tuple[dict[SplitName, Places], dict[int, list[int]]]:
    """Folds the references of these splits: the first row of each example stays, with the rows that follow it."""
    kept = dict(parts)
    followers: dict[int, list[int]] = {}
    for split in splits if index.folding else ():
        kept[split], more = fold(index, parts[split])
        followers |= more
    return kept, followers


def _sample(rows: Places, ids: RowIds, limit: int, seed: int) -> Places:
    return rows[list(sampled(len(rows), lambda place: ids[int(rows[place])], limit, seed))]


def _put_together(
    loaded: _Loaded, parts: Mapping[SplitName, Places], followers: Mapping[int, Sequence[int]], choices: tuple[str, ...]
) -> dict[SplitName, tuple[Example, ...]]:
    """The examples of every split, with their ids, references and choices."""
    import numpy as np

    wanted = with_followers(np.concatenate([parts[split] for split in _ORDER]), followers)
    given = loaded.examples(wanted)

    def examples(rows: Places) -> Iterator[Example]:
        for row, e in zip(rows.tolist(), merged(rows, given, followers), strict=False):
            yield Example(loaded.ids[row], e.inputs, e.targets, choices or e.choices, e.group, e.meta)

    return {split: tuple(examples(parts[split])) for split in _ORDER}


def _from_files(task: Task, folder: Path, limit: int | None, whole_as_test: bool) -> _Loaded:
    origin = find_origin(task, folder)
    gathered = Gathered(task, origin.every, sampled=limit is not None)
    index, bad = gathered.index, gathered.bad
    if bad.count and not task.data.skip_bad_rows:
        raise bad.error()
    rows = _rows_by_role(gathered, {role: len(tables) for role, tables in origin.tables.items()})
    for role, own in rows.items():
        if not len(own):
            raise BenchError(f"{origin.name(role)}: no usable row is left; all {bad.count} bad rows were skipped, the first: {bad.kept[0]}")
        if task.data.fold_references_by is not None:
            check_folds(index, own, task.data.fold_references_by, gathered.place)
    parts: dict[SplitName, Places]
    if "file" in rows and whole_as_test:
        parts = {"train": rows["file"][:0], "validation": rows["file"][:0], "test": rows["file"]}
        ids = RowIds(index, [rows["file"]], origin.places)
    elif "file" in rows:
        parts = split_rows(index, rows["file"], task.data.split, origin.name("file"))
        ids = RowIds(index, [rows["file"]], origin.places)
    else:
        nothing = rows["train"][:0]
        parts = {split: rows.get(split, nothing) for split in _ORDER}
        ids = RowIds(index, [parts["test"], parts["validation"], parts["train"]], origin.places)
    return _Loaded(
        index,
        parts,
        ids,
        gathered.examples,
        origin.describe(gathered.sha256),
        [*origin.warnings, *ids.warnings],
        bad.told(),
        bad.count,
        spare=not rows.keys() & {"file", "validation"},
    )


def _rows_by_role(gathered: Gathered, files: Mapping[str, int]) -> dict[str, Places]:
    import numpy as np

    rows, start = {}, 0
    for role, number in files.items():
        rows[role] = np.concatenate([gathered.rows_of(file) for file in range(start, start + number)])
        start += number
    return rows


def _from_source(task: Task) -> _Loaded:
    import numpy as np

    spec, name = task.data, task.data.source or ""
    known = sources()
    if name not in known:
        raise BenchError(f"{task.name}: data.source: no source '{name}'.{did_you_mean(name, known)}")
    if spec.fields:
        raise BenchError(
            f"{task.name}: data.fields: the source '{name}' defines its own inputs and target. Remove 'fields', or read a file with "
            f"{setting('data', 'FILE')}"
        )
    version, rows = known[name](spec, task.kind)
    index = Index(spec.split.seed, choosing=task.chooses)
    numbers: dict[SplitName, list[int]] = {split: [] for split in _ORDER}
    examples: list[Example] = []
    for split, example in rows:
        _check_example(example, task, name)
        numbers[split].append(len(examples))
        examples.append(example)
        index.add(example)
    parts = {split: np.asarray(numbers[split], np.int64) for split in _ORDER}
    ids = RowIds(index, [parts["test"], parts["validation"], parts["train"]], [name])
    if ids.clash:
        raise BenchError(f"{task.name}: the source '{name}' gives the id '{ids.clash}' twice; each row needs an id of its own")
    origin = {"source": name, "version": version, "size": str(spec.size), "seed": str(spec.seed)}
    warnings = [] if spec.split == SplitSpec() else [f"'split' is not used: the source '{name}' is split already"]
    return _Loaded(index, parts, ids, lambda wanted: (examples[row] for row in wanted.tolist()), origin, warnings)


def _check_example(example: Example, task: Task, source: str) -> None:
    if task.chooses and len(example.targets) != 1:
        raise BenchError(
            f"{task.name}: the source '{source}' gives the row '{example.id}' {len(example.targets)} targets; where an answer is chosen, "
            "a row has one label"
        )
