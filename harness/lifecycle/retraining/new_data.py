"""The data that has come since a task was made: labelled rows from files, and corrections."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.data import load_inputs, read_corrections
from harness.data.formats import find_files, is_several
from harness.data.identity import normalized_example_digest
from harness.errors import BenchError
from harness.lifecycle.feedback import FeedbackLog
from harness.types import Example, Paths, Task

_DIGITS = 16  # of the key of a row, 64 bits: among a billion rows, two share a key with a chance of 3%
_ANSWER_COLUMNS = ("target", "answers", "answer", "completion")  # of questions, where the task names no other


@dataclass(frozen=True)
class NewRow:
    """A labelled row, with hashes that recognize it in later calls, and from which no text can be read.

    Attributes:
        key: of its inputs and its label: a row with another label counts as new.
        inputs_key: of its inputs alone.
    """

    example: Example
    key: str
    inputs_key: str


@dataclass(frozen=True)
class CollectedData:
    """What the files hold now.

    Attributes:
        rows: labelled, each once, in the order of the files.
        corrections: the keys of the corrections.
        edited: what users have edited, as `bench review harvest` writes corrections; part of the corrections.
        edited_left_out: edited answers that are not a label of the task.
        unlabelled, repeated: rows that were left out, because they have no label, or the inputs and the label of an earlier row.
        empty: patterns that match no file, and files without content.
    """

    rows: tuple[NewRow, ...] = ()
    corrections: tuple[str, ...] = ()
    edited: tuple[Mapping[str, Any], ...] = ()
    edited_left_out: int = 0
    unlabelled: int = 0
    repeated: int = 0
    empty: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """Of all rows and corrections."""
        return (*(row.key for row in self.rows), *self.corrections)

    def count_unused(self, used: frozenset[str]) -> int:
        """How many rows and corrections are not among these keys."""
        return sum(key not in used for key in self.keys)


def read_new_data(
    task: Task, new: Paths | None, harvested: Paths | None, *, fields: Mapping[str, str], salt: str, feedback: FeedbackLog | None = None
) -> CollectedData:
    """Read all files, and what users have edited.

    Args:
        new, harvested: absolute names or patterns of files with labelled rows, and with corrections.
        fields: role to column, where the mapping differs from the task's own.
        salt: of the keys.
        feedback: the log whose edited answers are corrections; None where they are not wanted.

    Raises:
        BenchError: a named file is missing; a defect of a file, the mapping or a row.
    """
    files, empty = find_present_files(new)
    rows: dict[str, NewRow] = {}
    unlabelled = repeated = 0
    for file in files:
        if file.is_file() and file.stat().st_size == 0:
            empty.append(str(file))
            continue
        loaded = load_inputs(task, file, fields=fields)
        for example, columns in zip(loaded.examples, loaded.columns, strict=True):
            if not example.targets and not _says_no_answer(task, columns, fields):
                unlabelled += 1
                continue
            row = NewRow(example, make_key(example, salt), make_key(replace(example, targets=()), salt))
            repeated += row.key in rows
            rows.setdefault(row.key, row)
    correction_files, empty_corrections = find_present_files(harvested)
    corrections = [make_key(each.example, salt) for each in read_corrections(correction_files)]
    edited = () if feedback is None else feedback.corrected_rows()
    usable = [row for row in edited if not task.labels or row.completion.strip() in task.labels]
    corrections += [make_key(Example("", row.inputs, (row.completion,)), salt) for row in usable]
    return CollectedData(
        rows=tuple(rows.values()),
        corrections=tuple(dict.fromkeys(corrections)),
        edited=tuple(row.to_record(task, task.labels) for row in usable),
        edited_left_out=len(edited) - len(usable),
        unlabelled=unlabelled,
        repeated=repeated,
        empty=(*empty, *empty_corrections),
    )


def _says_no_answer(task: Task, columns: Mapping[str, Any], fields: Mapping[str, str]) -> bool:
    """Whether a question without an answer was labelled as such, and is not merely unlabelled."""
    if task.no_answer is None:
        return False
    named = {**task.data.fields, **fields}.get("target")
    names = (named.split(".")[0],) if named else _ANSWER_COLUMNS
    return any(columns.get(name) not in (None, "") for name in names)


def find_present_files(names: Paths | None) -> tuple[list[Path], list[str]]:
    """The files of these names, and the patterns that match nothing.

    Raises:
        BenchError: a file that is named without a pattern does not exist; as `find_files`.
    """
    files: list[Path] = []
    empty: list[str] = []
    here = Path("/")  # the names are absolute
    for name in (names,) if isinstance(names, str) else names or ():
        try:
            files += find_files(name, here)
        except BenchError:
            if not is_several(name, here) or name.startswith("@"):
                raise
            empty.append(name)
    missing = [str(file) for file in files if not file.exists()]
    if missing:
        raise BenchError([f"{file}: there is no such file. A pattern, such as new/*.jsonl, may match nothing yet" for file in missing])
    return list(dict.fromkeys(files)), empty


def make_key(example: Example, salt: str) -> str:
    """The key of a labelled row."""
    return hashlib.sha256(f"{salt}\0{normalized_example_digest(example)}".encode()).hexdigest()[:_DIGITS]


def join_keys(keys: Collection[str]) -> str:
    """Keys as one text, in order."""
    return "".join(sorted(keys))


def split_keys(text: str) -> frozenset[str]:
    """The keys that `join_keys` has joined."""
    return frozenset(text[start : start + _DIGITS] for start in range(0, len(text), _DIGITS))
