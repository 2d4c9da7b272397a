"""Rows whose inputs are almost the same as those of another row, within a split and across splits.

Two rows are near duplicates if each of their inputs is one of the other's (`harness.data.similarity` says when), and they are not the same.
Candidates come from MinHash; each is verified exactly, so that no pair is reported that is not similar.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.data.checks.checked_rows import MOST_ROWS, CheckedRows
from harness.data.checks.copies import SPOILING_SHARE
from harness.data.similarity import LEAST_JACCARD, WordSets, find_candidates, is_near
from harness.types import DataFinding, Severity

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PAIRS_AT_ONCE = 5_000
_RANK = {"train": 0, "validation": 1, "test": 2}


@dataclass(frozen=True)
class Match:
    """The most similar row that was found, and the similarity."""

    row: int
    similarity: float


@dataclass(frozen=True)
class NearCopies:
    """Near duplicates.

    Attributes:
        within: rows that resemble an earlier row of their split, with the most similar one.
        leaks: rows of validation and test that resemble a row of an earlier split, with the most similar one.
    """

    within: dict[int, Match]
    leaks: dict[int, Match]


def list_near_copies(
    rows: CheckedRows, progress: Callable[[float], None] = lambda share: None, *, without: Collection[int] = ()
) -> NearCopies:
    """The near duplicates among rows with distinct inputs.

    Args:
        without: rows to leave out.
        progress: called with the share that is done.
    """
    import numpy as np

    copies: dict[tuple[str, int], int] = {}  # exact copies are reported by themselves: one row for each text in a split
    for row, key in enumerate(rows.input_keys):
        if row not in without:
            copies.setdefault((rows.splits[row], key), row)
    numbers = np.asarray(list(copies.values()), np.int64)
    if len(numbers) < 2:
        return NearCopies({}, {})
    sets = [WordSets((rows.examples[row].inputs.get(name, "") for row in numbers.tolist()), with_repetitions=True) for name in rows.inputs]
    pairs = find_candidates(sets[0], LEAST_JACCARD, lambda share: progress(0.8 * share))
    keys = np.asarray([rows.input_keys[row] for row in numbers.tolist()])
    ranks = np.asarray([_RANK[rows.splits[row]] for row in numbers.tolist()])
    in_training = np.isin(keys, keys[ranks == 0])
    first, second = pairs[:, 0], pairs[:, 1]  # rows are in the order of splits, so the second is never of an earlier one
    is_leak = ranks[first] != ranks[second]
    possible = (keys[first] != keys[second]) & ~(is_leak & in_training[second])
    pairs, slots = pairs[possible], (second + len(numbers) * is_leak)[possible]
    matches: dict[int, Match] = {}
    matched = np.zeros(2 * len(numbers), bool)
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        part = np.arange(start, min(start + _PAIRS_AT_ONCE, len(pairs)))
        part = part[~matched[slots[part]]]  # the candidates come most similar first: a row needs one match
        similarity, near = _compare(sets, pairs[part])
        for place in np.flatnonzero(near).tolist():
            slot = int(slots[part[place]])
            _improve(matches, slot, Match(int(numbers[pairs[part[place], 0]]), float(similarity[place])))
            matched[slot] = True
        progress(0.8 + 0.2 * (start + len(part)) / len(pairs))
    within = {int(numbers[slot]): match for slot, match in matches.items() if slot < len(numbers)}
    leaks = {int(numbers[slot - len(numbers)]): match for slot, match in matches.items() if slot >= len(numbers)}
    return NearCopies(dict(sorted(within.items())), dict(sorted(leaks.items())))


def find_near_copies(rows: CheckedRows, progress: Callable[[float], None] = lambda share: None) -> list[DataFinding]:
    """Near duplicates across splits and within them."""
    copies = list_near_copies(rows, progress)
    findings = []
    if copies.leaks:
        by_split = rows.count_by_split(copies.leaks)
        spoils = any(count >= SPOILING_SHARE * size for split, size in rows.sizes.items() if (count := by_split.get(split, 0)))
        severity: Severity = "spoils" if spoils else "warns"
        held_out = rows.sizes["validation"] + rows.sizes["test"]
        findings.append(DataFinding("near_leaks", severity, len(copies.leaks), held_out, rows=_flag(rows, copies.leaks), splits=by_split))
    if copies.within:
        by_split = rows.count_by_split(copies.within)
        findings.append(
            DataFinding("near_duplicates", "warns", len(copies.within), len(rows), rows=_flag(rows, copies.within), splits=by_split)
        )
    return findings


def _compare(sets: Sequence[WordSets], pairs: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """(pairs,) how similar the least similar of the inputs of two rows is, and whether all are near duplicates.

    Args:
        sets: of each input.
        pairs: (pairs × 2) rows, as the sets number them.
    """
    import numpy as np

    one, other = pairs[:, 0], pairs[:, 1]
    least, near = np.ones(len(pairs)), np.ones(len(pairs), bool)
    for each in sets:
        both_empty = (each.sizes[one] == 0) & (each.sizes[other] == 0)
        similarity = np.where(both_empty, 1.0, each.similarity(one, other))
        least = np.minimum(least, similarity)
        near &= is_near(each, one, other, similarity)
    return least, near


def _improve(matches: dict[int, Match], row: int, match: Match) -> None:
    if row not in matches or match.similarity > matches[row].similarity:
        matches[row] = match


def _flag(rows: CheckedRows, matches: dict[int, Match]) -> Any:
    most_similar = sorted(matches.items(), key=lambda item: -item[1].similarity)[:MOST_ROWS]
    return tuple(rows.flag(row, other=match.row, score=match.similarity) for row, match in most_similar)
