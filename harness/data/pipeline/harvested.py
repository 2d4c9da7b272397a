"""Rows that people corrected in a review, brought back for training: `bench review harvest` has written them.

A line each: {"inputs": {…}, "completion": "…", "group": …, …}. They came from test rows. So that nothing is trained and tested on the same
row, every row with the same inputs, and every row of the same patient or document, leaves validation and test; and the row as it was
leaves train.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data.formats import BadRow, listed, open_table, shown
from harness.data.mapping import Index, example_digest, order_of, same_inputs_key
from harness.errors import BenchError
from harness.types import Example, SplitName

if TYPE_CHECKING:
    from harness.data.mapping import Places

PLACE = "place"  # where a row stands in its file, until it is one of train


def read_harvested(paths: Sequence[Path]) -> tuple[Example, ...]:
    """The rows of these files.

    Raises:
        BenchError: a file cannot be read, or a line is none that a harvest has written.
    """
    every = {example.id: example for path in paths for example in _rows(path)}  # what stands twice counts once
    return tuple(every.values())


def retire(index: Index, parts: Mapping[SplitName, Places], harvested: Sequence[Example]) -> tuple[dict[SplitName, Places], dict[str, int]]:
    """The rows without those that were harvested, and how many left each split."""
    import numpy as np

    keys = np.array([order_of(index.seed, "inputs " + same_inputs_key(e)) for e in harvested], dtype=np.uint64)
    names = {name: number for number, name in enumerate(index.group_names.texts())}
    groups = np.array([names[e.group] for e in harvested if e.group in names], dtype=np.int64)
    kept: dict[SplitName, Places] = {}
    for split, rows in parts.items():
        gone = np.isin(index.column("inputs", rows), keys)
        if split != "train":
            gone |= np.isin(index.column("groups", rows), groups)
        kept[split] = rows[~gone]
    return kept, {split: len(parts[split]) - len(rows) for split, rows in kept.items() if len(rows) < len(parts[split])}


def as_training(harvested: Sequence[Example], choices: tuple[str, ...]) -> tuple[Example, ...]:
    """The rows as examples of train.

    Args:
        choices: the labels, where an answer is chosen.

    Raises:
        BenchError: a correction that is no label.
    """
    wrong = next((e for e in harvested if choices and e.targets[0] not in choices), None)
    if wrong is not None:
        raise BenchError(f"{wrong.meta[PLACE]}: completion: {shown(wrong.targets[0])} is none of the labels {listed(choices)}")
    return tuple(replace(example, choices=choices, meta={}) for example in harvested)


def check_inputs(harvested: Sequence[Example], examples: Sequence[Example]) -> None:
    """Refuse rows whose inputs are not called as those of the task: they would match none, and so retire none.

    Raises:
        BenchError: the first such row.
    """
    known = {name for example in examples for name in example.inputs}
    odd = next((e for e in harvested if not e.inputs.keys() <= known), None)
    if odd is not None and known:
        raise BenchError(f"{odd.meta[PLACE]}: has the inputs {listed(odd.inputs)}, and those of the task are {listed(sorted(known))}")


def unmatched(index: Index, parts: Mapping[SplitName, Places], harvested: Sequence[Example]) -> list[Example]:
    """The rows whose inputs no row of any split has."""
    import numpy as np

    known = np.concatenate([index.column("inputs", rows) for rows in parts.values()])
    return [e for e in harvested if order_of(index.seed, "inputs " + same_inputs_key(e)) not in known]


def _rows(path: Path) -> list[Example]:
    stream = open_table(path)
    found: list[Example] = []
    for record in stream.rows():
        if isinstance(record, BadRow):
            raise BenchError(str(record))
        place = stream.place(record.line)
        inputs, completion, group = (record.values.get(name) for name in ("inputs", "completion", "group"))
        if not isinstance(inputs, dict) or not inputs or not all(isinstance(text, str) for text in inputs.values()):
            raise BenchError(f"{place}: has no 'inputs': only files of `bench review harvest` can be named here")
        if not isinstance(completion, str) or not completion.strip():
            raise BenchError(f"{place}: 'completion' should be a text, not {completion!r}")
        example = Example("", inputs, (completion,), group=group if isinstance(group, str) else None)
        found.append(replace(example, id=f"harvested-{example_digest(example)[:16]}", meta={PLACE: place}))
    return found
