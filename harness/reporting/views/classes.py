"""What a classifier takes for what: the table of classes, and the confusion matrix or, with many labels, its largest entries."""

from __future__ import annotations

from collections.abc import Sequence

from harness.metrics import confusion_matrix, score_classes
from harness.reporting.views.view import ClassView, Mistake
from harness.types import Example, Prediction

MOST_LABELS = 20  # a larger matrix is a picture that nobody reads
MOST_MISTAKES = 15
NO_LABEL = "(no label)"


def class_view(source: str, labels: Sequence[str], examples: Sequence[Example], predictions: Sequence[Prediction]) -> ClassView:
    """The classes as one cell predicts them.

    Args:
        source: whose predictions these are, for the heading.
    """
    table = confusion_matrix(examples, predictions, labels)
    columns = (*labels, NO_LABEL) if table and len(table[0]) > len(labels) else tuple(labels)
    rows = score_classes(examples, predictions, labels)
    return ClassView(
        source=source,
        rows=tuple(rows),
        predicted_labels=columns,
        matrix=tuple(tuple(row) for row in table) if len(labels) <= MOST_LABELS else (),
        mistakes=_mistakes(table, labels, columns),
    )


def _mistakes(table: Sequence[Sequence[int]], labels: Sequence[str], columns: Sequence[str]) -> tuple[Mistake, ...]:
    """The most frequent confusions, the largest first."""
    found = [
        Mistake(gold, predicted, count, sum(row))
        for gold, row in zip(labels, table, strict=True)
        for predicted, count in zip(columns, row, strict=True)
        if count and gold != predicted
    ]
    return tuple(sorted(found, key=lambda m: -m.count)[:MOST_MISTAKES])
