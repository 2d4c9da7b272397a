"""Which share of identifiers anonymization replaced, by kind, from what a person marked in a sample."""

from __future__ import annotations

from dataclasses import dataclass

from harness.data.privacy import KINDS, Kind, SampleMarks
from harness.statistics import clopper_pearson_interval


@dataclass(frozen=True)
class KindRecall:
    """The recall of one kind.

    Attributes:
        kind: None for all kinds together.
        replaced: identifiers that were replaced.
        total: these, and those that were marked as missed.
        low, high: the exact 95% interval (Clopper–Pearson), as if identifiers were drawn independently.
    """

    kind: Kind | None
    replaced: int
    total: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The recall, 0–1."""
        return self.replaced / self.total


def build_recall(marks: SampleMarks) -> tuple[KindRecall, ...]:
    """The recall of each kind that occurs in the texts, and of all kinds together, which comes last."""
    rows = [_measure(kind, marks.replaced[kind], marks.missed[kind]) for kind in KINDS if marks.replaced[kind] + marks.missed[kind]]
    total = marks.replaced.total() + marks.missed.total()
    return (*rows, *([_measure(None, marks.replaced.total(), marks.missed.total())] if total else []))


def _measure(kind: Kind | None, replaced: int, missed: int) -> KindRecall:
    interval = clopper_pearson_interval(replaced, replaced + missed)
    return KindRecall(kind, replaced, replaced + missed, interval.low or 0.0, 1.0 if interval.high is None else interval.high)
