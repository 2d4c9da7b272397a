"""A sample of anonymized texts in which a person marks what was missed, and the file with these marks."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.bounded_file import read_bounded
from harness.data.privacy.anonymizer import AnonymizedRow
from harness.data.privacy.detectors import KINDS
from harness.errors import BenchError

MARKS_FORMAT = 1
_MOST_BYTES = 2**24  # of a file of marks
_STRANGE = "is not a file of marks. Name the file that the page of the sample saved"
_MOST_COUNT = 10**7  # of identifiers in a sample
_SEED = 0


@dataclass(frozen=True)
class SampledText:
    """A text after anonymization.

    Attributes:
        row: its number, from 1.
        place: its column, and where in the column's value.
        parts: the text in parts, each with the kind of the identifier that it replaces, or None.
    """

    row: int
    place: str
    parts: tuple[tuple[str, str | None], ...]


class RowSample:
    """Rows drawn without replacement, each with the same probability, while the rows of a file pass by (Vitter 1985, algorithm R)."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rng = random.Random(_SEED)
        self._rows: list[tuple[int, AnonymizedRow]] = []
        self._seen = 0

    def add(self, number: int, row: AnonymizedRow) -> None:
        """Consider a row; rows without any text are left out."""
        if not any(text.strip() for text in row.texts.values()):
            return
        self._seen += 1
        if len(self._rows) < self._size:
            self._rows.append((number, row))
        elif (place := self._rng.randrange(self._seen)) < self._size:
            self._rows[place] = number, row

    def texts(self) -> list[SampledText]:
        """The texts of the rows that were drawn, in the order of the file."""
        ordered = sorted(self._rows, key=lambda each: each[0])
        return [
            SampledText(number + 1, ", ".join(map(str, place)), _divide(text, row, place))
            for number, row in ordered
            for place, text in row.texts.items()
            if text.strip()
        ]


@dataclass(frozen=True)
class SampleMarks:
    """What a person marked.

    Attributes:
        sha256: of the anonymized file.
        read: texts that the person has read.
        replaced: identifiers that were replaced in these texts, by kind.
        missed: identifiers that the person marked in them, by kind.
    """

    sha256: str
    read: int
    replaced: Counter[str]
    missed: Counter[str]


def read_marks(path: Path) -> SampleMarks:
    """Read the file that the page of a sample saves.

    Raises:
        BenchError: the file cannot be read, or the page did not write it.
    """
    content = read_bounded(path, _MOST_BYTES, too_large=_STRANGE)
    try:
        values = json.loads(content)
        if values["bench_sample"] != MARKS_FORMAT:
            raise ValueError
        return SampleMarks(str(values["file_sha256"]), _count(values["read"]), _counts(values["replaced"]), _counts(values["missed"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise BenchError(f"{path}: {_STRANGE}") from None


def _counts(value: Any) -> Counter[str]:
    counts = {str(kind): _count(count) for kind, count in value.items()}
    if set(counts) - set(KINDS):
        raise ValueError
    return Counter(counts)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_COUNT:
        raise ValueError
    return value


def _divide(text: str, row: AnonymizedRow, place: tuple[str | int, ...]) -> tuple[tuple[str, str | None], ...]:
    parts: list[tuple[str, str | None]] = []
    position = 0
    for change in row.changes.get(place, []):
        parts += [(text[position : change.start], None), (text[change.start : change.end], change.kind)]
        position = change.end
    return tuple(part for part in [*parts, (text[position:], None)] if part[0])
