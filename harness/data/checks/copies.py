"""Rows with the same inputs: in several splits, twice in one, with targets that agree or disagree. Case and white space do not count."""

from __future__ import annotations

from collections import defaultdict

from harness.data.checks.checked_rows import MOST_ROWS, SPLIT_ORDER, CheckedRows
from harness.types import DataFinding, Severity, SplitName

SPOILING_SHARE = 0.01  # of the rows of a split: from here a defect changes scores by as much as strategies often differ
_LATER: tuple[tuple[SplitName, SplitName], ...] = (("train", "test"), ("train", "validation"), ("validation", "test"))


def find_copies(rows: CheckedRows) -> list[DataFinding]:
    """Copies across splits, copies within a split, and rows with the same inputs but other targets."""
    return [*_find_leaks(rows), *_find_duplicates(rows), *_find_conflicts(rows)]


def list_leaks(rows: CheckedRows) -> dict[int, int]:
    """The rows of training and validation whose inputs occur in a later split, each with the first such row."""
    first: dict[tuple[SplitName, int], int] = {}
    for row, (split, key) in enumerate(zip(rows.splits, rows.input_keys, strict=True)):
        first.setdefault((split, key), row)
    leaks: dict[int, int] = {}
    for one, other in _LATER:
        for row in rows.of_split(one):
            copy = first.get((other, rows.input_keys[row]))
            if copy is not None:
                leaks.setdefault(row, copy)
    return leaks


def list_shared_groups(rows: CheckedRows) -> dict[int, int]:
    """The rows of training and validation whose group occurs in a later split, each with the first such row."""
    first: dict[tuple[SplitName, str], int] = {}
    for row, (split, example) in enumerate(zip(rows.splits, rows.examples, strict=True)):
        if example.group is not None:
            first.setdefault((split, example.group), row)
    shared: dict[int, int] = {}
    for one, other in _LATER:
        for row in rows.of_split(one):
            group = rows.examples[row].group
            if group is not None and (other, group) in first:
                shared.setdefault(row, first[other, group])
    return shared


def list_duplicates(rows: CheckedRows) -> dict[int, int]:
    """The rows whose inputs and targets repeat an earlier row of their split, each with the first such row."""
    first: dict[tuple[str, int, int], int] = {}
    duplicates: dict[int, int] = {}
    for row, (split, inputs, targets) in enumerate(zip(rows.splits, rows.input_keys, rows.target_keys, strict=True)):
        earlier = first.setdefault((split, inputs, targets), row)
        if earlier != row:
            duplicates[row] = earlier
    return duplicates


def _find_leaks(rows: CheckedRows) -> list[DataFinding]:
    leaks = list_leaks(rows)
    if not leaks:
        return []
    pairs = {f"{one}/{other}": 0 for one, other in _LATER}
    for row, copy in leaks.items():
        pairs[f"{rows.splits[row]}/{rows.splits[copy]}"] += 1
    return [
        DataFinding(
            "leaks",
            "spoils",
            len(leaks),
            len(rows),
            rows=tuple(rows.flag(row, other=copy) for row, copy in list(leaks.items())[:MOST_ROWS]),
            splits={pair: count for pair, count in pairs.items() if count},
        )
    ]


def _find_duplicates(rows: CheckedRows) -> list[DataFinding]:
    duplicates = list_duplicates(rows)
    if not duplicates:
        return []
    return [
        DataFinding(
            "duplicates",
            "warns",
            len(duplicates),
            len(rows),
            rows=tuple(rows.flag(row, other=earlier) for row, earlier in list(duplicates.items())[:MOST_ROWS]),
            splits=rows.count_by_split(duplicates),
        )
    ]


def list_conflicts(rows: CheckedRows) -> dict[int, int]:
    """The rows whose targets another row with the same inputs contradicts, in any split, each with such a row."""
    targets: dict[int, dict[int, int]] = defaultdict(dict)  # by inputs: the first row with each target
    for row, (inputs, target) in enumerate(zip(rows.input_keys, rows.target_keys, strict=True)):
        targets[inputs].setdefault(target, row)
    return {
        row: next(other for other_target, other in targets[inputs].items() if other_target != target)
        for row, (inputs, target) in enumerate(zip(rows.input_keys, rows.target_keys, strict=True))
        if len(targets[inputs]) > 1
    }


def _find_conflicts(rows: CheckedRows) -> list[DataFinding]:
    """With labels, rows that contradict each other. With texts, further references of the same inputs."""
    contradicted = list_conflicts(rows)
    if not contradicted or (rows.has_folds and not rows.task.chooses):
        return []
    flagged = []
    for row in sorted(contradicted, key=lambda row: (rows.input_keys[row], row))[:MOST_ROWS]:
        own, opposed = ("; ".join(rows.examples[each].targets) for each in (row, contradicted[row]))
        flagged.append(rows.flag(row, value=own, expected=opposed, other=contradicted[row]))
    by_split = rows.count_by_split(contradicted)
    if not rows.task.chooses:
        return [DataFinding("several_references", "notes", len(contradicted), len(rows), rows=tuple(flagged), splits=by_split)]
    spoils = any(count >= SPOILING_SHARE * rows.sizes[split] for split in SPLIT_ORDER if (count := by_split.get(split, 0)))
    severity: Severity = "spoils" if spoils else "warns"
    return [DataFinding("conflicts", severity, len(contradicted), len(rows), rows=tuple(flagged), splits=by_split)]
