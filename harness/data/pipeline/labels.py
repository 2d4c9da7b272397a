"""The labels that an answer is chosen from, and the labels in test that train never showed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.data.formats import closest, listed, shown
from harness.data.mapping import Index
from harness.errors import BenchError, setting
from harness.types import SplitName, Task

if TYPE_CHECKING:
    from harness.data.mapping import Places

MOST_LABELS = 500


def choices_of(index: Index, parts: Mapping[SplitName, Places], task: Task) -> tuple[tuple[str, ...], list[str]]:
    """The task's labels, else those that its source names, else the sorted distinct labels of all splits; and warnings.

    Raises:
        BenchError: one label only; so many that the target column can hardly be a label; a label that the task does not have.
    """
    import numpy as np

    names = index.label_names.texts()
    used = np.unique(np.concatenate([index.column("labels", rows) for rows in parts.values()]))
    found = sorted(names[number] for number in used.tolist())
    choices = task.labels or (next(iter(index.choices)) if len(index.choices) == 1 else ())
    strange = [label for label in found if choices and label not in set(choices)]
    if strange:
        raise BenchError(f"{task.name}: {shown(strange[0])} is none of the task's labels.{closest(strange[0], choices)}")
    if not choices:
        _plausible(found, sum(len(rows) for rows in parts.values()), task)
        choices = tuple(found)
    return choices, _spellings(choices)


def unseen_labels(train: Iterable[str], test: Iterable[str]) -> tuple[dict[str, int], list[str]]:
    """Labels of test that no row of train has, with their number of test rows; and a warning line if there are any."""
    seen = set(train)
    counts = Counter(label for label in test if label not in seen)
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
            f"If these are texts to write, choose {setting('tasks', 'summarization')}; if they are labels, list them in the task's 'labels'"
        )


def _spellings(choices: Iterable[str]) -> list[str]:
    """Labels that differ only in case or white space are nearly always one label spelled in two ways."""
    spellings: dict[str, list[str]] = defaultdict(list)
    for label in choices:
        spellings[" ".join(label.casefold().split())].append(label)
    twins = [" and ".join(shown(label) for label in labels) for labels in spellings.values() if len(labels) > 1]
    return [f"labels that differ only in case or spaces count as different: {listed(twins)}"] if twins else []
