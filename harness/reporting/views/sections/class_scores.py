"""The scores of each class, and the confusion matrix or, with many labels, its largest entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.metrics import ClassScores, confusion_matrix, score_classes
from harness.reporting.views.sections.output_source import OutputSource, source_of
from harness.results import StrategyResult

MOST_LABELS = 20  # a larger matrix cannot be read
MOST_CONFUSIONS = 15


@dataclass(frozen=True)
class Confusion:
    """How often `gold` was predicted as `predicted` (None: as no label), out of the `support` examples of the gold label."""

    gold: str
    predicted: str | None
    count: int
    support: int


@dataclass(frozen=True)
class ClassReport:
    """The classes as one cell predicts them.

    Attributes:
        predicted_labels: the columns of the matrix; None at the end where some outputs are not a label.
        matrix: counts, rows by gold label; empty where there are too many labels.
        confusions: the most frequent ones, the largest first.
    """

    source: OutputSource
    rows: tuple[ClassScores, ...]
    predicted_labels: tuple[str | None, ...]
    matrix: tuple[tuple[int, ...], ...]
    confusions: tuple[Confusion, ...]


def build_class_report(result: StrategyResult) -> ClassReport:
    """The classes as the first cell of a strategy predicts them."""
    labels, predictions = result.task_scores.labels, result.predictions(result.cell)
    table = confusion_matrix(result.examples, predictions, labels)
    columns: tuple[str | None, ...] = (*labels, None) if table and len(table[0]) > len(labels) else tuple(labels)
    return ClassReport(
        source=source_of(result, result.cell),
        rows=tuple(score_classes(result.examples, predictions, labels)),
        predicted_labels=columns,
        matrix=tuple(tuple(row) for row in table) if len(labels) <= MOST_LABELS else (),
        confusions=_largest_confusions(table, labels, columns),
    )


def _largest_confusions(table: Sequence[Sequence[int]], labels: Sequence[str], columns: Sequence[str | None]) -> tuple[Confusion, ...]:
    confusions = [
        Confusion(gold, predicted, count, sum(row))
        for gold, row in zip(labels, table, strict=True)
        for predicted, count in zip(columns, row, strict=True)
        if count and gold != predicted
    ]
    return tuple(sorted(confusions, key=lambda c: -c.count)[:MOST_CONFUSIONS])
