"""Whether each class has enough examples to be learned and to be measured."""

from __future__ import annotations

from collections import Counter

from harness.data.checks.checked_rows import MOST_ROWS, CheckedRows
from harness.types import DataFinding

FEW_TO_LEARN = 10  # training examples of a class
DOMINANT = 0.9  # of the training examples: a model that always answers so looks good on accuracy
SHOWN_CLASSES = 20


def find_class_problems(rows: CheckedRows) -> list[DataFinding]:
    """Classes that training lacks or hardly has, classes that test lacks, and one that outweighs all others. Nothing for texts."""
    if not rows.task.chooses:
        return []
    labels = [example.targets[0] for example in rows.examples]
    counts = {split: Counter(labels[row] for row in rows.of_split(split)) for split in ("train", "test")}
    learned, tested = counts["train"], counts["test"]
    if not learned or not tested:
        return []
    classes = learned.keys() | tested.keys()
    findings = []
    if unseen := {label: count for label, count in tested.items() if label not in learned}:
        unseen_rows = [row for row in rows.of_split("test") if labels[row] in unseen]
        flagged = tuple(rows.flag(row, value=labels[row]) for row in unseen_rows[:MOST_ROWS])
        findings.append(
            DataFinding("unseen_classes", "spoils", len(unseen), len(classes), rows=flagged, values=_most(unseen), limits=_sum(unseen))
        )
    if small := {label: count for label, count in learned.items() if count < FEW_TO_LEARN}:
        findings.append(
            DataFinding("small_classes", "warns", len(small), len(classes), values=_least(small), limits={"least": FEW_TO_LEARN})
        )
    if untested := {label: count for label, count in learned.items() if label not in tested}:
        findings.append(DataFinding("untested_classes", "notes", len(untested), len(classes), values=_most(untested)))
    label, count = learned.most_common(1)[0]
    if len(classes) > 1 and count >= DOMINANT * learned.total():
        findings.append(DataFinding("dominant_class", "warns", count, learned.total(), values={label: count}))
    return findings


def list_rare_classes(rows: CheckedRows) -> list[int]:
    """The rows of every split whose class has too few training examples to be learned; none for texts."""
    if not rows.task.chooses:
        return []
    labels = [example.targets[0] for example in rows.examples]
    learned = Counter(labels[row] for row in rows.of_split("train"))
    return [row for row, label in enumerate(labels) if learned[label] < FEW_TO_LEARN]


def _most(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:SHOWN_CLASSES])


def _least(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (item[1], item[0]))[:SHOWN_CLASSES])


def _sum(counts: dict[str, int]) -> dict[str, float]:
    return {"examples": float(sum(counts.values()))}
