"""The labels to choose from, and test labels that do not occur in training."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.data.identity import RowIndex
from harness.data.mapping import MAX_LABELS
from harness.data.records import join_names, name_hint, quote
from harness.errors import BenchError, setting
from harness.text import plural
from harness.types import SplitName, Task

if TYPE_CHECKING:
    from harness.data.identity import RowNumbers


def resolve_choices(index: RowIndex, parts: Mapping[SplitName, RowNumbers], task: Task) -> tuple[tuple[str, ...], list[str]]:
    """The labels to choose from: the task's, else its source's, else the sorted distinct labels of all splits.

    Returns:
        The labels, and warnings for the data report.

    Raises:
        BenchError: only one label, so many that the target is probably not a label, or a label that is not one of the task's.
    """
    import numpy as np

    names = index.label_names.texts()
    used = np.unique(np.concatenate([index.column("labels", rows) for rows in parts.values()]))
    labels = sorted(names[number] for number in used.tolist())
    choices = task.labels or (next(iter(index.choices)) if len(index.choices) == 1 else ())
    if choices:
        known = set(choices)
        unknown = next((label for label in labels if label not in known), None)
        if unknown is not None:
            raise BenchError(f"{task.name}: {quote(unknown)} is not one of the task's labels.{name_hint(unknown, choices)}")
    else:
        _check_plausible(labels, sum(len(rows) for rows in parts.values()), task)
        choices = tuple(labels)
    return choices, _similar_spellings(choices)


def find_unseen_labels(train: Iterable[str], test: Iterable[str]) -> tuple[dict[str, int], list[str]]:
    """Labels of test that do not occur in training, with their number of test examples; and a warning if there are any."""
    seen = set(train)
    counts = Counter(label for label in test if label not in seen)
    unseen = dict(sorted(counts.items()))
    if not unseen:
        return {}, []
    examples = plural(sum(unseen.values()), "test example")
    return unseen, [f"labels of the test set missing from train: {join_names(unseen)} ({examples})"]


def _check_plausible(labels: Sequence[str], rows: int, task: Task) -> None:
    column = task.data.fields.get("target", "target")
    if len(labels) == 1:
        raise BenchError(
            f"{task.name}: every row has the label {quote(labels[0])}, but at least two labels are needed. "
            f"Check that '{column}' is the target"
        )
    if len(labels) > MAX_LABELS or len(labels) > rows / 2:
        raise BenchError(
            f"{task.name}: {len(labels)} different labels in {rows} rows, such as {join_names(quote(label) for label in labels[:3])}. "
            f"Check that '{column}' is the target. "
            f"If these are texts to write, choose {setting('task', 'summarization')}; if they are labels, list them in the task's 'labels'"
        )


def _similar_spellings(choices: Iterable[str]) -> list[str]:
    """A warning about labels that differ only in case or white space: almost always one label with two spellings."""
    spellings: dict[str, list[str]] = defaultdict(list)
    for label in choices:
        spellings[" ".join(label.casefold().split())].append(label)
    similar = [" and ".join(quote(label) for label in labels) for labels in spellings.values() if len(labels) > 1]
    return [f"labels that differ only in case or spaces count as different labels: {join_names(similar)}"] if similar else []
