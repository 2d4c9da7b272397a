"""From records to examples: each row gets its inputs, targets, group and id, or a reason why it is bad."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from harness.data.digests import example_digest
from harness.data.fields import FieldMap
from harness.data.records import BadRow, BadRowError, Record, closest, shown
from harness.types import Example, SplitName, Task


def examples_of(records: Sequence[Record], fields: FieldMap, task: Task) -> tuple[list[Example], list[BadRow]]:
    """Builds the examples of one file, in its order; those without an id column still have the id ''."""
    examples: list[Example] = []
    bad: list[BadRow] = []
    first_line: dict[str, int] = {}
    for record in records:
        try:
            example = _example(record.values, fields, task)
            if example.id and example.id in first_line:
                raise BadRowError(
                    f"id {shown(example.id)} (column '{fields.id}') was already used in line {first_line[example.id]}. "
                    "If it names a patient or a document and not a row, make it the group",
                    shown(example.id),
                )
        except BadRowError as error:
            bad.append(BadRow(record.file, record.line, str(error), error.quoted))
            continue
        first_line[example.id] = record.line
        examples.append(example)
    return examples, bad


def _example(values: Mapping[str, Any], fields: FieldMap, task: Task) -> Example:
    return Example(
        id="" if fields.id is None else _text(values, fields.id, "id").strip(),
        inputs={name: _text(values, column, name) for name, column in fields.inputs.items()},
        targets=_targets(values, fields.target, task),
        # names of clusters and rows are identifiers, not text that a model sees: a stray space must not make a second patient
        group=None if fields.group is None else _text(values, fields.group, "group").strip(),
        meta={column: value for column, value in values.items() if column not in fields.columns},
    )


def _text(values: Mapping[str, Any], column: str, role: str) -> str:
    if column not in values:
        raise BadRowError(f"{role}: the row has no '{column}'")
    return _string(values[column], column, role)


def _string(value: object, column: str, role: str) -> str:
    """A cell as text, verbatim but for its line ends; numbers and booleans as JSON writes them.

    CRLF becomes LF: it says which program wrote the file, not what the text is, and often differs between the files of one data
    set (in MTS-Dialog only the training file has it), so that a model would be trained on other prompts than it is tested on.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and value.strip():
        return value.replace("\r\n", "\n")
    if value is None or isinstance(value, str):
        raise BadRowError(f"{role} (column '{column}') is empty")
    kind = "a list" if isinstance(value, list) else "an object"
    raise BadRowError(
        f"{role} (column '{column}') is {kind}, seen {shown(value)}; it must be a string, a number or a boolean", shown(value)
    )


def _targets(values: Mapping[str, Any], column: str, task: Task) -> tuple[str, ...]:
    value = values.get(column)
    # an empty list is an empty target
    references = value if isinstance(value, list) and value else [None if value == [] else value]
    targets = tuple(_string(reference, column, "target") for reference in references)
    return (_label(targets, column, task),) if task.kind == "classification" else targets


def _label(targets: tuple[str, ...], column: str, task: Task) -> str:
    if len(targets) > 1:
        raise BadRowError(f"target (column '{column}') holds {len(targets)} labels; classification takes one a row")
    label = targets[0].strip()
    if task.labels and label not in task.labels:
        raise BadRowError(
            f"target {shown(label)} (column '{column}') is none of the task's labels.{closest(label, task.labels)}", shown(label)
        )
    return label


def with_ids(parts: Mapping[SplitName, Sequence[Example]]) -> tuple[dict[SplitName, list[Example]], list[str]]:
    """Gives every example an id that is unique in the task, and a warning where given ids had to be changed.

    Without an id column it is a hash of inputs and targets; exact repeats get '-2', '-3', … The test split is numbered first,
    so its ids do not depend on what else is in train. Ids of several files that clash (each file counts from 0) get
    the split's name in front.
    """
    uses = Counter(example.id for rows in parts.values() for example in rows if example.id)
    clash = next((name for name, n in uses.items() if n > 1), None)
    seen: Counter[str] = Counter()
    named: dict[SplitName, list[Example]] = {}
    order: tuple[SplitName, ...] = ("test", "validation", "train")
    for split in order:
        named[split] = []
        for example in parts.get(split, ()):
            if example.id:
                name = f"{split}/{example.id}" if clash else example.id
            else:
                digest = example_digest(example)[:16]
                seen[digest] += 1
                name = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
            named[split].append(dataclasses.replace(example, id=name))
    warnings = [f"ids such as {shown(clash)} occur in more than one file: all ids got the split's name in front"] if clash else []
    return {split: named[split] for split in parts}, warnings
