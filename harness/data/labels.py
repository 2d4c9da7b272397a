"""The labels of a classification task, and the labels in test that train never showed."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from harness.data.records import closest, listed, shown
from harness.errors import BenchError
from harness.types import Example, SplitName, Task

MOST_LABELS = 500


def with_choices(parts: Mapping[SplitName, Sequence[Example]], task: Task) -> tuple[dict[SplitName, list[Example]], list[str]]:
    """Gives every example the task's labels, else those that its source names, else the sorted distinct labels of all splits.

    Also gives warnings.

    Raises:
        BenchError: one label only; so many that the target column can hardly be a label; a label that the task does not have.
    """
    targets = [example.targets[0] for rows in parts.values() for example in rows]
    found = sorted(set(targets))
    named = {example.choices for rows in parts.values() for example in rows}
    choices = task.labels or (named.pop() if len(named) == 1 else ())
    strange = [label for label in found if choices and label not in set(choices)]
    if strange:
        raise BenchError(f"{task.name}: {shown(strange[0])} is none of the task's labels.{closest(strange[0], choices)}")
    if not choices:
        _plausible(found, len(targets), task)
        choices = tuple(found)
    chosen = {split: [dataclasses.replace(example, choices=choices) for example in rows] for split, rows in parts.items()}
    return chosen, _spellings(choices)


def unseen_labels(train: Iterable[Example], test: Iterable[Example]) -> tuple[dict[str, int], list[str]]:
    """Labels of test that no row of train has, with their number of test rows; and a warning line if there are any."""
    seen = {example.targets[0] for example in train}
    counts = Counter(example.targets[0] for example in test if example.targets[0] not in seen)
    unseen = dict(sorted(counts.items()))
    if not unseen:
        return {}, []
    number = f"{len(unseen)} label{'s' if len(unseen) != 1 else ''}"
    return unseen, [f"{number} of test ({sum(unseen.values())} rows) never occur in train: {listed(unseen)}"]


def _plausible(found: Sequence[str], rows: int, task: Task) -> None:
    column = task.data.fields.get("target", "target")
    if len(found) == 1:
        raise BenchError(f"{task.name}: every row has the label {shown(found[0])}; two are needed at least. Is '{column}' the target?")
    if len(found) > MOST_LABELS or len(found) > rows / 2:
        raise BenchError(
            f"{task.name}: {len(found)} different labels in {rows} rows, such as {listed(shown(label) for label in found[:3])}. "
            f"Is '{column}' the target? "
            "If these are texts to write, use --task summarization; if they are labels, name them in the task's 'labels'"
        )


def _spellings(choices: Iterable[str]) -> list[str]:
    """Labels that differ only in case or white space are nearly always one label spelled in two ways."""
    spellings: dict[str, list[str]] = defaultdict(list)
    for label in choices:
        spellings[" ".join(label.casefold().split())].append(label)
    twins = [" and ".join(shown(label) for label in labels) for labels in spellings.values() if len(labels) > 1]
    return [f"labels that differ only in case or spaces count as different: {listed(twins)}"] if twins else []
