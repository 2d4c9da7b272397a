"""`load_splits`: the only way from a task to its examples.

read → map fields → split (or take the given splits) → fold references → remove overlaps → labels → sample → lock → digest

All steps but the first and the last work on an index of the rows; the examples are built at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.formats import find_files
from harness.data.identity import RowIndex, splits_digest
from harness.data.pipeline.answer_counts import count_answers, count_reference_words
from harness.data.pipeline.folding import add_followers, fold, merge_references
from harness.data.pipeline.harvested_examples import Correction, correction_lines, read_corrections, remove_corrected, training_examples
from harness.data.pipeline.labels import find_unseen_labels, resolve_choices
from harness.data.pipeline.locked_test_set import check_locked_test
from harness.data.pipeline.raw_splits import SPLITS, RawSplits, read_files, read_source
from harness.data.pipeline.sampling import sample_positions
from harness.data.pipeline.splitting import split_off_validation
from harness.data.quality import CleanedSplits, remove_overlaps
from harness.errors import BenchError, did_you_mean, setting
from harness.types import DataReport, Example, SplitName, Splits, Task

if TYPE_CHECKING:
    from harness.data.identity import RowNumbers


def load_splits(task: Task, *, folder: Path, limit: int | None = None, limit_seed: int = 0, whole_as_test: bool = False) -> Splits:
    """Load the examples of a task: split, checked and, with `limit`, sampled.

    Args:
        folder: what relative paths in `task.data` are relative to.
        limit: at most this many examples per split, drawn at random after the checks, with labels stratified by class. The sample for a
            smaller limit is a subset of that for a larger one.
        limit_seed: the seed of that draw.
        whole_as_test: a file without splits becomes the test set as a whole, in its order; the other splits are then empty.

    Returns:
        The splits. Their report says what was skipped, removed, folded and sampled; `report.sampled_from` holds the sizes before sampling.

    Raises:
        BenchError: a defect of the files, the mapping of columns, the rows or the labels.
    """
    if limit is not None and limit < 1:
        raise BenchError(f"limit must be at least 1, not {limit}")
    _check_folding(task)
    if task.data.source is not None:
        raw = read_source(task)
    else:
        raw = read_files(task, folder, is_sampled=limit is not None, whole_as_test=whole_as_test)
    corrections = read_corrections(find_files(task.data.harvested or (), folder))
    selected = _select_rows(raw, corrections, whole_as_test=whole_as_test)
    parts, warnings = selected.parts, [*raw.warnings, *selected.warnings]
    choices: tuple[str, ...] = ()
    if task.chooses:
        choices, label_warnings = resolve_choices(raw.index, raw.parts if corrections else parts, task)
        warnings += label_warnings
    full_sizes: dict[str, int] = {split: len(parts[split]) for split in SPLITS}
    whole_test = parts["test"]
    if limit is not None:
        parts = {split: _sample_rows(rows, raw, limit, limit_seed) for split, rows in parts.items()}
    unseen: dict[str, int] = {}
    if task.chooses and len(parts["train"]):
        unseen, label_warnings = find_unseen_labels(raw.index.get_labels(parts["train"]), raw.index.get_labels(parts["test"]))
        warnings += label_warnings
    is_locked = task.data.locked_test is not None
    examples = _build_examples(raw, {**parts, "test": whole_test} if is_locked else parts, selected.followers, choices)
    if is_locked:
        warnings += check_locked_test(task, examples["test"], selected.cleaned.duplicates, is_given=raw.is_given)
        tested = set(parts["test"].tolist())
        examples["test"] = tuple(e for row, e in zip(whole_test.tolist(), examples["test"], strict=True) if row in tested)
    _check_kept_columns(task, examples["test"])
    if corrections:
        examples["train"] += training_examples(corrections, choices, examples["train"])
        warnings += correction_lines(raw.index, raw.parts, corrections, selected.corrected)
    report = DataReport(
        origin=raw.origin,
        sizes={split: len(part) for split, part in examples.items()},
        sampled_from=full_sizes,
        skipped=raw.skipped,
        skipped_rows=raw.skipped_rows,
        duplicates=selected.cleaned.duplicates,
        removed_from_train=selected.cleaned.removed_from_train,
        removed_from_validation=selected.cleaned.removed_from_validation,
        shared_groups_removed=selected.cleaned.shared_groups_removed,
        folded=selected.count_folded() if raw.index.with_folds else {},
        unseen_labels=unseen,
        warnings=tuple(warnings),
        training_answers=count_answers(examples["train"]),
        training_words=count_reference_words(examples["train"]),
    )
    return Splits(
        examples["train"],
        examples["validation"],
        examples["test"],
        report,
        splits_digest(examples),
        _left_out(raw, [raw.parts["test"]], parts["test"]),
        left_out_of_validation=_left_out(raw, [raw.parts["validation"], selected.parts["validation"]], parts["validation"]),
        layout=raw.layout,
    )


def _left_out(raw: RawSplits, rows: Sequence[RowNumbers], kept: RowNumbers) -> frozenset[str]:
    """The ids of all these rows but the kept ones."""
    import numpy as np

    return frozenset(raw.ids[row] for row in map(int, np.setdiff1d(np.concatenate(rows), kept)))


@dataclass(frozen=True)
class _SelectedRows:
    """The rows of each split that become examples.

    Attributes:
        followers: by row, the rows whose references it takes.
        corrected: by split, how many rows were removed because of corrections.
        cleaned: what was removed because of overlaps.
    """

    parts: dict[SplitName, RowNumbers]
    followers: dict[int, list[int]]
    corrected: Mapping[str, int]
    cleaned: CleanedSplits

    @property
    def warnings(self) -> list[str]:
        """Lines for the data report."""
        needs_validation = not len(self.parts["validation"]) and len(self.parts["train"])
        return [*self.cleaned.warnings, *(["no validation examples: early stopping is off"] if needs_validation else [])]

    def count_folded(self) -> dict[str, int]:
        """By held-out split, how many rows became further references of another row."""
        held_out: tuple[SplitName, ...] = ("validation", "test")
        return {split: sum(len(self.followers.get(row, ())) for row in self.parts[split].tolist()) for split in held_out}


def _select_rows(raw: RawSplits, corrections: Sequence[Correction], *, whole_as_test: bool) -> _SelectedRows:
    """Remove originals of corrections, fold references, remove overlaps, and split off validation if it is missing.

    Args:
        whole_as_test: whether training may be empty.
    """
    index, parts, corrected = raw.index, dict(raw.parts), dict[str, int]()
    if corrections:
        parts, corrected = remove_corrected(index, parts, corrections)
    parts, followers = _fold_splits(index, parts, ("validation", "test"))
    is_test_only = whole_as_test and not len(parts["train"])
    cleaned = CleanedSplits(parts, {}, 0, 0, 0, []) if is_test_only else remove_overlaps(index, parts)
    parts = dict(cleaned.parts)
    if raw.needs_validation:
        parts["train"], parts["validation"] = split_off_validation(index, parts["train"])
        parts, new_followers = _fold_splits(index, parts, ("validation",))
        followers |= new_followers
        if corrections:
            parts, _ = remove_corrected(index, parts, corrections)
    return _SelectedRows(parts, followers, corrected, cleaned)


def _check_kept_columns(task: Task, test: Sequence[Example]) -> None:
    """Check that the columns to be stored exist.

    Raises:
        BenchError: no test example has one of them.
    """
    columns = {name for example in test for name in (*example.meta, *example.inputs)}
    missing = [name for name in task.data.keep if name not in columns and name not in task.data.fields.values()]
    if missing:
        raise BenchError(
            f"{task.name}: {setting('keep', missing[0])}: no test example has such a column.{did_you_mean(missing[0], columns)}"
        )


def _check_folding(task: Task) -> None:
    if task.data.fold_references_by is None:
        return
    if task.chooses:
        raise BenchError(
            f"{task.name}: data.fold_references_by: applies to written answers only. With labels, each example has one reference"
        )
    if task.data.source is not None:
        raise BenchError(
            f"{task.name}: data.fold_references_by: applies to files only. A source returns each example with all its references"
        )


def _fold_splits(
    index: RowIndex, parts: Mapping[SplitName, RowNumbers], splits: Iterable[SplitName]
) -> tuple[dict[SplitName, RowNumbers], dict[int, list[int]]]:
    """Fold the references of these splits.

    Returns:
        All splits, with the first row of each example; and by row, the rows whose references it takes.
    """
    kept = dict(parts)
    followers: dict[int, list[int]] = {}
    for split in splits if index.with_folds else ():
        kept[split], new_followers = fold(index, parts[split])
        followers |= new_followers
    return kept, followers


def _sample_rows(rows: RowNumbers, raw: RawSplits, limit: int, seed: int) -> RowNumbers:
    strata = raw.index.column("labels", rows) if raw.index.with_labels else None
    return rows[list(sample_positions(len(rows), lambda position: raw.ids[int(rows[position])], limit, seed, strata=strata))]


def _build_examples(
    raw: RawSplits, parts: Mapping[SplitName, RowNumbers], followers: Mapping[int, Sequence[int]], choices: tuple[str, ...]
) -> dict[SplitName, tuple[Example, ...]]:
    """The examples of every split, with their ids, references and choices.

    Nothing reads the rejected answers of test examples, which a run would store for good: they are left out.
    """
    import numpy as np

    rows_to_read = add_followers(np.concatenate([parts[split] for split in SPLITS]), followers)
    taken = raw.take_examples(rows_to_read)

    def build(split: SplitName) -> Iterator[Example]:
        rows = parts[split]
        for row, e in zip(map(int, rows), merge_references(rows, taken, followers), strict=False):
            yield replace(e, id=raw.ids[row], choices=choices or e.choices, rejected=None if split == "test" else e.rejected)

    return {split: tuple(build(split)) for split in SPLITS}
