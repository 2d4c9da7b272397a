"""Rows that are far from the others: by the length of a text, or because they share hardly a word with any other row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from harness.data.checks.checked_rows import MOST_ROWS, CheckedRows
from harness.data.similarity import WordSets
from harness.text import plural
from harness.types import DataFinding

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAR = 6.0  # robust standard deviations of the logarithm of the length
_LEAST_ROWS = 50
_LEAST_SPREAD = 0.15  # of the logarithm: where texts have almost one length, a little more is not far
_LEAST_WORDS = 5
_UNSHARED = 0.6  # of the words of a row that no other row has
_USUAL = 0.2  # at most, in half of the rows: in a small or very mixed table most words occur once


def find_outliers(rows: CheckedRows) -> list[DataFinding]:
    """Texts of unusual length, and rows whose words no other row has."""
    if len(rows) < _LEAST_ROWS:
        return []
    return [*_find_unusual_lengths(rows), *_find_unlike_others(rows)]


def _find_unusual_lengths(rows: CheckedRows) -> list[DataFinding]:
    import numpy as np

    flagged: dict[int, tuple[str, int, float]] = {}
    parts: list[tuple[str, list[str]]] = [(name, [each.inputs.get(name, "") for each in rows.examples]) for name in rows.inputs]
    if not rows.task.chooses:
        parts.append(("target", ["\n".join(each.targets) for each in rows.examples]))
    for name, texts in parts:
        lengths = np.asarray([len(text.split()) if " " in text or len(text) < 40 else len(text) // 2 for text in texts])
        distance = _measure_distance(np.log1p(lengths))
        for row in np.flatnonzero(np.abs(distance) > FAR).tolist():
            flagged.setdefault(row, (name, int(lengths[row]), float(distance[row])))
    if not flagged:
        return []
    order = sorted(flagged, key=lambda row: -abs(flagged[row][2]))
    shown = tuple(rows.flag(row, value=f"{flagged[row][0]}: {plural(flagged[row][1], 'word')}") for row in order[:MOST_ROWS])
    return [DataFinding("long_texts", "notes", len(flagged), len(rows), rows=shown, splits=rows.count_by_split(flagged))]


def _measure_distance(values: NDArray[Any]) -> NDArray[Any]:
    """(rows,) How many robust standard deviations a value is from the median. Median absolute deviation × 1.4826 (Hampel, 1974)."""
    import numpy as np

    median = np.median(values)
    spread = max(1.4826 * float(np.median(np.abs(values - median))), _LEAST_SPREAD)
    distance: NDArray[Any] = (values - median) / spread
    return distance


def _find_unlike_others(rows: CheckedRows) -> list[DataFinding]:
    import numpy as np

    sets = WordSets(rows.whole_text(row) for row in range(len(rows)))
    texts_with = np.asarray(sets.words.sum(axis=0)).ravel()
    alone = sets.words @ (texts_with == 1).astype(np.float64)
    share = alone / np.maximum(sets.sizes, 1)
    if math.isnan(float(np.median(share))) or np.median(share) > _USUAL:
        return []
    far = np.flatnonzero((share >= _UNSHARED) & (sets.sizes >= _LEAST_WORDS))
    if not len(far):
        return []
    order = far[np.argsort(-share[far], kind="stable")][:MOST_ROWS]
    shown = tuple(rows.flag(row, score=float(share[row])) for row in order.tolist())
    return [DataFinding("unlike_others", "notes", len(far), len(rows), rows=shown, splits=rows.count_by_split(far.tolist()))]
