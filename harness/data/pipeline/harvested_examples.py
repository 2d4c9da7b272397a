"""Corrected test examples that `bench review harvest` has written, to be trained on.

Each line of such a file is {"inputs": {…}, "completion": "…", "group": …, …}, or, of preferences, {"inputs": {…}, "chosen": "…",
"rejected": "…", "group": …, …}. The examples come from the test set. So that nothing is both
trained on and tested on, all rows with the same inputs and all rows of the same group (patient, document) leave validation and test, and
the original rows leave training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.data.formats import open_table
from harness.data.identity import RowIndex, example_digest
from harness.data.records import BadRow, is_pair, join_names, quote
from harness.errors import BenchError
from harness.text import plural
from harness.types import Example, SplitName

if TYPE_CHECKING:
    from harness.data.identity import RowNumbers


@dataclass(frozen=True)
class Correction:
    """A corrected example, with file and line that it was read from, as messages name them."""

    location: str
    example: Example


def read_corrections(paths: Sequence[Path]) -> tuple[Correction, ...]:
    """The corrected examples of these files; one that occurs more than once counts once.

    Raises:
        BenchError: a file cannot be read, or a line does not come from a harvest.
    """
    by_id = {correction.example.id: correction for path in paths for correction in _read_file(path)}
    return tuple(by_id.values())


def remove_corrected(
    index: RowIndex, parts: Mapping[SplitName, RowNumbers], corrections: Sequence[Correction]
) -> tuple[dict[SplitName, RowNumbers], dict[str, int]]:
    """Remove the originals of corrected examples, and from validation and test also their groups.

    Returns:
        The remaining rows, and how many were removed by split.
    """
    import numpy as np

    examples = [correction.example for correction in corrections]
    inputs = np.array([index.hash_inputs(example) for example in examples], dtype=np.uint64)
    numbers = {name: number for number, name in enumerate(index.group_names.texts())}
    groups = np.array([numbers[example.group] for example in examples if example.group in numbers], dtype=np.int64)
    kept: dict[SplitName, RowNumbers] = {}
    for split, rows in parts.items():
        is_removed = np.isin(index.column("input_hashes", rows), inputs)
        if split != "train":
            is_removed |= np.isin(index.column("groups", rows), groups)
        kept[split] = rows[~is_removed]
    return kept, {split: len(parts[split]) - len(rows) for split, rows in kept.items() if len(rows) < len(parts[split])}


def training_examples(corrections: Sequence[Correction], choices: tuple[str, ...], train: Sequence[Example]) -> tuple[Example, ...]:
    """The corrections as training examples.

    Args:
        choices: the labels to choose from; empty if answers are written.
        train: the other training examples, whose input names the corrections must share.

    Raises:
        BenchError: a correction has other inputs than the task (it would match no row and remove none), or is not one of the labels.
    """
    known = {name for example in train for name in example.inputs}
    other_inputs = next((c for c in corrections if not c.example.inputs.keys() <= known), None)
    if other_inputs is not None and known:
        names = join_names(other_inputs.example.inputs)
        raise BenchError(f"{other_inputs.location}: the inputs are {names}, but those of the task are {join_names(sorted(known))}")
    wrong_label = next((c for c in corrections if choices and c.example.targets[0] not in choices), None)
    if wrong_label is not None:
        label = quote(wrong_label.example.targets[0])
        raise BenchError(f"{wrong_label.location}: completion: {label} is not one of the labels {join_names(choices)}")
    return tuple(replace(correction.example, choices=choices) for correction in corrections)


def correction_lines(
    index: RowIndex, parts: Mapping[SplitName, RowNumbers], corrections: Sequence[Correction], removed: Mapping[str, int]
) -> list[str]:
    """Lines for the data report: how many corrections are trained on, what they removed, and how many match no row.

    Args:
        parts: the rows before any was removed.
        removed: the second result of `remove_corrected`.
    """
    import numpy as np

    counts = ", ".join(f"{count} from {split}" for split, count in removed.items()) or "none"
    lines = [f"{plural(len(corrections), 'harvested example')} added to train; examples with the same inputs or group removed: {counts}"]
    known = np.concatenate([index.column("input_hashes", rows) for rows in parts.values()])
    unmatched = [c for c in corrections if index.hash_inputs(c.example) not in known]
    if unmatched:
        examples = plural(len(unmatched), "harvested example")
        lines.append(
            f"{examples} without a matching row in any split, such as {unmatched[0].location}. Check that they belong to this data"
        )
    return lines


def _read_file(path: Path) -> list[Correction]:
    table = open_table(path)
    corrections: list[Correction] = []
    for row in table.rows():
        if isinstance(row, BadRow):
            raise BenchError(str(row))
        location = table.location(row.line)
        answer = "chosen" if "chosen" in row.values else "completion"
        inputs, group = (row.values.get(name) for name in ("inputs", "group"))
        if not isinstance(inputs, dict) or not inputs or not all(isinstance(text, str) for text in inputs.values()):
            raise BenchError(f"{location}: 'inputs' must be a dictionary of texts. Only files of `bench review harvest` can be used")
        answers = [_read_text(row.values, name, location) for name in (answer, "rejected")[: 2 if answer == "chosen" else 1]]
        both = Example("", inputs, tuple(answers), group=group if isinstance(group, str) else None)
        example = replace(both, targets=both.targets[:1], rejected=answers[1] if answer == "chosen" and is_pair(*answers) else None)
        corrections.append(Correction(location, replace(example, id=f"harvested-{example_digest(both)[:16]}")))
    return corrections


def _read_text(values: Mapping[str, Any], name: str, location: str) -> str:
    text = values.get(name)
    if not isinstance(text, str) or not text.strip():
        raise BenchError(f"{location}: '{name}' must be a text, not {text!r}")
    return text
